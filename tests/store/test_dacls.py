"""Versions of downloadable ACLs, who was told which, and what became of downloads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.download.record import Download
from freeradius_mdm.download.record import Outcome as Ended
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store.dacls import AclVersion
from freeradius_mdm.store.query import StoredDownload, StoreQueries
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import JournalPosition, StoreWriter

from .samples import decision

AT = 1_700_000_000.0
NAME = "#ACSACL#-IP-OPEN-0a1b2c3d"
NAME6 = "#ACSACL#-IPV6-OPEN-0a1b2c3d"
DEVICE, OTHER = "192.0.2.10", "192.0.2.11"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path, busy_timeout=0.01)
    yield made
    made.close()


@pytest.fixture
def reader(tmp_path: Path, writer: StoreWriter) -> Iterator[StoreReader]:
    made = StoreReader(tmp_path / "store.sqlite")
    yield made
    made.close()


def told(
    number: int, *values: str, at: float = AT, client: str = DEVICE, outcome: Outcome = Outcome.ACCEPT
) -> Decision:
    pairs = tuple(("Cisco-AVPair", value) for value in values)
    return decision(number, at=at, client=client, outcome=outcome, attributes=(*pairs, ("Session-Timeout", "60")))


def ingest(writer: StoreWriter, decisions: list[Decision], downloads: list[Download] | None = None) -> None:
    writer.ingest(decisions, [], JournalPosition("20231114T22.jsonl", 1, 1), AT, downloads or [])


def downloaded(number: int, at: float = AT, client: str = DEVICE) -> Download:
    return Download(f"{number:024x}", at, Ended.SERVED, "M1501", NAME, client, "switch", "10.0.0.1", "", 3, 150)


def test_versions(tmp_path: Path, writer: StoreWriter, reader: StoreReader) -> None:
    assert reader.dacl_version(NAME) == {}
    writer.put_dacl_versions([AclVersion(NAME, "wildcard", ("permit ip any any", "deny ip any any"))], AT)
    writer.put_dacl_versions([AclVersion(NAME, "netmask", ("permit ip any any",))], AT + 5)
    writer.put_dacl_versions([AclVersion(NAME, "netmask", ("permit ip any any",))], AT + 9)
    expected = {"wildcard": ("permit ip any any", "deny ip any any"), "netmask": ("permit ip any any",)}
    assert reader.dacl_version(NAME) == expected
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        times = connection.execute("SELECT style, first_at, current_at FROM dacl_versions ORDER BY style").fetchall()
    assert times == [("netmask", AT + 5, AT + 9), ("wildcard", AT, AT)]


def test_a_damaged_acl_is_not_served(tmp_path: Path, writer: StoreWriter, reader: StoreReader) -> None:
    writer.put_dacl_versions([AclVersion(NAME, "wildcard", ("deny ip any any",))], AT)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection, connection:
        connection.execute("UPDATE dacl_versions SET entries = 'permit ip any any'")
    with pytest.raises(StoreError, match=r"OPEN-0a1b2c3d .wildcard. is damaged"):
        reader.dacl_version(NAME)


@pytest.mark.parametrize(
    ("beginning", "known"),
    [
        ("#ACSACL#-IP-OPEN-", True),
        ("#ACSACL#-IPV6-OPEN-", False),
        ("#ACSACL#-IP-OPEN-MORE-", True),
        ("#ACSACL#-IP-OPE-", False),
        ("#ACSACL#-IP-", False),
        ("#ACSACL#-IP-open-", False),
    ],
)
def test_is_there_an_acl_of_that_name(beginning: str, known: bool, writer: StoreWriter, reader: StoreReader) -> None:
    names = (NAME, "#ACSACL#-IP-OPEN-MORE-ffffffff")
    writer.put_dacl_versions([AclVersion(name, "wildcard", ("permit ip any any",)) for name in names], AT)
    assert reader.has_dacl(beginning) is known


def test_a_longer_name_is_not_the_shorter_one(writer: StoreWriter, reader: StoreReader) -> None:
    writer.put_dacl_versions([AclVersion("#ACSACL#-IP-OPEN-MORE-ffffffff", "wildcard", ("permit ip any any",))], AT)
    assert not reader.has_dacl("#ACSACL#-IP-OPEN-")


def test_who_was_told_a_name(writer: StoreWriter, reader: StoreReader) -> None:
    # Both forms of ise.md section 5.1, a reject, a pair of another kind, and a record without an address.
    ingest(
        writer,
        [
            told(1, f"ACS:CiscoSecure-Defined-ACL={NAME}", f"ipv6:CiscoSecure-Defined-ACL={NAME6}"),
            told(2, f"ACS:CiscoSecure-Defined-ACL={NAME}", client=OTHER, outcome=Outcome.REJECT),
            told(3, f"ip:inacl#1={NAME}", client=OTHER),
            told(4, f"ACS:CiscoSecure-Defined-ACL={NAME}", client=""),
        ],
    )
    assert reader.dacl_handed_at(DEVICE, NAME) == AT
    assert reader.dacl_handed_at(DEVICE, NAME6) == AT
    assert reader.dacl_handed_at(OTHER, NAME) is None
    assert reader.dacl_handed_at("", NAME) is None
    ingest(writer, [told(5, f"ACS:CiscoSecure-Defined-ACL={NAME}", at=AT + 60)])
    ingest(writer, [told(6, f"ACS:CiscoSecure-Defined-ACL={NAME}", at=AT - 60)])
    assert reader.dacl_handed_at(DEVICE, NAME) == AT + 60


def test_a_download_is_linked_with_the_decision_that_named_it(tmp_path: Path, writer: StoreWriter) -> None:
    named = f"ACS:CiscoSecure-Defined-ACL={NAME}"
    ingest(writer, [told(1, named), told(2, named, at=AT + 1)], [downloaded(10, AT + 2), downloaded(11, client=OTHER)])
    ingest(writer, [], [downloaded(10, AT + 2)])
    # Read together with a decision that came after it.
    ingest(writer, [told(3, named, at=AT + 50)], [downloaded(12, AT + 40)])
    queries = StoreQueries(tmp_path / "store.sqlite")
    assert queries.downloads() == [
        StoredDownload(3, downloaded(12, AT + 40), ""),
        StoredDownload(2, downloaded(11, client=OTHER), ""),
        StoredDownload(1, downloaded(10, AT + 2), f"{2:024x}"),
    ]
    assert [each.seq for each in queries.downloads(1, before=3)] == [2]


def test_retention(tmp_path: Path, writer: StoreWriter, reader: StoreReader) -> None:
    writer.put_dacl_versions([AclVersion(NAME, "wildcard", ("permit ip any any",))], AT)
    writer.put_dacl_versions([AclVersion(NAME6, "wildcard", ("permit ipv6 any any",))], AT + 100)
    named = [f"ACS:CiscoSecure-Defined-ACL={NAME}"]
    ingest(
        writer, [told(1, *named), told(2, *named, at=AT + 100, client=OTHER)], [downloaded(1), downloaded(2, AT + 100)]
    )
    assert writer.purge_dacls(AT + 50) == 1
    assert reader.dacl_version(NAME) == {}
    assert reader.dacl_version(NAME6) != {}
    assert reader.dacl_handed_at(DEVICE, NAME) is None
    assert reader.dacl_handed_at(OTHER, NAME) == AT + 100
    assert writer.purge(AT + 50) == 1
    assert [each.download.id for each in StoreQueries(tmp_path / "store.sqlite").downloads()] == [f"{2:024x}"]


def test_redirect_url(writer: StoreWriter, reader: StoreReader) -> None:
    assert reader.redirect_url("Intune") == ""
    writer.put_redirect_url("Intune", "https://portal.example/", AT)
    writer.put_redirect_url("Jamf", "", AT)
    assert (reader.redirect_url("Intune"), reader.redirect_url("Jamf")) == ("https://portal.example/", "")
    writer.put_redirect_url("Intune", "https://elsewhere.example/", AT + 1)
    assert reader.redirect_url("Intune") == "https://elsewhere.example/"
