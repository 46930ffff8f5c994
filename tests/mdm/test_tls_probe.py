"""What is presented, and which root it wants; how it is shown after a failure is in test_http.py."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.mdm.tls_probe import presented, presented_chain, wanted_root

from .bench import LOGIN_HOST, Bench

ROOT = "CN=Lab CA,O=freeradius-mdm lab"


def test_the_chain(bench: Bench) -> None:
    (certificate,) = presented(LOGIN_HOST, bench.sim.address, None, 5.0)
    assert certificate.issuer == ROOT
    assert len(certificate.sha256) == 64
    assert certificate.sha256 == certificate.sha256.upper()
    assert wanted_root([certificate]) == ROOT


def test_a_server_that_sends_its_root_too(pki: LabPki, tmp_path: Path) -> None:
    credential = pki.server("whole", ["whole.example"], directory=tmp_path)
    whole = tmp_path / "chain.pem"
    whole.write_bytes(credential.cert_file.read_bytes() + pki.ca_file.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole, credential.key_file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)

        server = threading.Thread(target=greet)
        server.start()
        chain = presented("whole.example", f"127.0.0.1:{listener.getsockname()[1]}", None, 5.0)
        server.join()
    assert [certificate.subject for certificate in chain] == ["CN=whole.example", ROOT]
    assert wanted_root(chain) == ROOT


def test_without_a_chain_no_root_is_wanted() -> None:
    assert wanted_root([]) == ""


def test_a_proxy_gets_the_password_in_its_address(bench: Bench) -> None:
    """RFC 7617 section 2: Aladdin and his pass phrase."""
    heads = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                heads.append(connection.recv(4096).decode())
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

        proxy = threading.Thread(target=refuse)
        proxy.start()
        address = f"http://Aladdin:open%20sesame@127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(OSError, match="407"):
            presented(LOGIN_HOST, None, address, 5.0)
        proxy.join()
    assert heads[0].startswith(f"CONNECT {LOGIN_HOST}:443 HTTP/1.")
    assert "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n" in heads[0]


@pytest.mark.parametrize("proxy", ["https://127.0.0.1:9", "http://127.0.0.1:9"])
def test_where_it_can_not_be_had(proxy: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 any of them will do
        presented(LOGIN_HOST, None, proxy, 1.0)
    assert "could not be fetched" in presented_chain(LOGIN_HOST, None, proxy, 1.0)
