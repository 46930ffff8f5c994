"""The exchange over UDP: what is sent again, what is believed, how it gives up."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from pyrad.packet import AuthPacket

from freeradius_mdm.lab.radius import (
    Code,
    EapCode,
    NoReply,
    RadiusClient,
    RequestError,
    RetryPolicy,
    Server,
    attributes,
    wire,
)
from tests.lab.radius import scripted
from tests.lab.radius.radiusd import has_ipv6
from tests.lab.radius.scripted import (
    ACCEPT,
    REJECT,
    SECRET,
    SESSION_TIMEOUT,
    Answer,
    closed_port,
    packet,
    serving,
    signed,
)

QUICK = RetryPolicy(tries=3, wait=0.05, growth=1)
PATIENT = RetryPolicy(tries=1, wait=5)
PASSWORD = "arctangent"  # noqa: S105
NEMO = attributes.encode([("User-Name", "nemo")])


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


def silence(_: bytes) -> list[bytes]:
    return []


def forged(request: bytes) -> list[bytes]:
    """What someone without the secret sends, and then the real thing."""
    return [packet(request, ACCEPT, SESSION_TIMEOUT, secret=b"other"), packet(request, REJECT, SESSION_TIMEOUT)]


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_exchange(host: str) -> None:
    with serving(signed(ACCEPT), host=host) as script, RadiusClient(script.server, PATIENT) as client:
        reply = client.exchange(client.access_request(NEMO, password=PASSWORD))
    assert reply.accepted
    assert (reply.code, reply.eap_code, reply.has_mppe_keys) == (Code.ACCESS_ACCEPT, None, False)
    assert [at.name for at in reply.attributes] == ["Message-Authenticator", "Session-Timeout"]
    assert reply.value("Session-Timeout") == 14400
    assert (reply.has_message_authenticator, reply.message_authenticator_first, reply.length) == (True, True, 44)


@pytest.mark.parametrize(("signature", "last"), [(False, False), (True, True)])
def test_where_the_signature_is(signature: bool, last: bool) -> None:
    answer = signed(ACCEPT, signature=signature, last=last)
    with serving(answer) as script, RadiusClient(script.server, PATIENT) as client:
        reply = client.exchange(client.access_request(NEMO))
    assert (reply.has_message_authenticator, reply.message_authenticator_first) == (signature, False)


@pytest.mark.parametrize(
    ("octets", "code"), [("03010004", EapCode.SUCCESS), ("04010004", EapCode.FAILURE), ("0301", None)]
)
def test_eap_code(octets: str, code: EapCode | None) -> None:
    attribute = bytes([79, 2 + len(octets) // 2]) + bytes.fromhex(octets)
    with serving(signed(REJECT, attribute)) as script, RadiusClient(script.server, PATIENT) as client:
        assert client.exchange(client.access_request(NEMO)).eap_code is code


def test_request_on_the_wire() -> None:
    with serving(signed(ACCEPT)) as script, RadiusClient(script.server, PATIENT) as client:
        client.exchange(client.access_request(NEMO, password=PASSWORD, state=b"s"))
    (request,) = script.requests
    received = AuthPacket(packet=request, secret=SECRET, dict=attributes.dictionary())
    assert received["User-Name"] == ["nemo"]
    assert received["State"] == [b"s"]
    assert received.PwDecrypt(received["User-Password"][0]) == PASSWORD
    # the signature is the first attribute, over the packet with sixteen zeros in its place
    assert request[20:22] == b"\x50\x12"
    assert hmac.digest(SECRET, request[:22] + bytes(16) + request[38:], "md5") == request[22:38]


def test_unsigned_request() -> None:
    with serving(signed(ACCEPT)) as script, RadiusClient(script.server, PATIENT) as client:
        client.exchange(client.access_request(NEMO, sign=False))
    assert script.requests[0][20:] == b"\x01\x06nemo"


def test_accounting_request_on_the_wire() -> None:
    with serving(signed(5, b"", signature=False)) as script, RadiusClient(script.server, PATIENT) as client:
        assert client.exchange(client.accounting_request(NEMO)).code is Code.ACCOUNTING_RESPONSE
    (request,) = script.requests
    # RFC 2866 section 3
    digest = hashlib.md5(request[:4] + bytes(16) + request[20:] + SECRET).digest()  # noqa: S324
    assert request[4:20] == digest


def test_a_retransmission_repeats_the_octets() -> None:
    with serving(silence, silence, signed(ACCEPT)) as script, RadiusClient(script.server, QUICK) as client:
        assert client.exchange(client.access_request(NEMO)).accepted
    assert len(script.requests) == 3
    assert len(set(script.requests)) == 1


def test_each_exchange_has_its_own_identifier() -> None:
    with serving(*[signed(ACCEPT)] * 3) as script, RadiusClient(script.server, PATIENT) as client:
        for _ in range(3):
            client.exchange(client.access_request(NEMO))
    first = script.requests[0][1]
    assert [request[1] for request in script.requests] == [first, (first + 1) % 256, (first + 2) % 256]
    assert len({request[4:20] for request in script.requests}) == 3


def test_a_forged_reply_is_passed_over() -> None:
    with serving(forged) as script, RadiusClient(script.server, PATIENT) as client:
        assert client.exchange(client.access_request(NEMO)).code is Code.ACCESS_REJECT


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (silence, "no answer to 2 requests; does the server know this client"),
        (lambda request: [packet(request, ACCEPT, b"", secret=b"other")], "discarded: wrong Response Authenticator"),
        (lambda request: [b"nonsense"], "discarded: 8 octets"),
    ],
)
def test_no_reply(answer: Answer, why: str) -> None:
    policy = RetryPolicy(tries=2, wait=0.05)
    with serving(answer, answer) as script, RadiusClient(script.server, policy) as client:
        with pytest.raises(NoReply, match=why):
            client.exchange(client.access_request(NEMO))
        assert len(script.requests) == 2


def test_closed_port() -> None:
    closed = Server("127.0.0.1", closed_port())
    with RadiusClient(closed, PATIENT) as client, pytest.raises(NoReply, match="nothing listens there"):
        client.exchange(client.access_request(NEMO))
    stubborn = RetryPolicy(2, 0.05, refused_ends=False)
    with RadiusClient(closed, stubborn) as client, pytest.raises(NoReply, match="2 requests; discarded: connection"):
        client.exchange(client.access_request(NEMO))


def test_unknown_host() -> None:
    with RadiusClient(Server("radius.invalid"), PATIENT) as client, pytest.raises(NoReply, match="check address"):
        client.exchange(client.access_request(NEMO))


def test_source_address() -> None:
    with serving(signed(ACCEPT)) as script:
        server = Server("127.0.0.1", script.server.port, SECRET, source="127.0.0.9")
        with RadiusClient(server, PATIENT) as client:
            assert client.exchange(client.access_request(NEMO)).accepted


def test_requests_that_can_not_be_sent() -> None:
    with RadiusClient(Server("127.0.0.1")) as client:
        with pytest.raises(RequestError, match="128 octets"):
            client.access_request(NEMO, password="x" * 129)
        large = client.access_request(attributes.encode([("Reply-Message", "x" * 253)] * 17))
        with pytest.raises(RequestError, match="at most 4096"):
            client.exchange(large)


def test_waits_double_up_to_the_longest() -> None:
    assert list(RetryPolicy(tries=5, wait=2, longest_wait=10).waits()) == [2, 4, 8, 10, 10]


def test_the_secret_is_not_shown() -> None:
    assert "xyzzy" not in repr(Server("127.0.0.1", secret=SECRET))


def test_the_scripted_server_signs_what_the_client_believes() -> None:
    request = bytes([1, 7, 0, 20]) + bytes(range(16))
    (octets,) = scripted.signed(ACCEPT)(request)
    assert wire.fault(wire.parse(octets), request, SECRET) is None
