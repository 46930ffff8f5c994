"""What `radiusd -C` says, told line by line; the lines are those of FreeRADIUS 3.2.1 and 3.2.7."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.operations.site_check import syntax
from freeradius_mdm.operations.site_check.finding import State
from freeradius_mdm.operations.site_check.freeradius import FreeRadius
from tests.operations.site_check.sites import site


def checked(directory: Path, script: str) -> list[tuple[str, str, str]]:
    """With a program in FreeRADIUS's place that does what the script says."""
    program = directory / "radiusd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    made = site(directory, ("radiusd.conf", "\tuser = nobody\n", ""))
    made = replace(made, server=FreeRadius((str(program),), Path("/"), (3, 2, 7)))
    return [(each.state.value, each.text, each.where) for each in syntax.check(made)]


def test_a_right_configuration(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, 'test "$1 $2 $3" = "-C -d %s"' % (tmp_path / "raddb"))
    assert found[:2] == ("ok", f"{tmp_path}/radiusd -C -d {tmp_path}/raddb finds no error")


@pytest.mark.parametrize(
    ("said", "text", "where"),
    [
        (
            "Mon Nov 23 16:15:34 2026 : Error: /etc/raddb/radiusd.conf[630]: Expecting section start brace '{' "
            'after "thread pool"',
            "Expecting section start brace '{' after \"thread pool\"",
            "/etc/raddb/radiusd.conf:630",
        ),
        (
            "Mon Nov 23 16:15:34 2026 : Error: /etc/raddb/mods-enabled/mdm_policy[10]: Instantiation failed for "
            'module "mdm_policy"',
            'Instantiation failed for module "mdm_policy"',
            "/etc/raddb/mods-enabled/mdm_policy:10",
        ),
        (
            "Mon Nov 23 16:15:33 2026 : Error: mdm: /etc/raddb/dictionary lacks MDM-Rule: add the line",
            "mdm: /etc/raddb/dictionary lacks MDM-Rule: add the line",
            "",
        ),
    ],
)
def test_each_error_with_its_line(tmp_path: Path, said: str, text: str, where: str) -> None:
    (tmp_path / "said").write_text(f"Mon Nov 23 16:15:33 2026 : Info: Starting\n{said}\n")
    assert checked(tmp_path, f"cat {tmp_path}/said; exit 1") == [("error", text, where)]


def test_a_program_that_fails_without_a_word(tmp_path: Path) -> None:
    (found,) = checked(tmp_path, "exit 3")
    assert found[1].endswith(f"-C -d {tmp_path}/raddb ends with 3 and says nothing")


def test_a_module_that_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = FreeRadius.run
    monkeypatch.setattr(FreeRadius, "run", lambda self, *words, **rest: original(self, *words, seconds=0.2, **rest))
    (found,) = checked(tmp_path, "exec tail -f /dev/null")
    assert found[0] == "error"
    assert "did not end: a module waits for a server of its own" in found[1]


def test_without_freeradius(tmp_path: Path) -> None:
    (found,) = syntax.check(replace(site(tmp_path), server=None))
    assert found.state is State.SKIPPED
