"""One request of a download after another: what is served, what is refused, and in which order the reasons count.

The refusals are those of ise.md section 5.5; ISE's number stands beside each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from freeradius_mdm.codes import MEANINGS, Code
from freeradius_mdm.dacl import MaskStyle
from freeradius_mdm.download.device import Takes
from freeradius_mdm.download.serve import Limits, Packet, Refused, serve
from freeradius_mdm.download.state import Cursor, seal, size
from freeradius_mdm.download.versions import Shelf
from freeradius_mdm.errors import MdmError
from freeradius_mdm.store.dacls import AclVersion
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.builders import NOW, request

from .acls import CLIENT, LONG, OTHER, dacls, named

WEEK = 7 * 86400.0
KEY = b"k" * 32
IOS = (MaskStyle.WILDCARD,)
ASA = (MaskStyle.NETMASK,)
CATALYST = Takes("cisco-ios-xe", IOS, IOS)
EVENT = ("Cisco-AVPair", "aaa:event=acl-download")
OPEN = named("OPEN", "permit ip any any")
LONGER = named("LONG", *LONG)
NET = named("NET", "permit ip any 10.0.0.0 0.255.255.255")


@dataclass
class Desk:
    shelf: Shelf
    writer: StoreWriter
    directory: Path
    key: bytes = KEY

    def read_key(self) -> bytes:
        if not self.key:
            raise MdmError("no key")
        return self.key

    def ask(
        self,
        name: str,
        *pairs: tuple[str, str],
        client: str = CLIENT,
        takes: Takes = CATALYST,
        now: float = NOW,
        packet_size: int = 3800,
    ) -> Packet | Refused:
        asked = request(("User-Name", name), *(pairs or (EVENT,)))
        return serve(asked, client, self.shelf, takes, self.read_key, Limits(packet_size, WEEK), now)

    def why(self, *arguments: object, **options: object) -> Code:
        found = self.ask(*arguments, **options)  # type: ignore[arg-type]
        assert isinstance(found, Refused)
        assert found.message == f"{found.code.value} {MEANINGS[found.code].text}"
        assert len(found.message.encode()) <= 253  # RFC 2865 section 5.18
        return found.code


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    writer = StoreWriter(tmp_path / "state")
    made = Desk(Shelf(StoreReader(tmp_path / "state" / "store.sqlite")), writer, tmp_path / "dacls")
    texts = {"OPEN": "permit ip any any", "LONG": "\n".join(LONG), "NET": "permit ip any 10.0.0.0 0.255.255.255"}
    made.shelf.take_over(dacls(made.directory, **texts, V6_ipv6="permit ipv6 any any"))
    yield made
    writer.close()


def state_of(packet: Packet | Refused) -> tuple[str, str]:
    assert isinstance(packet, Packet)
    assert packet.state is not None
    return ("State", "0x" + packet.state.hex())


def test_one_packet(desk: Desk) -> None:
    found = desk.ask(OPEN)
    assert isinstance(found, Packet)
    assert (found.page.values, found.state, found.cursor) == (("ip:inacl#1=permit ip any any",), None, Cursor(1, 1))
    six = desk.ask(named("V6", "permit ipv6 any any", kind="IPV6"))
    assert isinstance(six, Packet)
    assert six.page.values == ("ipv6:inacl#1=permit ipv6 any any",)


def test_all_packets(desk: Desk) -> None:
    got: list[str] = []
    pairs: list[tuple[str, str]] = [EVENT]
    packets = 0
    while True:
        found = desk.ask(LONGER, *pairs, packet_size=1000)
        assert isinstance(found, Packet)
        got += [value.partition("=")[2] for value in found.page.values]
        packets += 1
        assert found.cursor == Cursor(len(got), packets)
        if found.state is None:
            break
        assert len(found.state) == size(LONGER, CLIENT)
        pairs = [EVENT, state_of(found)]
    assert got == LONG
    assert packets > 10


def test_no_event_11025(desk: Desk) -> None:
    for value in ("", "aaa:event", "aaa:event=acl-download2", "xaaa:event=acl-download", "aaa:service=ip_admission"):
        assert desk.why(OPEN, ("Cisco-AVPair", value)) is Code.DACL_NO_EVENT
    assert desk.why(OPEN, EVENT, ("EAP-Message", "0x0201")) is Code.DACL_NO_EVENT
    # Said before anything about the name, so that who has no business here learns nothing of it.
    assert desk.why("#ACSACL#-IP-NOWHERE-00000000", ("Cisco-AVPair", "")) is Code.DACL_NO_EVENT


def test_unknown_name_11023(desk: Desk) -> None:
    names = (
        "#ACSACL#-IP-NOWHERE-00000000",
        OPEN.lower(),
        OPEN + "0",
        OPEN[:-1],
        "#ACSACL#",
        OPEN.replace("IP", "IPV6"),
    )
    assert {desk.why(name) for name in names} == {Code.DACL_UNKNOWN}


def test_version_gone_11026(desk: Desk) -> None:
    assert desk.why("#ACSACL#-IP-OPEN-00000000") is Code.DACL_VERSION_GONE


def test_never_handed_11035(desk: Desk) -> None:
    desk.writer.put_dacl_versions([AclVersion("#ACSACL#-IP-OPEN-00000000", "wildcard", ("deny ip any any",))], 1.0)
    assert desk.why("#ACSACL#-IP-OPEN-00000000") is Code.DACL_NOT_HANDED
    desk.shelf.hand(CLIENT, "#ACSACL#-IP-OPEN-00000000", NOW - WEEK)
    assert isinstance(desk.ask("#ACSACL#-IP-OPEN-00000000"), Packet)
    assert desk.why("#ACSACL#-IP-OPEN-00000000", now=NOW + 1) is Code.DACL_NOT_HANDED
    assert desk.why("#ACSACL#-IP-OPEN-00000000", client=OTHER) is Code.DACL_NOT_HANDED


def test_a_download_goes_on_with_the_version_it_began_with(desk: Desk) -> None:
    begun = state_of(desk.ask(LONGER))
    desk.shelf.take_over(dacls(desk.directory, LONG="deny ip any any"))
    assert desk.why(LONGER) is Code.DACL_NOT_HANDED
    found = desk.ask(LONGER, EVENT, begun)
    assert isinstance(found, Packet)
    first = found.page.values[0]
    number = int(first.partition("#")[2].partition("=")[0])
    assert first == f"ip:inacl#{number}={LONG[number - 1]}"
    assert number > 1


def test_bad_states(desk: Desk) -> None:
    good = state_of(desk.ask(LONGER))
    assert desk.why(LONGER, EVENT, ("State", good[1][:-2] + "00")) is Code.DACL_STATE_FORGED
    assert desk.why(LONGER, EVENT, good, good) is Code.DACL_STATE_FORGED
    for odd in ("", "0x", "0x0", "text", "0xzz"):
        assert desk.why(LONGER, EVENT, ("State", odd)) is Code.DACL_STATE_FORGED
    assert desk.why(LONGER, EVENT, good, now=NOW + 122) is Code.DACL_STATE_EXPIRED
    assert desk.why(LONGER, EVENT, good, client=OTHER) is Code.DACL_STATE_OTHER_CLIENT
    assert desk.why(OPEN, EVENT, good) is Code.DACL_STATE_OTHER_NAME
    # The right key and still nonsense: another server, whose ACL of that name is longer, can't be.
    beyond = seal(KEY, LONGER, CLIENT, Cursor(300, 5), NOW)
    assert desk.why(LONGER, EVENT, ("State", "0x" + beyond.hex())) is Code.DACL_STATE_FORGED


def test_masks(desk: Desk) -> None:
    assert isinstance(desk.ask(NET), Packet)
    assert desk.why(NET, takes=Takes("cisco-asa", ASA, ())) is Code.DACL_MASKS
    turned = named("NET", "permit ip any 10.0.0.0 255.0.0.0")
    assert isinstance(desk.ask(turned, takes=Takes("cisco-asa", ASA, ())), Packet)
    assert desk.why(turned) is Code.DACL_MASKS
    either = Takes("cisco-ios-xe or cisco-asa", (*IOS, *ASA), IOS)
    assert isinstance(desk.ask(NET, takes=either), Packet)
    assert isinstance(desk.ask(turned, takes=either), Packet)


def test_a_family_that_can_not_download(desk: Desk) -> None:
    assert desk.why(OPEN, takes=Takes("hostapd", (), ())) is Code.DACL_FAMILY
    six = named("V6", "permit ipv6 any any", kind="IPV6")
    assert desk.why(six, takes=Takes("cisco-asa", ASA, ())) is Code.DACL_FAMILY


def test_without_a_key(desk: Desk) -> None:
    begun = state_of(desk.ask(LONGER))
    desk.key = b""
    assert isinstance(desk.ask(OPEN), Packet)
    assert desk.why(LONGER) is Code.DACL_NO_KEY
    assert desk.why(LONGER, EVENT, begun) is Code.DACL_NO_KEY


def test_no_room(desk: Desk) -> None:
    proxied = [("Proxy-State", "0x" + "ab" * 240)] * 4
    assert desk.why(OPEN, EVENT, *proxied, packet_size=1000) is Code.DACL_NO_ROOM
    assert isinstance(desk.ask(OPEN, EVENT, *proxied, packet_size=1100), Packet)


def test_a_store_that_can_not_be_read(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "state" / "store.sqlite").rename(tmp_path / "elsewhere")
    assert isinstance(desk.ask(OPEN), Packet)
    assert desk.why("#ACSACL#-IP-OPEN-00000000") is Code.DACL_STORE_UNREADABLE


def test_a_client_that_is_no_address(desk: Desk) -> None:
    assert desk.why(LONGER, client="switch") is Code.DACL_NO_ROOM
