"""Secrets as we read them against secrets as FreeRADIUS reads them.

Every client gets an address of its own on the loopback network. A request signed with what we have read is sent from
there; FreeRADIUS answers it only when it has read the same octets.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.coa import clients_conf
from freeradius_mdm.coa.attributes import Attribute
from freeradius_mdm.coa.clients import ClientError, Clients
from freeradius_mdm.coa.clients_conf import Sources
from freeradius_mdm.coa.packet import Code
from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.coa.sender import Order, Outcome, Result, Sender
from freeradius_mdm.errors import ConfigError
from freeradius_mdm.lab.processes import free_port
from tests.lab.radius import radiusd

from . import coa_radiusd
from .coa_radiusd import CoaRadiusd

pytestmark = pytest.mark.skipif(radiusd.program() is None, reason="FreeRADIUS is not installed")

CLIENTS = rb"""
# a comment { with a brace and "a quote
templates {
    site {
        secret = from-template
        nas_type = other
    }
}
shared = "top level"
client c1 { ipaddr = 127.0.1.1, secret = bare#hash } # all on one line
client c2 {
    ipaddr = 127.0.1.2   # a comment
    secret = "double # quoted, with a comma" # another
}
client c3 {
    ipaddr = 127.0.1.3
    secret = 'single # "quoted" ${shared} $ENV{MDM_TEST}'
}
client c4 {
    ipaddr=127.0.1.4
    secret="no blanks"
}
client c5 {
    ipv4addr := 127.0.1.5
    secret := 'it\'s \n \\ \" it'
}
client c6 {
    ipaddr = 127.0.1.6
    secret = "a \"quoted\" word and a 'single' one"
}
client c7 {
    ipaddr = 127.0.1.7
    secret = "${shared} and $ENV{MDM_TEST} and $ENV{MDM_NOT_SET}."
}
client c8 {
    ipaddr = 127.0.1.8
    secret = first
    secret = second
}
client c9 {
    ipaddr = 127.0.1.9
    secret = bare}brace{s
}
client c10 {
    ipaddr = 127.0.1.10
    secret = back\slash\\es
}
client c11 {
    ipaddr = 127.0.1.11
    secret = "continued \
        further"
}
client c12 {
    ipaddr = 127.0.1.12
    $template site
}
client c13 {
    ipaddr = 127.0.1.13
    secret = /path/like"value'
}
client c14 {
    ipaddr = 127.0.1.14
    secret = ${further_down}
    limit {
        secret = nested
        lifetime = 0
    }
}
client c15 {
    ipaddr = 127.0.1.15
    secret = "caf\xc3\xa9 \xe9"
}
client c16 {
    ipaddr = 127.0.1.16
    secret = `back quoted`
}
client 127.0.1.17 {
    secret = "old style"
}
client "c 18" {
    ipaddr = 127.0.1.18
    shortname = "of c18"
    secret = "${.shortname}!${client[c1].secret}"
}
client net16 {
    ipaddr = 127.0.2/24
    secret = the-network
}
client inside {
    ipaddr = 127.0.2.128/25
    secret = the-half
}
client one {
    ipaddr = 127.0.2.200
    secret = the-one
    mdm_family = cisco-ios-xe
    mdm_coa_port = 1700
}
client masked {
    ipaddr = 127.0.3.0
    netmask = 24
    secret = 'by mask'
}
client never {
    ipaddr = 127.0.8.77
    netmask = 24
    secret = 'never matches'
}
client radsec {
    ipaddr = 127.0.4.1
    proto = tcp
    secret = not-for-udp
}
client wide {
    ipaddr = 127.0.4.0/24
    proto = *
    secret = "for everything"
}
$INCLUDE more/
$-INCLUDE not-there.conf
further_down = 'from ${shared} further down'
"""
SINGLE = [f"127.0.1.{number}" for number in range(1, 19)]
NETWORKS = ["127.0.2.5", "127.0.2.130", "127.0.2.200", "127.0.3.1", "127.0.4.1", "127.0.4.9"]
INCLUDED = ["127.0.5.1", "127.0.5.2"]
ENVIRONMENT = {**os.environ, "MDM_TEST": "from the environment"}


def write(directory: Path) -> CoaRadiusd:
    more = directory / "more"
    more.mkdir()
    clients = CLIENTS.replace(b"\\xc3\\xa9 \\xe9", b"\xc3\xa9 \xe9")
    (more / "a.conf").write_text("$INCLUDE ../b.conf\nclient a {\n  ipaddr = 127.0.5.1\n  secret = ${confdir}\n}\n")
    (directory / "b.conf").write_bytes(b"client b {\r\n  ipaddr = 127.0.5.2\r\n  secret = carriage\r\n}\r\n")
    (more / ".hidden").write_text("client h {\n  ipaddr = 127.0.5.3\n  secret = hidden\n}\n")
    (more / "backup~").write_text("client h {\n  ipaddr = 127.0.5.3\n  secret = backup\n}\n")
    return coa_radiusd.write(directory, free_port(), clients)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoaRadiusd]:
    made = write(tmp_path_factory.mktemp("clients"))
    with coa_radiusd.running(made, ENVIRONMENT) as running:
        yield running


@pytest.fixture(scope="module")
def clients(server: CoaRadiusd) -> Clients:
    return clients_conf.read(Sources(server.root, version=coa_radiusd.version()), ENVIRONMENT)[0]


def ask(server: CoaRadiusd, address: str, secret: bytes, user: str = "nemo", wait: float = 5.0) -> Result:
    async def send() -> Result:
        sender = Sender(policy=RetransmissionPolicy(first_wait=wait, count=1))
        order = Order("127.0.0.1", server.port, Code.COA_REQUEST, [Attribute("User-Name", user)], source=address)
        try:
            return await sender.send(order, secret)
        finally:
            sender.close()

    return asyncio.run(send())


@pytest.mark.parametrize("address", [*SINGLE, *NETWORKS, *INCLUDED])
def test_the_same_secret(address: str, server: CoaRadiusd, clients: Clients) -> None:
    secret = clients.find(address).secret.octets
    result = ask(server, address, secret)
    assert (result.outcome, result.discarded) == (Outcome.ACK, ()), f"{secret!r}\n{server.log}"


def test_another_secret_is_not_answered(server: CoaRadiusd) -> None:
    # without this the tests above could pass for a server that answers anything
    assert ask(server, "127.0.1.1", b"bare", wait=0.3).outcome is Outcome.TIMEOUT
    assert "(Shared secret is incorrect.)" in server.log


def test_a_netmask_on_an_address_within_the_network_matches_nobody(server: CoaRadiusd, clients: Clients) -> None:
    assert ask(server, "127.0.8.77", b"never matches", wait=0.3).outcome is Outcome.TIMEOUT
    assert "from unknown client 127.0.8.77" in server.log
    with pytest.raises(ClientError, match=r"127\.0\.8\.77 is no client"):
        clients.find("127.0.8.77")
    (warning,) = clients.warnings
    assert "clients.conf:104: client 'never': netmask 24 leaves host bits in 127.0.8.77" in warning


def test_some_read_by_eye(clients: Clients) -> None:
    read = {address: clients.find(address).secret.octets for address in (*SINGLE, *NETWORKS, *INCLUDED)}
    assert read["127.0.1.1"] == b"bare#hash"
    assert read["127.0.1.3"] == b'single # "quoted" ${shared} $ENV{MDM_TEST}'
    assert read["127.0.1.7"] == b"top level and from the environment and ."
    assert read["127.0.1.8"] == b"first"
    assert read["127.0.1.15"] == b"caf\xc3\xa9 \xe9"
    assert read["127.0.2.130"] == b"the-half"
    assert read["127.0.4.1"] == b"for everything"
    one = clients.find("127.0.2.200")
    assert (one.family, one.coa_port, one.where.rpartition("/")[2]) == ("cisco-ios-xe", 1700, "clients.conf:93")


def test_a_backslash_in_double_quotes_depends_on_the_version(tmp_path: Path) -> None:
    text = b'client x {\n  ipaddr = 127.0.6.1\n  secret = "a\\tb\\\\c"\n}\n'
    made = coa_radiusd.write(tmp_path, free_port(), text)
    readings = {
        version: clients_conf.read(Sources(made.root, version=version))[0] for version in ((3, 2, 1), (3, 2, 4))
    }
    assert readings[3, 2, 1].find("127.0.6.1").secret.octets == b"a\\tb\\\\c"
    assert readings[3, 2, 4].find("127.0.6.1").secret.octets == b"a\tb\\c"
    right = clients_conf.read(Sources(made.root, version=coa_radiusd.version()))[0].find("127.0.6.1").secret.octets
    with coa_radiusd.running(made) as running:
        assert ask(running, "127.0.6.1", right).outcome is Outcome.ACK


def test_clients_of_a_virtual_server(tmp_path: Path) -> None:
    glob = b"client g {\n  ipaddr = 127.0.7.1\n  secret = global\n}\n"
    own = "client o {\n  ipaddr = 127.0.7.1\n  secret = 'of the server'\n}\n"
    made = coa_radiusd.write(tmp_path, free_port(), glob, own)
    found = clients_conf.read(Sources(made.root))[0]
    with coa_radiusd.running(made) as running:
        secret = found.find("127.0.7.1", "default").secret.octets
        assert ask(running, "127.0.7.1", secret).outcome is Outcome.ACK
        assert ask(running, "127.0.7.1", found.find("127.0.7.1", "other").secret.octets, wait=0.3).sent == 1
    assert secret == b"of the server"


@pytest.mark.parametrize(
    "text",
    [
        "client x {\n  ipaddr = 127.0.0.1\n  secret = two words\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret = 'open\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret = a\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret = a\n}\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n}\n",
        "client x {\n  ipaddr = 127.0.0.1/33\n  secret = a\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret == a\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret = \u00e9\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret = a\n}\nclient y {\n  ipaddr = 127.0.0.1\n  secret = b\n}\n",
        "$INCLUDE missing.conf\n",
        "client x y z {\n}\n",
        "client x {\n  $template none\n}\n",
        "client x {\n  _secret = a\n}\n",
        "client x {\n  ipaddr = 127.0.0.1\n  secret = a \\",
    ],
)
def test_what_freeradius_refuses_we_refuse(text: str, tmp_path: Path) -> None:
    made = coa_radiusd.write(tmp_path, free_port(), text.encode())
    assert coa_radiusd.refuses(made)
    with pytest.raises(ConfigError) as caught:
        clients_conf.read(Sources(made.root))
    (problem,) = caught.value.problems
    assert problem.where.startswith(str(tmp_path))
    assert "two words" not in str(caught.value)
