"""Modules and policy language as a tree, through includes; and not a word of them without `deep`."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.errors import ConfigError
from freeradius_mdm.raddb import reader
from freeradius_mdm.raddb.tree import Pair, Section

MAIN = """\
top = 7
client a {
	ipaddr = 192.0.2.1
	secret = x
}
modules {
	$INCLUDE mods/
	always {
		rcode = ok
	}
}
server default {
	listen {
		type = auth
	}
	authorize {
		$INCLUDE calls
		if (&User-Name =~ /^[{}"]+$/) { reject } else { mdm }
		mdm { fail = 1 }
	}
}
"""


def read(directory: Path, main: str = MAIN, *, deep: bool = True) -> Section:
    (directory / "mods").mkdir(exist_ok=True)
    (directory / "mods" / "ldap").write_text(
        "ldap {\n\tserver = 'h'\n\tsize = ${top}\n\tupdate {\n\t\tcontrol:Password += 'p'\n\t}\n}\n"
    )
    (directory / "calls").write_text('preprocess\nupdate request {\n\t&Tmp := "a } b"\n}\n')
    (directory / "radiusd.conf").write_text(main)
    return reader.read(directory / "radiusd.conf", {}, deep=deep).top


def shown(section: Section) -> list[object]:
    """Statements in their order."""
    return [
        (each.name, each.value) if isinstance(each, Pair) else (f"{each.name1} {each.name2}".strip(), shown(each))
        for each in section.statements
    ]


def test_modules_with_their_includes_and_references(tmp_path: Path) -> None:
    modules = read(tmp_path).find("modules")
    assert modules is not None
    assert shown(modules) == [
        ("ldap", [("server", "h"), ("size", "7"), ("update", [("control:Password", "p")])]),
        ("always", [("rcode", "ok")]),
    ]
    ldap = modules.find("ldap")
    assert ldap is not None
    assert ldap.where == f"{tmp_path}/mods/ldap:1"


def test_policy_language_in_its_order(tmp_path: Path) -> None:
    server = read(tmp_path).find("server")
    assert server is not None
    assert shown(server) == [
        ("listen", [("type", "auth")]),
        (
            "authorize",
            [
                ("preprocess", None),
                ("update request", [("&Tmp", "a } b")]),
                ('if (&User-Name =~ /^[{}"]+$/)', [("reject", None)]),
                ("else", [("mdm", None)]),
                ("mdm", [("fail", "1")]),
            ],
        ),
    ]


def test_without_deep_they_are_read_over(tmp_path: Path) -> None:
    top = read(tmp_path, deep=False)
    server, modules = top.find("server"), top.find("modules")
    assert server is not None
    assert modules is not None
    assert shown(modules) == []
    assert shown(server) == [("listen", [("type", "auth")]), ("authorize", [])]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("\t\tmdm { fail = 1 }\n", "\t\tmdm { fail = 1 \n", "the file ends inside of section"),
        ("$INCLUDE calls", "$INCLUDE missing", "can't be read: No such file"),
    ],
)
def test_a_file_that_can_not_be_taken_apart(tmp_path: Path, old: str, new: str, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        read(tmp_path, MAIN.replace(old, new))


def test_a_closing_brace_too_many_in_an_included_file(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "calls").write_text("preprocess\n}\n")
    with pytest.raises(ConfigError, match=r"calls:2: .*a closing brace too many"):
        reader.read(tmp_path / "radiusd.conf", {}, deep=True)
