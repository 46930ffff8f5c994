"""Completion, asked of a real bash as readline asks it: COMP_WORDS and COMP_CWORD set, COMPREPLY read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from freeradius_mdm.cli import completion, parser
from freeradius_mdm.cli.commands import COMMANDS
from freeradius_mdm.cli.main import main
from tests.builders import write_toml

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
MODULE = Path(__file__).parents[2] / "module"


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("completion") / "mdmctl.bash"
    made.write_text(completion.script(parser.build(COMMANDS), "bash"), encoding="utf-8")
    return made


def complete(script: Path, directory: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    asked = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; '
        "function=$(complete -p mdmctl | sed 's/.*-F \\([^ ]*\\).*/\\1/'); "
        '"$function" mdmctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    command = ["bash", "--norc", "-c", asked, "bash", str(script), "mdmctl", *words]
    environment = {**os.environ, "PATH": f"{directory / 'bin'}:{os.environ['PATH']}", "MDM_CONFIG": "mdm.toml"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=directory, env=environment)
    return done.stdout.split()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory with mdm.toml and a mdmctl on the path."""
    write_toml(tmp_path)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "mdmctl"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={MODULE} exec {sys.executable} -m freeradius_mdm.cli.main "$@"\n')
    program.chmod(0o755)
    return tmp_path


@needs_bash
def test_commands(script: Path, site: Path) -> None:
    assert set(complete(script, site, "")) >= {command.name for command in COMMANDS}
    assert complete(script, site, "ce") == ["cert"]
    assert complete(script, site, "cert", "s") == ["show", "switch"]


@needs_bash
def test_options_and_choices(script: Path, site: Path) -> None:
    assert complete(script, site, "cert", "new", "--b") == ["--bits"]
    assert complete(script, site, "cert", "new", "--bits", "") == ["2048", "3072", "4096"]
    assert complete(script, site, "completion", "b") == ["bash"]
    assert complete(script, site, "live", "--outcome", "a") == ["accept"]


@needs_bash
def test_files(script: Path, site: Path) -> None:
    assert complete(script, site, "--config", "md") == ["mdm.toml"]
    assert complete(script, site, "--config", "da") == ["dacls"]


@needs_bash
def test_names_of_the_configuration(script: Path, site: Path) -> None:
    assert complete(script, site, "test", "") == ["Intune"]
    assert complete(script, site, "test", "J") == []
    assert complete(script, site, "cert", "switch", "I") == ["Intune"]
    assert complete(script, site, "exempt", "--profile", "Q") == ["Quarantine"]
    # Without a configuration there is nothing to offer, and no error in the middle of the reader's line.
    (site / "mdm.toml").write_text("broken")
    assert complete(script, site, "test", "") == []


@needs_zsh
def test_zsh_reads_its_script(tmp_path: Path) -> None:
    made = tmp_path / "_mdmctl"
    made.write_text(completion.script(parser.build(COMMANDS), "zsh"), encoding="utf-8")
    subprocess.run(["zsh", "-n", str(made)], check=True)


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_the_command_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert capsys.readouterr().out == completion.script(parser.build(COMMANDS), shell)


def test_zsh_has_files_and_names_too() -> None:
    script = completion.script(parser.build(COMMANDS), "zsh")
    assert script.startswith("#compdef mdmctl\n")
    assert "--config" in script
    assert ":_files" in script
    assert ":_mdmctl_servers" in script


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "M1800" in capsys.readouterr().err
