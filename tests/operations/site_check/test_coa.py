"""Secrets of network devices, and devices that answer, do not, or have another secret (RFC 5176)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood, NasSettings
from freeradius_mdm.operations.site_check import coa
from freeradius_mdm.operations.site_check.finding import Finding, State
from freeradius_mdm.operations.site_check.site import Site
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.write import StoreWriter
from tests.operations.site_check.sites import site

ADDRESS = "127.0.0.77"


def with_clients(directory: Path, clients: str, sessions: tuple[Session, ...] = ()) -> Site:
    made = site(directory, ("clients.conf", "", clients))
    assert made.config is not None
    writer = StoreWriter(made.config.service.state_directory)
    writer.put_sessions(sessions)
    writer.close()
    return made


def session(number: int = 1, client: str = ADDRESS, family: str = "hostapd") -> Session:
    return Session(f"{number:024x}", SessionState.STARTED, client, f"{number:024x}", 1.0, 1.0, 1.0, family=family)


def client(port: int = 3799, *, address: str = ADDRESS, family: str = "hostapd", secret: str = "s3cret") -> str:  # noqa: S107
    return (
        f"client c{address} {{\n\tipaddr = {address}\n\tsecret = {secret}\n\tmdm_family = {family}\n"
        f"\tmdm_coa_port = {port}\n}}\n"
    )


def check(made: Site, *, ask: bool = False) -> list[Finding]:
    return coa.check(made, lambda _: None, ask=ask)


@pytest.fixture
def nas() -> Iterator[LabNas]:
    with LabNas(NasSettings(b"s3cret", ADDRESS)) as running:
        yield running


def test_secrets_are_looked_for_without_a_packet(tmp_path: Path, nas: LabNas) -> None:
    found = check(with_clients(tmp_path, client(nas.port), (session(1), session(2))))
    assert [(each.state, each.text) for each in found] == [
        (State.OK, "a secret is known for each of 1 network devices"),
        (
            State.SKIPPED,
            "whether 1 network device can be told of a change is not tried: it sends each of them a request",
        ),
    ]
    assert found[-1].advice == "mdmctl check --coa"
    assert nas.received == 0


def test_a_device_that_is_no_client(tmp_path: Path) -> None:
    first, *_ = check(with_clients(tmp_path, client(address="192.0.2.1"), (session(client="192.0.2.9"),)))
    assert (first.state, first.code) == (State.ERROR, "M1828")
    assert first.text.startswith("192.0.2.9 has 1 session, and can't be told of a change: 192.0.2.9 is no client of")


def test_which_devices_there_are(tmp_path: Path) -> None:
    """Clients with one address; of a network those that have sessions; this machine only if it has some."""
    clients = client(address="192.0.2.1") + client(address="198.51.100.0/24") + client(address="127.0.0.1")
    found = check(with_clients(tmp_path, clients, (session(client="198.51.100.7"),)))
    assert found[0].text == "a secret is known for each of 2 network devices"


def test_faulty_client_definitions(tmp_path: Path) -> None:
    made = with_clients(tmp_path, client())
    (made.raddb / "clients.conf").write_text("client x {\n\tipaddr = 192.0.2.1\n}\n")
    (found,) = check(made)
    assert (found.state, found.where) == (State.ERROR, f"{made.raddb}/clients.conf:1")
    assert found.text.startswith("client 'x' has no secret")


def test_without_a_store_the_clients_are_looked_at(tmp_path: Path) -> None:
    first, second, _ = check(site(tmp_path))
    assert first.state is State.WARNING
    assert "store.sqlite" in first.text
    assert second.text == "a secret is known for each of 2 network devices"


def test_change_of_authorization_that_is_off(tmp_path: Path) -> None:
    made = site(tmp_path)
    assert made.config is not None
    off = replace(made.config, coa=replace(made.config.coa, mode=coa.CoaMode.OFF))
    (found,) = check(replace(made, config=off))
    assert (found.state, found.text) == (State.SKIPPED, "coa.mode is off")


@pytest.mark.parametrize("family", ["hostapd", "cisco-ios-xe", "cisco-asa", "strongswan", "generic"])
def test_a_device_that_answers(tmp_path: Path, nas: LabNas, family: str) -> None:
    """It knows no such session, and says so: NAK with Error-Cause 503 (RFC 5176 section 3.5). Nothing is done."""
    made = with_clients(tmp_path, client(nas.port, family=family), (session(family=family),))
    found = check(made, ask=True)
    assert [(each.state, each.text) for each in found[1:]] == [
        (State.OK, f"1 network device answers: {ADDRESS}"),
    ]
    assert nas.received == 1
    assert nas.effects == []
    assert not nas.dropped


def test_an_answer_of_any_kind_will_do(tmp_path: Path, nas: LabNas) -> None:
    nas.behaviour = Behaviour(Mood.NAK)  # without Error-Cause
    assert check(with_clients(tmp_path, client(nas.port), (session(),)), ask=True)[1].state is State.OK


def test_a_device_that_drops_what_it_gets(tmp_path: Path, nas: LabNas) -> None:
    nas.behaviour = Behaviour(Mood.SILENT)
    *_, found = check(with_clients(tmp_path, client(nas.port), (session(),)), ask=True)
    assert (found.state, found.code) == (State.ERROR, "M1829")
    assert found.text == (
        f"{ADDRESS} port {nas.port}: {ADDRESS} has 1 session, and does not answer a change of authorization: "
        "no answer in 3 s, sent 3 times"
    )


def test_a_device_without_sessions_is_a_warning(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((ADDRESS, 0))
        port = probe.getsockname()[1]
    elsewhere = f"\tmdm_coa_address = {ADDRESS}\n\tmdm_coa_port"
    clients = client(port, address="192.0.2.1").replace("\tmdm_coa_port", elsewhere)
    *_, found = check(with_clients(tmp_path, clients), ask=True)
    assert found.state is State.WARNING
    assert found.text.startswith(f"{ADDRESS} port {port}: 192.0.2.1 has no session, and does not answer")
    assert "Connection refused" in found.text


@pytest.fixture
def forger() -> Iterator[int]:
    """Answers each request with a NAK whose Response Authenticator is zeros; the port that it listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((ADDRESS, 0))

        def answer() -> None:
            while (received := listening.recvfrom(4096))[0] != b"end":
                octets, sender = received
                listening.sendto(bytes([octets[0] + 2, octets[1], 0, 20]) + bytes(16), sender)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listening.getsockname()[1]
        listening.sendto(b"end", listening.getsockname())
        thread.join()


