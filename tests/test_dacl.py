"""Downloadable ACLs: canonical text, version, and faults with their line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm import dacl


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("permit ip any any", ("permit ip any any",)),
        # Comments, remarks and empty lines do not go out (ise.md section 5.6); one blank between words.
        (
            "! for employees\n# also\nremark web\n  REMARK mail\n\npermit  tcp any\tany eq 443 \ndeny ip any any\n",
            ("permit tcp any any eq 443", "deny ip any any"),
        ),
        # Windows' line ends.
        ("permit ip any any\r\ndeny ip any any\r\n", ("permit ip any any", "deny ip any any")),
        # Exactly as long as fits (ise.md section 5.4: 233 bytes).
        ("p" * 233, ("p" * 233,)),
    ],
)
def test_canonical(text: str, entries: tuple[str, ...]) -> None:
    assert dacl.canonical(text) == entries


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: holds no access control entry"),
        ("! only\nremark words\n", "1: holds no access control entry"),
        ("permit ip any any\n" + "p" * 234, "2: has 234 characters, an ACE can have 233"),
        ("permit ip any any\n\npermit ip any café", "3: holds characters outside printable ASCII"),
        ("permit ip any \x07any", "1: holds characters outside printable ASCII"),
    ],
)
def test_lines_that_cannot_be_sent(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        dacl.canonical(text)


def test_version_is_the_head_of_sha_256() -> None:
    # printf 'permit udp any any eq domain\ndeny ip any any' | sha256sum
    # 36d5341a5b45466d61691bfc7f696f9fde9a664ed970b1e0141057ee8b3e9664
    assert dacl.version(("permit udp any any eq domain", "deny ip any any")) == "36d5341a"


def test_version_changes_with_content_and_order_alone() -> None:
    def version(text: str) -> str:
        return dacl.version(dacl.canonical(text))

    first = version("permit udp any any eq domain\ndeny ip any any\n")
    assert version("! new comment\npermit  udp any any eq domain\n\nremark x\ndeny ip any any") == first
    assert version("deny ip any any\npermit udp any any eq domain") != first
    assert version("permit udp any any eq domain\nDENY ip any any") != first
    # Two entries are not one entry of the same letters.
    assert version("permit ip any any\ndeny ip any any") != version("permit ip any any deny ip any any")


@given(st.lists(st.text("abc 0123.", min_size=1), min_size=1), st.lists(st.text("abc 0123.", min_size=1), min_size=1))
def test_version_is_eight_hexadecimal_digits_of_the_content(one: list[str], other: list[str]) -> None:
    versions = [dacl.version(tuple(entries)) for entries in (one, other)]
    assert all(len(text) == 8 and set(text) <= set("0123456789abcdef") for text in versions)
    assert (versions[0] == versions[1]) == (one == other)


def test_wire_name() -> None:
    # ise.md section 5.1, a captured name: #ACSACL#-IP-<name>-<version>
    assert dacl.wire_name("PERMIT_ALL-2", "57e5bcbd") == "#ACSACL#-IP-PERMIT_ALL-2-57e5bcbd"


def test_directory(tmp_path: Path) -> None:
    (tmp_path / "OPEN.acl").write_text("permit ip any any\n", encoding="utf-8")
    (tmp_path / "EMPTY.acl").write_text("! nothing\n", encoding="utf-8")
    (tmp_path / "LATIN.acl").write_bytes(b"! caf\xe9\npermit ip any any\n")
    (tmp_path / "a b.acl").write_text("permit ip any any\n", encoding="utf-8")
    (tmp_path / "DIRECTORY.acl").mkdir()
    (tmp_path / "notes.txt").write_text("not an ACL", encoding="utf-8")
    versions, faults = dacl.read_directory(tmp_path)
    # printf 'permit ip any any' | sha256sum
    # ba3efdc056ff50b9d604467c1ac3657f1eab355acdd24cb44e8fa52a6e000d6b
    assert versions == {"OPEN": "ba3efdc0"}
    assert [(path.name, line, what) for path, line, what in faults] == [
        ("DIRECTORY.acl", 1, "can't be read: Is a directory"),
        ("EMPTY.acl", 1, "holds no access control entry"),
        ("LATIN.acl", 1, "is not UTF-8 text"),
        (
            "a b.acl",
            1,
            "the name 'a b' does not fit: letters, digits, '_', '-' and '.', at most 60 characters; case matters",
        ),
    ]


def test_no_directory_is_no_dacl(tmp_path: Path) -> None:
    assert dacl.read_directory(tmp_path / "dacls") == ({}, [])
