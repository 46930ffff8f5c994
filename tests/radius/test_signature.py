"""Message-Authenticator octet by octet: first in every reply without EAP, right, and asked of every request.

The packets are made and checked here with hmac alone (RFC 3579 section 3.2; RFC 2865 sections 3 and 5.2).
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import os
import socket
from collections.abc import Callable

import pytest

from freeradius_mdm.lab.raddb import SECRET, UNSIGNED_CLIENT, VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT = 1, 2, 3
USER_NAME, USER_PASSWORD, SERVICE_TYPE, CALLING_STATION_ID, PROXY_STATE, EAP_MESSAGE = 1, 2, 6, 31, 33, 79
CALL_CHECK = bytes([0, 0, 0, 10])
SIGNATURE = 80
UNKNOWN_CLIENT = "127.0.0.4"
_identifiers = itertools.cycle(range(256))


def attribute(number: int, value: bytes) -> bytes:
    return bytes([number, len(value) + 2]) + value


def request(*pairs: tuple[int, bytes], sign: bool = True, secret: bytes = SECRET.encode()) -> bytes:
    """An Access-Request, signed first as BlastRADIUS asks; User-Password is hidden."""
    vector = os.urandom(16)
    body = b""
    for number, value in pairs:
        if number == USER_PASSWORD:
            pad = hashlib.md5(secret + vector).digest()  # noqa: S324 RFC 2865 section 5.2 has it so
            value = bytes(a ^ b for a, b in zip(value.ljust(16, b"\0"), pad, strict=True))
        body += attribute(number, value)
    blank = attribute(SIGNATURE, bytes(16)) if sign else b""
    head = bytes([ACCESS_REQUEST, next(_identifiers)]) + (20 + len(blank + body)).to_bytes(2, "big") + vector
    if sign:
        blank = attribute(SIGNATURE, hmac.digest(secret, head + blank + body, "md5"))
    return head + blank + body


def exchange(site: Site, packet: bytes, source: str = "127.0.0.1", limit: float = 5.0) -> bytes | None:
    """The reply's octets; None when none comes within `limit` seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        sock.settimeout(limit)
        sock.sendto(packet, ("127.0.0.1", site.ports.radius))
        try:
            return sock.recv(4096)
        except TimeoutError:
            return None


def assert_signed(reply: bytes | None, asked: bytes, code: int, secret: bytes = SECRET.encode()) -> bytes:
    """A reply of that code, its signature right and first; the rest of its attributes is returned."""
    assert reply is not None
    assert reply[0] == code
    assert reply[1] == asked[1]
    signed = reply[:4] + asked[4:20] + reply[20:] + secret
    assert reply[4:20] == hashlib.md5(signed).digest()  # noqa: S324 Response Authenticator, RFC 2865 section 3
    assert reply[20:22] == bytes([SIGNATURE, 18])
    blank = reply[:4] + asked[4:20] + reply[20:22] + bytes(16) + reply[38:]
    assert reply[22:38] == hmac.digest(secret, blank, "md5")
    assert bytes([SIGNATURE, 18]) not in reply[38:]
    return reply[38:]


def mab(endpoint: Endpoint, *extra: tuple[int, bytes], sign: bool = True) -> bytes:
    mac = endpoint.mac.encode()
    return request((USER_NAME, mac), (SERVICE_TYPE, CALL_CHECK), (CALLING_STATION_ID, mac), *extra, sign=sign)


