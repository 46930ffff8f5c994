"""The manual page: what man makes of it, and that nothing is missing from it."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from freeradius_mdm.cli import manual, parser
from freeradius_mdm.cli.command import Command, Exit
from freeradius_mdm.cli.commands import COMMANDS
from freeradius_mdm.cli.main import main
from freeradius_mdm.cli.roff import escape, line, paragraphs, request

needs_man = pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
needs_groff = pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")


def rendered(file: Path) -> tuple[str, str]:
    """What a reader sees without bold and hyphenation, and the warnings."""
    environment = {**os.environ, "MANWIDTH": "120", "LC_ALL": "C.UTF-8", "MANROFFOPT": "-c"}
    done = subprocess.run(
        ["man", "--warnings=w", "--no-hyphenation", "-P", "cat", "-l", str(file)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return subprocess.run(
        ["col", "-bx"], input=done.stdout, capture_output=True, text=True, check=True
    ).stdout, done.stderr


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("man") / "mdmctl.8"
    made.write_text(manual.page(parser.build(COMMANDS)), encoding="utf-8")
    return made


@needs_man
def test_man_reads_it_without_a_warning(file: Path) -> None:
    text, warnings = rendered(file)
    assert warnings == ""
    heads = [each for each in text.splitlines() if each and not each.startswith(" ")]
    # man-pages(7): the sections of a page and their order.
    assert heads[0].startswith("MDMCTL(8)")
    assert [head for head in heads if head.isupper() and "(" not in head] == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "COMMANDS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "SEE ALSO",
    ]


@needs_groff
def test_groff_reads_it_with_every_warning_switched_on(file: Path) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(file)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@needs_groff
def test_a_fault_would_be_seen(file: Path, tmp_path: Path) -> None:
    spoiled = tmp_path / "mdmctl.8"
    spoiled.write_text(file.read_text() + ".NOSUCHMACRO\n\\[nosuchglyph]\n")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(spoiled)], capture_output=True, text=True, check=False
    )
    assert "NOSUCHMACRO" in done.stderr


@needs_man
def test_every_command_with_its_options_and_examples(file: Path) -> None:
    text = " ".join(rendered(file)[0].split())
    for command in COMMANDS:
        assert f" mdmctl {command.name} " in text
        for example, _ in command.examples:
            assert " ".join(example.split()) in text
    for action in options(parser.build(COMMANDS)):
        assert all(option in text for option in action.option_strings)
    # Sub-commands have their own sections.
    for name in ("new", "show", "switch"):
        assert f" mdmctl cert {name} [-h] " in text


def options(of: argparse.ArgumentParser) -> list[argparse.Action]:
    found = []
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += [option for sub in action.choices.values() for option in options(sub)]
        elif action.help != argparse.SUPPRESS:
            found.append(action)
    return found


def test_every_exit_status_is_told() -> None:
    assert set(manual.EXIT_MEANINGS) == set(Exit)


def test_it_does_not_depend_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = manual.page(parser.build(COMMANDS))
    monkeypatch.setenv("MDM_CONFIG", "/home/somebody/mdm.toml")
    monkeypatch.setenv("COLUMNS", "40")
    assert manual.page(parser.build(COMMANDS)) == before


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manual"]) == 0
    assert capsys.readouterr().out == manual.page(parser.build(COMMANDS))


def test_text_that_means_something_to_roff(tmp_path: Path) -> None:
    # groff(7), "Escape sequences": the backslash, and glyphs of their own for what ASCII has one of.
    assert escape(r"C:\x -y 'a' `b` ^ ~ é") == r"C:\ex \-y \(aqa\(aq \(gab\(ga \(ha \(ti \[u00E9]"
    assert line(".include") == r"\&.include"
    assert request("B", 'a "b"') == r'.B "a \(dqb\(dq"'
    assert list(paragraphs("one\ntwo\n\n  kept\n  so")) == [".P", "one", "two", ".P", ".EX", "  kept", "  so", ".EE"]


@needs_man
def test_such_text_comes_out_as_it_went_in(tmp_path: Path) -> None:
    hostile = Command("odd", "'quoted' \\n .dot", lambda _, __: Exit.DONE, '.so /etc/passwd\n\'br\n\\*[x] 100% -- "é"')
    made = tmp_path / "odd.8"
    made.write_text(manual.page(parser.build([hostile])), encoding="utf-8")
    text, warnings = rendered(made)
    assert warnings == ""
    assert '.so /etc/passwd \'br \\*[x] 100% -- "é"' in " ".join(text.split())
