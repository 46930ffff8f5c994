"""The computed size of a reply against real packets, byte for byte, and what FreeRADIUS does at 4,096 bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.dictionaries import Dictionary, load
from freeradius_mdm.lab.raddb import OVERLAY
from freeradius_mdm.lab.radius import attributes
from freeradius_mdm.lab.radius.tls import TlsVersion
from freeradius_mdm.lab.radius.vpn import mobile
from freeradius_mdm.lab.radiusd import Host
from freeradius_mdm.lab.site import Site
from freeradius_mdm.reply_size import LARGEST_PACKET, of_reply, room_for
from tests.builders import request
from tests.radius import bare, eapol, expect, test_vpn
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
CHROOT = os.environ.get("MDM_TEST_CHROOT", "")
DACL = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-01234567"
CLASS = "0x" + b"mdm:0123456789abcdef01234567".hex()
# The Accept of freeradius/mods-config/mdm/mdm.toml's profile for a compliant device, as the hook sees it.
EMPLOYEE = (
    ("Class", CLASS),
    ("Tunnel-Type:1", "VLAN"),
    ("Tunnel-Medium-Type:1", "IEEE-802"),
    ("Tunnel-Private-Group-Id:1", "EMPLOYEES"),
    ("Cisco-AVPair", DACL),
    ("Session-Timeout", "14400"),
    ("Termination-Action", "RADIUS-Request"),
)
KEY = "0x" + "00" * 32
EAP = (
    ("MS-MPPE-Recv-Key", KEY),
    ("MS-MPPE-Send-Key", KEY),
    ("EAP-Message", "0x03070004"),
    ("Framed-MTU", "994"),
    ("MDM-Rule", "Compliant"),
)


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return load(Path(f"{CHROOT}/usr/share/freeradius/dictionary"), OVERLAY / "dictionary.mdm")


def computed(dictionary: Dictionary, *reply: tuple[str, str]) -> int:
    return of_reply(reply, dictionary)


def ask(site: Site, endpoint: Endpoint, *proxy_states: bytes) -> int:
    """MAC authentication bypass through proxies that add their Proxy-State; the reply's length."""
    bare_mac = endpoint.mac.replace("-", "")
    encoded = attributes.encode((("User-Name", bare_mac), *endpoint.port.mab()))
    if proxy_states:
        encoded[33] = list(proxy_states)
    with site.client() as client:
        reply = client.exchange(client.access_request(encoded, password=bare_mac))
    assert expect.results(reply)[-1] == ("Termination-Action", None, 1)
    assert len(reply.values("Proxy-State")) == len(proxy_states)
    return reply.length


