"""A session as another node reads it."""

from __future__ import annotations

import json

import pytest

from freeradius_mdm.service import session_wire
from freeradius_mdm.sessions.model import Session, SessionState
from tests.store.samples import decision

SESSION = Session(
    id=f"{1:024x}",
    state=SessionState.STARTED,
    client="192.0.2.10",
    decision_id=f"{2:024x}",
    authorized_at=1_700_000_000.25,
    reauthorized_at=1_700_000_100.5,
    last_seen=1_700_000_200.0,
    user="host/büro",
    acct_session_id="0000001B",
    former_acct_session_ids=("00000019", "0000001A"),
    session_timeout=14400,
    timer_ends_at=1_700_014_500.5,
    node="radius1",
)


def test_comes_back_as_it_was() -> None:
    made = decision(2, request=(("User-Name", "host/büro"), ("EAP-Type", "TLS")))
    assert session_wire.decode(session_wire.encode(SESSION, made)) == (SESSION, made)
    assert session_wire.decode(session_wire.encode(SESSION, None)) == (SESSION, None)


def test_the_cluster_finds_the_home() -> None:
    assert json.loads(session_wire.encode(SESSION, None))["node"] == "radius1"


def test_of_a_later_version() -> None:
    """What it has more is passed over; what it has not is what it is without."""
    told = json.loads(session_wire.encode(SESSION, None))
    told["colour"] = "blue"
    del told["framed_ip"]
    assert session_wire.decode(json.dumps(told)) == (SESSION, None)
    made = decision(2)
    told["decision"] = json.dumps(json.loads(made.to_json()) | {"mood": "good"})
    assert session_wire.decode(json.dumps(told)) == (SESSION, made)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": 7},
        {"state": "asleep"},
        {"authorized_at": "now"},
        {"last_seen": True},
        {"session_timeout": 1.5},
        {"former_acct_session_ids": "00000019"},
        {"former_acct_session_ids": [1]},
        {"decision": {}},
        {"decision": "{}"},
        {"decision": "no"},
    ],
)
def test_nothing_else_is_believed(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        session_wire.decode(json.dumps(json.loads(session_wire.encode(SESSION, None)) | change))


@pytest.mark.parametrize("text", ["", "[]", "7", "{}", '{"id": "x"}'])
def test_no_session(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        session_wire.decode(text)
