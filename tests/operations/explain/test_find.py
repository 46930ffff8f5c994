"""What an operator's word may mean, and the order in which it is tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.compliance import Compliance, ComplianceAnswer, Managed, Registration
from freeradius_mdm.operations.errors import OperationError
from freeradius_mdm.operations.explain import Finder, Kind
from freeradius_mdm.operations.explain.model import Origin
from tests.builders import DEVICE, KEY, MAB, OTHER, TOML, URI, URI_ATTRIBUTE, WIRED_EAP_TLS
from tests.operations.explain.desk import Desk

LAPTOP = (*WIRED_EAP_TLS, ("TLS-Client-Cert-X509v3-Subject-Alternative-Name", f"URI:{URI}"), (URI_ATTRIBUTE, URI))
SESSION = (("Acct-Session-Id", "0000002A"), ("Cisco-AVPair", "audit-session-id=C000020A000000016553F100"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.answer(KEY, ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE), 60)
    yield made
    made.close()


def finder(desk: Desk) -> Finder:
    return Finder(desk.config, desk.lookup)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("00-50-56-a1-b2-c3", "the latest decision of MAC 005056A1B2C3"),
        ("0050.56a1.b2c3", "the latest decision of MAC 005056A1B2C3"),
        ("005056a1b2c3", "the latest decision of MAC 005056A1B2C3"),
        (DEVICE, f"the latest decision of device {DEVICE}"),
        ("{" + DEVICE.upper() + "}", f"the latest decision of device {DEVICE}"),
        ("host/laptop", "the latest decision of user 'host/laptop'"),
        (" host/laptop\n", "the latest decision of user 'host/laptop'"),
    ],
)
def test_the_latest_decision_is_taken(what: str, name: str, desk: Desk) -> None:
    desk.authenticate((*LAPTOP, *SESSION))
    latest = desk.authenticate((*LAPTOP, *SESSION))
    found = finder(desk).find(what)
    assert (found.name, found.origin) == (name, Origin.DECISION)
    assert found.decision is not None
    assert found.decision.id == latest.id


@pytest.mark.parametrize("what", ["0000002A", "C000020A000000016553F100"])
def test_a_session_gives_the_decision_in_force(what: str, desk: Desk) -> None:
    first = desk.authenticate((*LAPTOP, *SESSION))
    desk.now += 60
    second = desk.authenticate((*LAPTOP, *SESSION))
    (session,) = desk.lookup.sessions_called(what)
    assert (session.id, session.decision_id) == (first.id, second.id)
    found = finder(desk).find(what)
    assert found.name == f"session {first.id}, the decision in force for it"
    assert found.decision is not None
    assert found.decision.id == second.id
    # The session's id is that of the decision which opened it; asked for as a session it is the session.
    assert finder(desk).find(first.id).decision == first
    assert finder(desk).find(first.id, Kind.SESSION).decision == second


def test_a_mac_comes_before_the_beginning_of_an_id(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freeradius_mdm.enforcement.secrets.token_hex", lambda _: "005056a1b2c3" + "0" * 12)
    made = desk.authenticate(MAB)
    assert finder(desk).find("005056a1b2c3").name == "the latest decision of MAC 005056A1B2C3"
    assert finder(desk).find("005056a1b2c3", Kind.DECISION).name == f"decision {made.id}"
    assert finder(desk).find("005056a1b2").name == f"decision {made.id}"
    # A MAC without decisions gives way to an id that begins like it.
    monkeypatch.setattr("freeradius_mdm.enforcement.secrets.token_hex", lambda _: "0050560000aa" + "0" * 12)
    made = desk.authenticate(MAB)
    assert finder(desk).find("0050560000aa").name == f"decision {made.id}"


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("nobody", None, "there is no decision, device, session or user 'nobody'"),
        ("", None, "there is no decision, device, session or user ''"),
        ("12345", None, "there is no decision, device, session or user '12345'"),
        ("123456", Kind.DECISION, "there is no decision '123456'"),
        ("host/laptop", Kind.SESSION, "there is no session 'host/laptop'"),
        ("host/laptop", Kind.MAC, "there is no mac 'host/laptop'"),
    ],
)
def test_nothing_of_that_name(what: str, kind: Kind | None, said: str, desk: Desk) -> None:
    desk.authenticate((("User-Name", ""), *WIRED_EAP_TLS[1:]))
    with pytest.raises(OperationError, match=said):
        finder(desk).find(what, kind)


@pytest.mark.parametrize("kind", [None, Kind.GUID])
def test_a_device_without_a_decision_is_made_up(kind: Kind | None, desk: Desk) -> None:
    found = finder(desk).find(OTHER, kind)
    assert (found.origin, found.decision) == (Origin.MADE_UP, None)
    told = desk.explainer().explain(found)
    assert (told.identity.value, told.identity.source) == (OTHER, "certificate-uri")


@pytest.mark.parametrize(
    ("remove", "what", "source"),
    [
        ("", "00-50-56-a1-b2-c3", "mac"),
        ('[[identity]]\nsource = "certificate-uri"\n', OTHER, "vpn-device-id"),
        ('[[identity]]\nsource = "vpn-device-id"\n', OTHER, "certificate-uri"),
    ],
)
def test_the_first_source_that_can_give_it_is_used(remove: str, what: str, source: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, TOML.replace(remove, ""))
    try:
        told = desk.explain(what)
        assert told.identity.source == source
        assert told.now.decision.access == ("vpn" if source == "vpn-device-id" else "wired")
    finally:
        desk.close()


def test_no_source_can_give_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, TOML.replace('[[identity]]\nsource = "mac"\n', ""))
    try:
        with pytest.raises(OperationError, match="there is no decision about 005056A1B2C3, and no identity source"):
            desk.explain("005056a1b2c3")
    finally:
        desk.close()