@pytest.mark.parametrize("lengths", [(), (1,), (50,), (250,), (253,), (1, 50, 250)])
def test_mab_and_proxy_states(
    lengths: tuple[int, ...], site: Site, new_endpoint: NewEndpoint, dictionary: Dictionary
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    states = [("Proxy-State", "0x" + "ab" * length) for length in lengths]
    expected = computed(dictionary, *EMPLOYEE, *states)
    assert ask(site, endpoint, *(b"\xab" * length for length in lengths)) == expected


@pytest.mark.parametrize("ms_chap", [False, True], ids=["PAP", "MS-CHAPv2"])
def test_passwords(ms_chap: bool, site: Site, new_endpoint: NewEndpoint, dictionary: Dictionary) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    reply, _ = test_vpn.login(site, mobile(endpoint.device_id), replace(test_vpn.LOGIN, ms_chap=ms_chap))
    assert reply.accepted
    # RFC 2548 sections 2.3.3 and 2.4: an identifier and 42 bytes of text; keys of 16 bytes, and two numbers.
    added = [("MS-CHAP2-Success", "0x" + "00" * 43), ("MS-MPPE-Recv-Key", "0x" + "00" * 16)]
    added += [("MS-MPPE-Send-Key", "0x" + "00" * 16), ("MS-MPPE-Encryption-Types", "RC4-40or128-bit-Allowed")]
    added += [("MS-MPPE-Encryption-Policy", "Encryption-Allowed")]
    ours = (("Class", CLASS), ("Cisco-AVPair", DACL))
    assert reply.length == computed(dictionary, *ours, *(added if ms_chap else ()))


@pytest.mark.parametrize("version", [TlsVersion.TLS_1_2, TlsVersion.TLS_1_3])
@pytest.mark.parametrize("lengths", [(), (50,), (1, 250)])
def test_eap_tls_and_the_room_there_was(
    version: TlsVersion, lengths: tuple[int, ...], site: Site, new_endpoint: NewEndpoint, dictionary: Dictionary
) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    sent = [*endpoint.port.dot1x(), *(("Proxy-State", b"\xab" * length) for length in lengths)]
    states = [("Proxy-State", "0x" + "ab" * length) for length in lengths]

    reply = endpoint.sign_in(version=version, attributes=sent).reply

    assert expect.surroundings(reply) == expect.EAP_ACCEPT
    assert reply.length == computed(dictionary, *EMPLOYEE, *EAP, ("User-Name", endpoint.identity), *states)
    # What was kept free when the decision fell, without any reply list to look at, is what was added.
    asked = request(("User-Name", endpoint.identity), ("EAP-Message", "0x02"), *states)
    ours = computed(dictionary, *EMPLOYEE) - computed(dictionary)
    assert reply.length == LARGEST_PACKET - room_for(asked, dictionary) + ours


@pytest.mark.parametrize("method", [eapol.Method.PEAP_MSCHAPV2, eapol.Method.TTLS_PAP])
def test_tunnels(method: eapol.Method, site: Site, new_endpoint: NewEndpoint, dictionary: Dictionary) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    outcome = eapol.run(site, eapol.Attempt(method, endpoint.mac))
    length = computed(dictionary, *EMPLOYEE, *EAP, ("User-Name", "anonymous"))
    assert f"RADIUS message: code=2 (Access-Accept) identifier={_identifier(outcome)} length={length}" in outcome.output


def _identifier(outcome: eapol.Outcome) -> str:
    return outcome.output.rpartition("code=2 (Access-Accept) identifier=")[2].partition(" ")[0]


# The boundary. 20 of header and 18 of Message-Authenticator, then AV pairs of 8 + N bytes up to what is left.
def filled(total: int, *last: tuple[str, str, str], size: int) -> list[tuple[str, str, str]]:
    """A reply list of `total` bytes that ends in `last`, which has `size` of them."""
    left = total - 38 - size
    lengths = []
    while left > 510:
        lengths.append(247)
        left -= 255
    lengths += [left // 2 - 8, left - left // 2 - 8]
    return [*(("Cisco-AVPair", "+=", "x" * length) for length in lengths), *last]


TIMER = ("Session-Timeout", ":=", "60")  # 6 bytes
MESSAGE = ("Reply-Message", "+=", "y" * 48)  # 50 bytes
PAIR = ("Cisco-AVPair", "+=", "y" * 42)  # 50 bytes
LISTS = [
    filled(total, last, size=size)
    for total in (4095, 4096, 4097)
    for last, size in ((TIMER, 6), (MESSAGE, 50), (PAIR, 50))
]


@pytest.fixture(scope="module")
def boundary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bare.BareServer]:
    host = Host(Path(CHROOT) if CHROOT else None)
    with bare.running(host, tmp_path_factory.mktemp("bare"), LISTS) as server:
        yield server


@pytest.mark.parametrize("number", range(6))
def test_up_to_4096_bytes_all_of_it_is_sent(number: int, boundary: bare.BareServer, dictionary: Dictionary) -> None:
    answer = boundary.ask(number)
    total = 4095 if number < 3 else 4096
    assert len(answer.packet.octets) == of_reply(answer.seen, dictionary) == total
    assert len(answer.raw) == len(LISTS[number])


@pytest.mark.parametrize(
    ("number", "length", "last"),
    [
        (6, 4091, None),  # the timer is gone
        (7, 4047, None),  # the message is gone
        (8, 4096, b"\x00\x00\x00\x09\x01\x2b" + b"y" * 41),  # the pair has lost its last byte
    ],
)
def test_with_one_byte_more_freeradius_loses_something_without_a_word(
    number: int, length: int, last: bytes | None, boundary: bare.BareServer, dictionary: Dictionary
) -> None:
    """Seen on 3.2.1 and 3.2.7: why the encoder and the last look at a reply count for themselves."""
    answer = boundary.ask(number)
    assert of_reply(answer.seen, dictionary) == 4097
    assert len(answer.packet.octets) == length
    assert len(answer.raw) == len(LISTS[number]) - (last is None)
    assert last is None or answer.raw[-1] == (26, last)


def test_proxy_states_take_their_part(boundary: bare.BareServer, dictionary: Dictionary) -> None:
    """4,096 bytes without them: every reply list that the hook sees holds them already."""
    answer = boundary.ask(3, [b"ab", b"c" * 100])
    assert of_reply(answer.seen, dictionary) == 4096 + 4 + 102


def test_what_a_site_adds_after_the_decision_has_to_fit_too(
    make_site: Callable[..., Site], new_endpoint: NewEndpoint, dictionary: Dictionary
) -> None:
    """EAP is decided before: 4,096 bytes go out whole; with one more the device gets a true reject with its reason."""
    site = make_site()
    endpoint = new_endpoint(site)
    endpoint.enrol()
    base = computed(dictionary, *EMPLOYEE, *EAP, ("User-Name", endpoint.identity))
    exact = [value for _, _, value in filled(LARGEST_PACKET - base + 38, size=0)]

    def policy(values: list[str]) -> str:
        lines = "".join(f'\t\t&Cisco-AVPair += "{value}"\n' for value in values)
        return f"\tupdate reply {{\n{lines}\t}}\n\tmdm\n}}"

    default = site.raddb / "sites-available/default"
    with expect.changed(site, (default, "\tmdm\n}", policy(exact))):
        reply = endpoint.sign_in().reply
    assert (reply.accepted, reply.length) == (True, LARGEST_PACKET)
    assert [value for value in reply.values("Cisco-AVPair") if str(value).startswith("x")] == exact

    with expect.changed(site, (default, "\tmdm\n}", policy([*exact[:-1], exact[-1] + "x"]))):
        result = endpoint.sign_in()
        log = site.radius_log
    assert (result.accepted, result.contradictory) == (False, False)
    assert expect.surroundings(result.reply) == expect.EAP_REJECT
    assert expect.results(result.reply) == []
    made = expect.decision(site, reason_code="M1412")
    ours = computed(dictionary, *EMPLOYEE) - computed(dictionary)
    assert made.reason == f"the reply has 4097 bytes, {ours} of them decided here; 4096 fit"
    assert f"M1412 {made.reason}" in log
