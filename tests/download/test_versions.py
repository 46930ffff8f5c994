"""Which versions there are, and where an older one is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.dacl import MaskStyle, parse_wire_name
from freeradius_mdm.download.versions import Shelf, versions
from freeradius_mdm.errors import StoreError
from freeradius_mdm.store.dacls import AclVersion
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter

from .acls import CLIENT, OTHER, dacls, named

BOTH = {MaskStyle.WILDCARD, MaskStyle.NETMASK}
IOS = "permit ip any 10.0.0.0 0.255.255.255"
ASA = "permit ip any 10.0.0.0 255.0.0.0"


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path / "state")
    yield made
    made.close()


@pytest.fixture
def shelf(tmp_path: Path, writer: StoreWriter) -> Shelf:
    return Shelf(StoreReader(tmp_path / "state" / "store.sqlite"))


def test_versions(tmp_path: Path) -> None:
    found = versions(
        dacls(
            tmp_path,
            OPEN="permit ip any any",
            NET=IOS,
            V6_ipv6="permit tcp any any eq 443",
            WEB_agnostic="permit tcp any any eq 443",
        )
    )
    # Masks are turned for the family that wants the other ones, which makes another content and another name.
    assert {name: dict(version) for name, version in found.items()} == {
        named("OPEN", "permit ip any any"): dict.fromkeys(BOTH, ("permit ip any any",)),
        named("NET", IOS): {MaskStyle.WILDCARD: (IOS,)},
        named("NET", ASA): {MaskStyle.NETMASK: (ASA,)},
        named("V6", "permit tcp any any eq 443", kind="IPV6"): dict.fromkeys(BOTH, ("permit tcp any any eq 443",)),
        named("WEB", "permit tcp any any eq 443"): dict.fromkeys(BOTH, ("permit tcp any any eq 443",)),
        named("WEB", "permit tcp any any eq 443", kind="IPV6"): dict.fromkeys(BOTH, ("permit tcp any any eq 443",)),
    }


def test_an_agnostic_acl_is_written_for_each_protocol(tmp_path: Path) -> None:
    """IOS writes `ipv6` for the protocol of an IPv6 ACL, which makes another content; ASA writes `ip` in both."""
    found = versions(dacls(tmp_path, ALL_agnostic="permit ip any any"))
    assert {name: dict(version) for name, version in found.items()} == {
        named("ALL", "permit ip any any"): dict.fromkeys(BOTH, ("permit ip any any",)),
        named("ALL", "permit ipv6 any any", kind="IPV6"): {MaskStyle.WILDCARD: ("permit ipv6 any any",)},
        named("ALL", "permit ip any any", kind="IPV6"): {MaskStyle.NETMASK: ("permit ip any any",)},
    }


def test_what_was_in_force_is_found(tmp_path: Path, shelf: Shelf, writer: StoreWriter) -> None:
    first, second = named("OPEN", "permit ip any any"), named("OPEN", "deny ip any any")
    shelf.take_over(dacls(tmp_path / "dacls", OPEN="permit ip any any"))
    assert shelf.present(first) is not None
    assert shelf.older(first) is None
    shelf.take_over(dacls(tmp_path / "dacls", OPEN="deny ip any any"))
    assert (shelf.present(first), shelf.present(second) is None) == (None, False)
    assert shelf.older(first) == dict.fromkeys(BOTH, ("permit ip any any",))
    # A radiusd that was started since has the store.
    anew = Shelf(StoreReader(tmp_path / "state" / "store.sqlite"))
    assert anew.older(first) is None
    writer.put_dacl_versions([AclVersion(first, "wildcard", ("permit ip any any",))], 1.0)
    assert anew.older(first) == {MaskStyle.WILDCARD: ("permit ip any any",)}


def test_configurations_are_forgotten_at_last(tmp_path: Path, shelf: Shelf) -> None:
    for port in range(1, 11):
        shelf.take_over(dacls(tmp_path / "dacls", OPEN=f"permit tcp any any eq {port}"))
    # The one in force and eight before it.
    kept = [port for port in range(1, 10) if shelf.older(named("OPEN", f"permit tcp any any eq {port}"))]
    assert kept == list(range(2, 10))


def test_is_the_name_known(tmp_path: Path, shelf: Shelf, writer: StoreWriter) -> None:
    def knows(text: str) -> bool:
        wire = parse_wire_name(text)
        assert wire is not None
        return shelf.knows(wire)

    shelf.take_over(dacls(tmp_path / "dacls", OPEN="permit ip any any", GONE="deny ip any any"))
    shelf.take_over(dacls(tmp_path / "dacls", OPEN="permit ip any any"))
    writer.put_dacl_versions([AclVersion("#ACSACL#-IP-STORED-0a1b2c3d", "wildcard", ("deny ip any any",))], 1.0)
    assert [knows(f"#ACSACL#-IP-{name}-00000000") for name in ("OPEN", "GONE", "STORED", "open", "OPE")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert not knows("#ACSACL#-IPV6-OPEN-00000000")


def test_who_was_told(shelf: Shelf, writer: StoreWriter) -> None:
    assert shelf.handed_at(CLIENT, "name") is None
    shelf.hand(CLIENT, "name", 5.0)
    shelf.hand(CLIENT, "name", 7.0)
    assert (shelf.handed_at(CLIENT, "name"), shelf.handed_at(OTHER, "name"), shelf.handed_at(CLIENT, "x")) == (
        7.0,
        None,
        None,
    )
    for number in range(5000):
        shelf.hand(OTHER, str(number), 8.0)
    assert shelf.handed_at(CLIENT, "name") is None  # the store would know
    assert shelf.handed_at(OTHER, "0") == 8.0


def test_without_a_store_what_is_in_force_is_served(tmp_path: Path) -> None:
    shelf = Shelf(StoreReader(tmp_path / "nothing.sqlite"))
    shelf.take_over(dacls(tmp_path / "dacls", OPEN="permit ip any any"))
    assert shelf.present(named("OPEN", "permit ip any any")) is not None
    with pytest.raises(StoreError, match="has mdmd been started"):
        shelf.older("#ACSACL#-IP-OPEN-00000000")
