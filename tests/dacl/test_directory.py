"""The directory of ACL files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from freeradius_mdm.dacl import AclType, MaskStyle, read_directory

OPEN = "permit ip any any\n"


def test_directory(tmp_path: Path) -> None:
    (tmp_path / "OPEN.acl").write_text(OPEN, encoding="utf-8")
    (tmp_path / "OPEN6.ipv6.acl").write_text("permit ipv6 any any\n", encoding="utf-8")
    (tmp_path / "NAMES.agnostic.acl").write_text("permit udp any any eq domain\n", encoding="utf-8")
    (tmp_path / "EMPTY.acl").write_text("! nothing\n", encoding="utf-8")
    (tmp_path / "LATIN.acl").write_bytes(b"permit ip any any\n! caf\xe9\n")
    (tmp_path / "WIDE.acl").write_bytes(OPEN.encode("utf-16"))
    (tmp_path / "a b.acl").write_text(OPEN, encoding="utf-8")
    (tmp_path / "DIRECTORY.acl").mkdir()
    (tmp_path / "notes.txt").write_text("not an ACL", encoding="utf-8")
    (tmp_path / ".#OPEN.acl").symlink_to("nobody@nowhere.1")  # Emacs's lock
    found = read_directory(tmp_path)
    assert {name: (acl.type, acl.file.name) for name, acl in found.dacls.items()} == {
        "NAMES": (AclType.AGNOSTIC, "NAMES.agnostic.acl"),
        "OPEN": (AclType.IPV4, "OPEN.acl"),
        "OPEN6": (AclType.IPV6, "OPEN6.ipv6.acl"),
    }
    assert [(file.name, line, text) for file, line, text in found.faults] == [
        ("DIRECTORY.acl", 1, "can't be read: Is a directory; allowed: a readable file"),
        ("EMPTY.acl", 1, "holds no access control entry; allowed: one ACE a line, at least one"),
        ("LATIN.acl", 2, "is not UTF-8 text; allowed: ASCII, and UTF-8 in remarks"),
        ("WIDE.acl", 1, "is not UTF-8 text; allowed: ASCII, and UTF-8 in remarks"),
        (
            "a b.acl",
            1,
            "the name 'a b' does not fit; allowed: letters, digits, '_', '-' and '.', at most 60 characters; "
            "case matters",
        ),
    ]
    assert found.warnings == []


def test_problems_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "X.acl").write_text("permit ip any any\npermit tcp any any range 25 20\n", encoding="utf-8")
    assert [problem.lines() for problem in read_directory(tmp_path).problems] == [
        [
            f"{tmp_path / 'X.acl'}:2: M1864 range 25 20 runs backwards",
            "  allowed: range 20 25",
            "  next: mend that line of the file",
        ]
    ]


def test_no_directory_is_no_dacl(tmp_path: Path) -> None:
    found = read_directory(tmp_path / "dacls")
    assert (dict(found.dacls), found.faults, found.warnings) == ({}, [], [])


@pytest.mark.parametrize("type_", [AclType.IPV6, AclType.AGNOSTIC])
def test_a_name_is_one_acl(type_: AclType, tmp_path: Path) -> None:
    for suffix in (".acl", type_.suffix):
        (tmp_path / f"X{suffix}").write_text("permit tcp any any\n", encoding="utf-8")
    found = read_directory(tmp_path)
    assert [(file.name, line, text) for file, line, text in found.faults] == [
        (
            f"X{type_.suffix}",
            1,
            "the ACL X is there already, as X.acl; allowed: a name of its own for each ACL, whatever its type: "
            "profiles tell them by name",
        )
    ]


@pytest.mark.parametrize("file", ["X.ipv6.ipv6.acl", "X.ipv6.agnostic.acl"])
def test_a_name_does_not_end_in_a_type(file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("permit tcp any any\n", encoding="utf-8")
    assert [text for _, _, text in read_directory(tmp_path).faults] == [
        "the name 'X.ipv6' ends in .ipv6, which tells an ACL's type; allowed: NAME.acl, NAME.ipv6.acl or "
        "NAME.agnostic.acl with a NAME that does not end in .ipv6"
    ]


def test_an_acl_with_warnings_is_served(tmp_path: Path) -> None:
    file = tmp_path / "X.acl"
    file.write_text("permit ip any any\n! and then\ndeny ip any host 10.1.1.1\n", encoding="utf-8")
    found = read_directory(tmp_path)
    assert found.warnings == [(file, 3, "line 3 can never match: line 1 (permit ip any any) takes every packet")]
    assert len(found.dacls["X"].served(MaskStyle.WILDCARD).entries) == 2


def _networks() -> list[str]:
    return [f"permit tcp any 10.{i // 256}.{i % 256}.0 0.0.0.255 eq {i + 1}" for i in range(1999)]


@pytest.mark.parametrize(
    "lines",
    [
        _networks(),
        [f"permit tcp any any eq {i}" for i in range(1999)],
        [f"permit tcp any any range {30000 - i} {30000 + i * i % 1999}" for i in range(1999)],
        [f"permit tcp any any eq {' '.join(str((i * 17 + j * 4001) % 65536) for j in range(10))}" for i in range(1999)],
        [f"permit ip any 10.0.{i % 256}.{i // 256 % 4} 0.255.0.{16 << i % 4}" for i in range(1999)],
    ],
    ids=["networks", "ports", "ranges", "ten ports", "gaps"],
)
def test_2000_lines_are_read_and_checked_in_no_time(lines: list[str], tmp_path: Path) -> None:
    """radiusd reads ACLs while a request waits. Four times what was measured on two small cores, at the least."""
    (tmp_path / "LONG.acl").write_text("\n".join([*lines, "deny ip any any"]), encoding="utf-8")
    start = time.process_time()
    found = read_directory(tmp_path)
    took = time.process_time() - start
    assert found.faults == []
    assert len(found.dacls["LONG"].entries) == 2000
    assert took < 1


def test_2000_networks_for_asa(tmp_path: Path) -> None:
    (tmp_path / "LONG.acl").write_text("\n".join([*_networks(), "deny ip any any"]), encoding="utf-8")
    entries = read_directory(tmp_path).dacls["LONG"].served(MaskStyle.NETMASK).entries
    assert entries[0] == "permit tcp any 10.0.0.0 255.255.255.0 eq 1"
    assert entries[1998:] == ("permit tcp any 10.7.206.0 255.255.255.0 eq 1999", "deny ip any any")
