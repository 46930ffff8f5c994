"""The client of RADIUS over TLS against a scripted server: packets out of a stream, and how it gives up.

Against a real FreeRADIUS it is in tests/radius/test_radsec.py.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from freeradius_mdm.lab.radius import Certificates, NoReply, Reply, RequestError, TlsProfile, attributes
from freeradius_mdm.lab.radius.radsec import SECRET, RadSecClient
from tests.lab.radius.pki import SERVER_NAME, Authority
from tests.lab.radius.scripted import ACCEPT, REJECT, SESSION_TIMEOUT, closed_port, packet

NEMO = attributes.encode([("User-Name", "nemo")])
Conversation = Callable[[ssl.SSLSocket], None]


@pytest.fixture(scope="module")
def device(authority: Authority) -> Certificates:
    return authority.issue("radsec-device")


@pytest.fixture(scope="module")
def context(authority: Authority) -> ssl.SSLContext:
    files = authority.issue("radsec-server", server=True)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(files.certificate, files.key)
    made.load_verify_locations(files.ca)
    made.verify_mode = ssl.CERT_REQUIRED
    return made


@contextmanager
def serving(context: ssl.SSLContext, *conversations: Conversation) -> Iterator[int]:
    """The port of a server that has one conversation for each connection, in their order."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for talk in conversations:
                plain, _ = listener.accept()
                # A client that does not trust this server, or is not trusted, ends the connection itself.
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(timeout=10)
            assert not thread.is_alive(), "a conversation of the script did not take place"


def request(connection: ssl.SSLSocket) -> bytes:
    """The next request; these are small, and TLS gives each as it was sent."""
    return connection.recv(4096)


def reply(octets: bytes, code: int = ACCEPT, secret: bytes = SECRET) -> bytes:
    return packet(octets, code, SESSION_TIMEOUT, secret=secret)


def ask(client: RadSecClient) -> Reply:
    return client.exchange(client.access_request(NEMO, password="arctangent"))  # noqa: S106


def client(port: int, files: Certificates, timeout: float = 5.0, name: str = SERVER_NAME) -> RadSecClient:
    return RadSecClient("127.0.0.1", TlsProfile(files, server_name=name), port, timeout)


def test_one_connection_for_many_requests(context: ssl.SSLContext, device: Certificates) -> None:
    def talk(connection: ssl.SSLSocket) -> None:
        for code in (ACCEPT, REJECT):
            connection.sendall(reply(request(connection), code))

    with serving(context, talk) as port, client(port, device) as radsec:
        assert [ask(radsec).accepted, ask(radsec).accepted] == [True, False]
        assert radsec.tls_version == "TLSv1.3"


def test_a_reply_in_pieces_behind_a_late_one(context: ssl.SSLContext, device: Certificates) -> None:
    def talk(connection: ssl.SSLSocket) -> None:
        octets = request(connection)
        late = reply(octets[:1] + bytes([(octets[1] + 1) % 256]) + octets[2:], REJECT)
        whole = late + reply(octets)
        for at in range(0, len(whole), 7):
            connection.sendall(whole[at : at + 7])

    with serving(context, talk) as port, client(port, device) as radsec:
        assert ask(radsec).accepted


def test_a_closed_connection_is_opened_again(context: ssl.SSLContext, device: Certificates) -> None:
    def close(connection: ssl.SSLSocket) -> None:
        request(connection)

    def answer(connection: ssl.SSLSocket) -> None:
        connection.sendall(reply(request(connection)))

    with serving(context, close, answer) as port, client(port, device) as radsec:
        with pytest.raises(NoReply, match="closed the connection"):
            ask(radsec)
        assert ask(radsec).accepted


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda octets: reply(octets, secret=b"testing123"), "wrong Response Authenticator"),
        (lambda octets: reply(octets)[:2] + b"\x00\x05", "a packet of 5 octets"),
        (lambda octets: b"\x63" + reply(octets)[1:], "packet code 99"),
    ],
    ids=["another secret", "length", "code"],
)
def test_what_is_not_believed(
    answer: Callable[[bytes], bytes], why: str, context: ssl.SSLContext, device: Certificates
) -> None:
    with (
        serving(context, lambda connection: connection.sendall(answer(request(connection)))) as port,
        client(port, device) as radsec,
        pytest.raises(NoReply, match=why),
    ):
        ask(radsec)


def test_silence(context: ssl.SSLContext, device: Certificates) -> None:
    def listen(connection: ssl.SSLSocket) -> None:
        request(connection)
        request(connection)  # until the client gives up

    with (
        serving(context, listen) as port,
        client(port, device, timeout=0.2) as radsec,
        pytest.raises(NoReply, match=r"no answer within 0\.2 s"),
    ):
        ask(radsec)


def test_a_server_of_another_name(context: ssl.SSLContext, device: Certificates) -> None:
    with (
        serving(context, lambda _: None) as port,
        client(port, device, name="other.example.org") as radsec,
        pytest.raises(NoReply, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        ask(radsec)


def test_nobody_listens(device: Certificates) -> None:
    with client(closed_port(), device) as radsec, pytest.raises(NoReply, match="refused"):
        ask(radsec)


def test_a_request_that_is_too_long(device: Certificates) -> None:
    many = attributes.encode([("Cisco-AVPair", "x" * 240)] * 20)
    with client(closed_port(), device) as radsec, pytest.raises(RequestError, match="at most 4096"):
        radsec.exchange(radsec.access_request(many))
