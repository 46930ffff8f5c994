"""The two forms of a configuration's problem."""

from __future__ import annotations

from freeradius_mdm.config.codes import ConfigCode
from freeradius_mdm.errors import ConfigError, Problem

MISSING = Problem(
    ConfigCode.MISSING,
    "/etc/mdm.toml:12",
    "is missing",
    "the directory (tenant) id",
    "Entra admin centre, Overview, Tenant ID",
    "servers[1].tenant",
)
# GNU coding standards, "Formatting Error Messages": FILE:LINE: first, which editors jump to.
LINES = [
    "/etc/mdm.toml:12: M1852 servers[1].tenant: is missing",
    "  allowed: the directory (tenant) id",
    "  next: Entra admin centre, Overview, Tenant ID",
]
LINE = (
    "/etc/mdm.toml:12: M1852 servers[1].tenant: is missing; allowed: the directory (tenant) id; "
    "next: Entra admin centre, Overview, Tenant ID"
)


def test_lines_for_people_and_one_line_for_a_log() -> None:
    assert MISSING.lines() == LINES
    assert str(MISSING) == LINE


def test_without_a_key_and_with_the_usual_next_step() -> None:
    problem = Problem(ConfigCode.DACL, "dacls/X.acl:2", "has 300 characters", "at most 233 in one ACE")
    assert problem.lines() == [
        "dacls/X.acl:2: M1864 has 300 characters",
        "  allowed: at most 233 in one ACE",
        "  next: mend that line of the file",
    ]


def test_nothing_in_a_file_can_forge_a_line_or_act_on_a_terminal() -> None:
    problem = Problem(ConfigCode.UNKNOWN_KEY, "f:1", "a\nb\x1b[2J", "c\u2028d", "e\rf", "profiles.g\nh\u202e")
    assert str(problem) == (r"f:1: M1856 profiles.g\nh\u202e: a\nb\x1b[2J; allowed: c\u2028d; next: e\rf")
    assert len(problem.lines()) == 3


def test_a_configuration_error_in_both_forms() -> None:
    error = ConfigError([MISSING, MISSING])
    assert str(error) == f"2 errors in the configuration\n{LINE}\n{LINE}"
    assert error.lines() == ["2 errors in the configuration", *LINES, *LINES]
    assert ConfigError([MISSING]).lines()[0] == "1 error in the configuration"
