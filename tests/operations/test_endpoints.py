"""Which endpoint or session an operator means by what he has of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.operations.codes import OperationCode
from freeradius_mdm.operations.endpoints import Endpoints
from freeradius_mdm.operations.errors import OperationError
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.write import JournalPosition, StoreWriter
from tests.builders import config
from tests.store.samples import COMPLIANT, decision, key

AT = 1_700_000_000.0
ALICE, PRINTER = "0050560000A1", "0050560000B2"
SCREEN = EndpointKey("Intune", IdKind.MAC, PRINTER)


def intune(number: int) -> EndpointKey:
    return key(number, "Intune")


def session(number: int, of: EndpointKey, **more: object) -> Session:
    known = {
        "server": of.server,
        "identity_kind": of.kind.value,
        "identity": of.value,
        "nas_name": "switch",
        "nas_port_id": f"Gi1/0/{number}",
        "acct_session_id": f"ACCT{number}",
    }
    values = {"state": SessionState.STARTED, "client": "192.0.2.10", "decision_id": f"{number:024x}"} | known | more
    times = {"authorized_at": AT, "reauthorized_at": AT, "last_seen": AT}
    return Session(id=f"aaaa{number:020x}", **(values | times))  # type: ignore[arg-type]


@pytest.fixture
def endpoints(tmp_path: Path) -> Iterator[Endpoints]:
    using = config(tmp_path)
    writer = StoreWriter(using.service.state_directory)
    writer.put_answer(intune(1), COMPLIANT, AT)
    writer.put_answer(EndpointKey("Intune", IdKind.ENTRA, key(1).value), COMPLIANT, AT)
    writer.put_answer(intune(2), COMPLIANT, AT)
    writer.put_answer(SCREEN, COMPLIANT, AT)
    made = decision(
        7, id="bbbbbb0000000000000000f7", user="carol", mac="0050560000C3", server="Intune", identity_kind="intune"
    )
    writer.ingest([made], (), JournalPosition("20231114T22.jsonl", 1, 1), AT)
    writer.put_sessions(
        [
            session(1, intune(2), mac=ALICE, user="alice"),
            session(2, intune(3), mac="0050560000D4", user="bob"),
            session(3, intune(4), mac="0050560000E5", user="bob"),
            session(4, intune(5), mac="0050560000E5", user="dora"),
            session(5, intune(6), mac="0050560000F6", state=SessionState.ENDED, ended_at=AT, end_cause="stop"),
        ]
    )
    yield Endpoints(using)
    writer.close()


MEANT = [
    (f"Intune/intune/{key(9).value}", intune(9), "as named"),
    ("Intune/mac/00:50:56:00:00:a1", EndpointKey("Intune", IdKind.MAC, ALICE), "as named"),
    (key(2).value.upper(), intune(2), "by its device id"),
    (key(7).value, intune(7), "by its latest decision"),
    (key(9).value, intune(9), "not seen yet, by the kinds of device id that mdm.toml looks for"),
    # What a station is identified by, which is a certificate here; by its MAC only where that is all there is.
    ("00-50-56-00-00-a1", intune(2), "by the MAC of its live session"),
    ("0050.5600.00c3", intune(7), "by the MAC of its latest decision"),
    (PRINTER, SCREEN, "by its MAC"),
    ("00:50:56:00:00:99", EndpointKey("Intune", IdKind.MAC, "005056000099"), "not seen yet, by its MAC"),
    ("alice", intune(2), "by the user of its live session"),
    ("carol", intune(7), "by the user of its latest decision"),
    ("ACCT2", intune(3), "by its session"),
    (f"aaaa{2:020x}", intune(3), "by its session"),
    ("bbbbbb", intune(7), "by decision bbbbbb0000000000000000f7"),
]


@pytest.mark.parametrize(("text", "expected", "how"), MEANT)
def test_one_endpoint(text: str, expected: EndpointKey, how: str, endpoints: Endpoints) -> None:
    found = endpoints.endpoint(f" {text} ")
    assert (found.key, found.how) == (expected, how)


@pytest.mark.parametrize(
    ("text", "count", "named"),
    [
        (key(1).value, 2, f"Intune/entra/{key(1).value}, Intune/intune/{key(1).value}"),
        ("bob", 2, f"Intune/intune/{key(3).value}, Intune/intune/{key(4).value}"),
        ("00-50-56-00-00-e5", 2, f"Intune/intune/{key(4).value}, Intune/intune/{key(5).value}"),
    ],
)
def test_several_endpoints(text: str, count: int, named: str, endpoints: Endpoints) -> None:
    with pytest.raises(OperationError) as caught:
        endpoints.endpoint(text)
    assert (caught.value.code, caught.value.allowed) == (OperationCode.SEVERAL_MEANT, named)
    assert f"is {count} endpoints" in caught.value.what


@pytest.mark.parametrize("text", ["nobody", "", "aaaaaa", "Intune/intune/x", "Intune/serial/1"])
def test_no_endpoint(text: str, endpoints: Endpoints) -> None:
    with pytest.raises(OperationError) as caught:
        endpoints.endpoint(text)
    assert caught.value.code is OperationCode.NOT_FOUND


@pytest.mark.parametrize("text", ["alice", "ACCT1", f"aaaa{1:020x}", "00-50-56-00-00-a1", key(2).value])
def test_one_session(text: str, endpoints: Endpoints) -> None:
    assert endpoints.session(text).id == f"aaaa{1:020x}"


def test_no_session_or_several(endpoints: Endpoints) -> None:
    with pytest.raises(OperationError) as caught:
        endpoints.session("bob")
    assert caught.value.code is OperationCode.SEVERAL_MEANT
    assert sorted(caught.value.allowed.split("; ")) == [
        f"aaaa{2:020x} on switch Gi1/0/2",
        f"aaaa{3:020x} on switch Gi1/0/3",
    ]
    for text, what in (("ACCT5", "that session has ended: stop"), ("eve", "no live session is 'eve'")):
        with pytest.raises(OperationError) as caught:
            endpoints.session(text)
        assert (caught.value.code, caught.value.what) == (OperationCode.NOT_FOUND, what)
