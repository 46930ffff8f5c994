"""mdmctl codes."""

from __future__ import annotations

import json

import pytest

from freeradius_mdm.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["codes", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "M1852") == (
        0,
        "M1852 a setting is missing that has to be there\n"
        "  about: the configuration\n"
        "  next: add it to the table of the line named\n",
        "",
    )


def test_a_step_that_asks_for_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "M1302")[1] == "M1302 rule matched\n  about: the policy\n"


def test_all(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys)
    assert status == 0
    lines = out.splitlines()
    assert any(line.startswith("M1001 ") for line in lines)
    assert any(line.startswith("M1852 ") and "add it to the table" in line for line in lines)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "M1867", "--json")
    assert (status, json.loads(out)) == (
        0,
        [
            {
                "code": "M1867",
                "family": "the configuration",
                "meaning": "the policy does not say what it has to say",
                "next": "add the rule, the condition or the profile it asks for",
            }
        ],
    )


def test_none_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "M4711")
    assert (status, out) == (5, "")
    assert err.startswith("M1806 there is no code 'M4711'\n")