def test_an_accept(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    packet = mab(endpoint)
    rest = assert_signed(exchange(site, packet), packet, ACCESS_ACCEPT)
    # Octet by octet (RFC 2868 sections 3.1, 3.2 and 3.6): tag 1, VLAN 13, IEEE-802 6, the name behind its tag.
    vlan = bytes.fromhex("4006 0100000d 4106 01000006 510c01") + b"EMPLOYEES"
    assert rest.startswith(b"\x19\x1emdm:")  # Class (25) of 30 octets: the prefix, and a decision's id
    rest = rest[30:]
    assert rest.startswith(vlan)
    # A Cisco-AVPair of 64 octets; then Session-Timeout 14400 and Termination-Action 1.
    assert rest[len(vlan) :][:8] == bytes.fromhex("1a48 00000009 0142")
    assert rest.endswith(bytes.fromhex("1b06 00003840 1d06 00000001"))
    assert len(rest) == len(vlan) + 0x48 + 12


def test_proxy_state_stays_behind_the_signature(site: Site, new_endpoint: NewEndpoint) -> None:
    """The attacker's text of BlastRADIUS travels in Proxy-State."""
    endpoint = new_endpoint(site)
    packet = mab(endpoint, (PROXY_STATE, b"first"), (PROXY_STATE, b"second"))
    rest = assert_signed(exchange(site, packet), packet, ACCESS_ACCEPT)
    assert attribute(PROXY_STATE, b"first") + attribute(PROXY_STATE, b"second") in rest


REJECTS = {
    "wrong password": [(USER_NAME, VPN_USER.encode()), (USER_PASSWORD, b"not it")],
    "unknown user": [(USER_NAME, b"nobody"), (USER_PASSWORD, b"x")],
    "no password": [(USER_NAME, VPN_USER.encode())],
    "no user": [(USER_PASSWORD, b"x")],
    "randomised MAC": [
        (USER_NAME, b"da-a1-19-00-44-01"),
        (SERVICE_TYPE, CALL_CHECK),
        (CALLING_STATION_ID, b"da-a1-19-00-44-01"),
    ],
    "name of a dACL": [(USER_NAME, b"#ACSACL#-IP-x-00000000"), (USER_PASSWORD, b"x")],
    "NUL in the name": [(USER_NAME, b"employee\0"), (USER_PASSWORD, VPN_PASSWORD.encode())],
    # No hook is called for a value that is not UTF-8, such as a password hidden with another secret.
    "not UTF-8": [(USER_NAME, VPN_USER.encode()), (USER_PASSWORD, b"\xff\xfe")],
    "name that is not UTF-8": [(USER_NAME, b"\xff\xfe"), (USER_PASSWORD, b"x")],
}


@pytest.mark.parametrize("source", ["127.0.0.1", UNSIGNED_CLIENT])
@pytest.mark.parametrize("case", REJECTS)
def test_a_reject(case: str, source: str, site: Site) -> None:
    packet = request(*REJECTS[case])
    rest = assert_signed(exchange(site, packet, source), packet, ACCESS_REJECT)
    assert rest == b"" or rest[0] == 18  # Reply-Message, if anything


def test_a_reject_of_an_eap_conversation_that_never_was(site: Site) -> None:
    """EAP brings its own signature, wherever it stands."""
    packet = request((USER_NAME, b"host/x"), (EAP_MESSAGE, bytes.fromhex("0207 0006 0d00")))
    reply = exchange(site, packet)
    assert reply is not None
    assert reply[0] == ACCESS_REJECT
    assert bytes([SIGNATURE, 18]) in reply


def tampered(packet: bytes) -> bytes:
    """The signature's last octet is wrong; it stands first."""
    return packet[:37] + bytes([packet[37] ^ 1]) + packet[38:]


def test_a_request_with_a_wrong_signature_is_dropped(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    for source in ("127.0.0.1", UNSIGNED_CLIENT):
        assert exchange(site, tampered(mab(endpoint)), source, limit=0.3) is None
    assert expect.all_decisions(site, mac=endpoint.mac.replace("-", "").upper()) == []


def test_the_policy_itself_drops_what_is_not_signed(own_site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(own_site)
    endpoint.enrol(macs=[endpoint.mac])
    # A client that FreeRADIUS lets off, by 3.2.1's default, and we do not.
    client = f"client forgotten {{\n\tipaddr = {UNKNOWN_CLIENT}\n\tsecret = {SECRET}\n"
    client += "\trequire_message_authenticator = no\n}\n"
    with expect.changed(own_site, (own_site.raddb / "clients.conf", "client lab {", client + "client lab {")):
        assert exchange(own_site, mab(endpoint, sign=False), UNKNOWN_CLIENT, limit=0.3) is None
        assert expect.all_decisions(own_site, mac=endpoint.mac.replace("-", "").upper()) == []
        packet = mab(endpoint)
        assert_signed(exchange(own_site, packet, UNKNOWN_CLIENT), packet, ACCESS_ACCEPT)


def test_who_is_let_off_is_answered(site: Site, new_endpoint: NewEndpoint) -> None:
    packet = mab(new_endpoint(site), sign=False)
    assert_signed(exchange(site, packet, UNSIGNED_CLIENT), packet, ACCESS_ACCEPT)