def test_a_device_with_another_secret(tmp_path: Path, forger: int) -> None:
    *_, found = check(with_clients(tmp_path, client(forger), (session(),)), ask=True)
    assert found.state is State.ERROR
    assert "its answer is not signed with our secret (wrong Response Authenticator" in found.text
    assert found.where.endswith("clients.conf:1")


def test_a_family_that_takes_none(tmp_path: Path) -> None:
    """Palo Alto's VPN has no change of authorization (coa/families.toml)."""
    *_, found = check(with_clients(tmp_path, client(family="paloalto"), (session(family="paloalto"),)), ask=True)
    assert (found.state, found.text) == (
        State.SKIPPED,
        f"{ADDRESS}: family paloalto takes no change of authorization",
    )


def test_many_devices_at_once(tmp_path: Path) -> None:
    """Forty of them, one of which does not answer: the others are told in one line."""
    with ExitStack() as stack:
        clients, sessions = "", []
        for number in range(1, 41):
            address = f"127.0.1.{number}"
            device = stack.enter_context(LabNas(NasSettings(b"s3cret", address)))
            device.behaviour = Behaviour(Mood.SILENT if number == 7 else Mood.HONEST)
            clients += client(device.port, address=address)
            sessions.append(session(number, address))
        found = check(with_clients(tmp_path, clients, tuple(sessions)), ask=True)
    ok, silent = found[1:]
    assert ok.text.startswith("39 network devices answer: 127.0.1.")
    assert silent.text.startswith("127.0.1.7 port ")
