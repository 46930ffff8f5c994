"""Modules and policy language taken apart; the grammar is that of unlang(5) and radiusd.conf(5)."""

from __future__ import annotations

import pytest

from freeradius_mdm.raddb.statement import End, Statement, is_directive, next_one, taken_apart
from freeradius_mdm.raddb.text import Quote


@pytest.mark.parametrize(
    ("line", "text", "end", "rest"),
    [
        ("mdm", "mdm", End.LINE, ""),
        ("mdm # the policy", "mdm", End.LINE, ""),
        ("update control {", "update control", End.OPENS, ""),
        ('if (&A == "{") { ok }', 'if (&A == "{")', End.OPENS, " ok }"),
        (
            "if (&User-Name =~ /^([0-9a-f]{2}[-:]?){6}$/i) {",
            "if (&User-Name =~ /^([0-9a-f]{2}[-:]?){6}$/i)",
            End.OPENS,
            "",
        ),
        ("} else {", "", End.CLOSES, " else {"),
        ("ok } after", "ok", End.CLOSES, " after"),
        ('&B := "%{%{A}:-}}" }', '&B := "%{%{A}:-}}"', End.CLOSES, ""),
        ("&B := %{tolower:%{A}} }", "&B := %{tolower:%{A}}", End.CLOSES, ""),
        ("path = $ENV{HOME}/x", "path = $ENV{HOME}/x", End.LINE, ""),
        ("a#b", "a#b", End.LINE, ""),
    ],
)
def test_a_statement_ends_at_a_brace_of_its_own(line: str, text: str, end: End, rest: str) -> None:
    found = next_one(line, 0)
    assert (found.text, found.end, line[found.next :]) == (text, end, rest)
    assert isinstance(found, Statement)


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("timeout = 2.5", "timeout", "2.5"),
        ("start=0", "start", "0"),
        ('uri = "http://a/b?c=d"', "uri", "http://a/b?c=d"),
        ("&Auth-Type := Reject", "&Auth-Type", "Reject"),
        ("&reply:Filter-Id += 'x y'", "&reply:Filter-Id", "x y"),
        ("&MS-MPPE-Send-Key !* ANY", "&MS-MPPE-Send-Key", "ANY"),
        ("mod_authorize = ${.module}", "mod_authorize", "${.module}"),
    ],
)
def test_settings_and_assignments(text: str, name: str, value: str) -> None:
    found, word = taken_apart(text)
    assert (found, word.text) == (name, value)
    assert word.quote is not Quote.END


@pytest.mark.parametrize(
    "text", ["mdm", "-sql", "mdm_policy.post-auth", "attr_filter.access_reject", '"%{sql:x}"', "a ="]
)
def test_what_is_no_setting(text: str) -> None:
    name, word = taken_apart(text)
    assert word.quote is Quote.END
    assert name == text.removesuffix(" =")


@pytest.mark.parametrize(("text", "expected"), [("$INCLUDE x", True), ("$-include x/", True), ("$includes", False)])
def test_directives(text: str, expected: bool) -> None:
    assert is_directive(text) is expected
