"""The table of sessions: every field goes round, filters, and what is deleted when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.query import MAXIMUM_LIMIT
from freeradius_mdm.store.sessions import SessionFilter, SessionQueries
from freeradius_mdm.store.write import StoreWriter

T0 = 1_700_000_000.0
FULL = Session(
    id="000000000000000000000001",
    state=SessionState.STARTED,
    client="192.0.2.9",
    decision_id="000000000000000000000002",
    authorized_at=T0,
    reauthorized_at=T0 + 60.5,
    last_seen=T0 + 61,
    nas_name="switch",
    nas_address="192.0.2.10",
    nas_identifier="sw1",
    nas_port="50101",
    nas_port_id="Gi1/0/1",
    family="cisco-ios-xe",
    access="wired",
    user="host/é",
    mac="005056A1B2C3",
    calling_station="00-50-56-A1-B2-C3",
    called_station="00-1B-54-AA-BB-01",
    acct_session_id="0000001C",
    former_acct_session_ids=("0000001A", "0000001B"),
    acct_multi_session_id="m1",
    audit_session_id="0A0A",
    framed_ip="10.20.0.7",
    framed_ipv6="2001:db8::7",
    server="Intune",
    identity_kind="intune",
    identity="6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81",
    rule="Compliant",
    profile="Employee",
    session_timeout=14400,
    timer_ends_at=T0 + 14460.5,
    started_at=T0 + 1,
    ended_at=T0 + 2,
    end_cause="stop",
    terminate_cause="Lost-Carrier",
    coa_at=T0 + 3,
    coa_result="acknowledged",
    node="radius1",
)
PLAIN = Session("f" * 24, SessionState.AUTHORIZED, "192.0.2.11", "f" * 24, T0, T0, T0)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(tmp_path)
    yield made
    made.close()


def queries(directory: Path) -> SessionQueries:
    return SessionQueries(directory / "store.sqlite")


def test_every_field_goes_round(writer: StoreWriter, tmp_path: Path) -> None:
    assert all(getattr(FULL, each.name) not in ("", None, ()) for each in fields(Session))
    writer.put_sessions([FULL, PLAIN])
    assert queries(tmp_path).session(FULL.id) == FULL
    assert queries(tmp_path).session(PLAIN.id) == PLAIN
    assert {each.id: each for each in writer.sessions(0)} == {FULL.id: FULL, PLAIN.id: PLAIN}
    changed = replace(PLAIN, state=SessionState.STARTED, rule="Other", last_seen=T0 + 9)
    writer.put_sessions([changed])
    assert queries(tmp_path).session(PLAIN.id) == changed
    assert queries(tmp_path).session("0" * 24) is None


FILTERS = {
    "none": (SessionFilter(), [1, 2, 3]),
    "mac": (SessionFilter(mac="005056A1B2C3"), [1, 2]),
    "identity": (SessionFilter(identity="a"), [1]),
    "user": (SessionFilter(user="u3"), [3]),
    "rule": (SessionFilter(rule="Compliant"), [1, 2]),
    "no rule": (SessionFilter(rule=""), [3]),
    "profile": (SessionFilter(profile="Guest"), [3]),
    "server": (SessionFilter(server="Other"), [3]),
    "nas by address it sends from": (SessionFilter(nas="192.0.2.9"), [1]),
    "nas by name": (SessionFilter(nas="switch"), [1, 3]),
    "nas by its own address": (SessionFilter(nas="192.0.2.10"), [1, 3]),
    "started": (SessionFilter(state="started"), [2]),
    "ended": (SessionFilter(state="ended"), [3]),
    "live": (SessionFilter(state="live"), [1, 2]),
    "two at once": (SessionFilter(mac="005056A1B2C3", state="started"), [2]),
    "none of them": (SessionFilter(mac="005056A1B2C3", state="ended"), []),
}


@pytest.mark.parametrize(("chosen", "numbers"), FILTERS.values(), ids=FILTERS.keys())
def test_filters(chosen: SessionFilter, numbers: list[int], writer: StoreWriter, tmp_path: Path) -> None:
    one = replace(FULL, state=SessionState.AUTHORIZED, identity="a", user="u1", last_seen=T0 + 3)
    two = replace(one, id=f"{2:024x}", state=SessionState.STARTED, client="192.0.2.8", nas_name="other",
                  nas_address="192.0.2.8", identity="b", last_seen=T0 + 2)  # fmt: skip
    three = replace(one, id=f"{3:024x}", state=SessionState.ENDED, mac="001B54AA0001", identity="c", user="u3", rule="",
                    profile="Guest", server="Other", client="192.0.2.7", last_seen=T0 + 1)  # fmt: skip
    writer.put_sessions([one, two, three])
    assert [int(each.id, 16) for each in queries(tmp_path).sessions(chosen)] == numbers


def test_the_last_heard_of_first_and_no_more_than_asked_for(writer: StoreWriter, tmp_path: Path) -> None:
    writer.put_sessions(replace(PLAIN, id=f"{n:024x}", last_seen=T0 + n) for n in range(MAXIMUM_LIMIT + 5))
    found = [int(each.id, 16) for each in queries(tmp_path).sessions(limit=3)]
    assert found == [MAXIMUM_LIMIT + 4, MAXIMUM_LIMIT + 3, MAXIMUM_LIMIT + 2]
    assert len(queries(tmp_path).sessions(limit=10**6)) == MAXIMUM_LIMIT


def test_what_is_loaded_at_a_start(writer: StoreWriter) -> None:
    ended = [replace(PLAIN, id=f"{n:024x}", state=SessionState.ENDED, ended_at=T0 + n) for n in range(4)]
    writer.put_sessions([*ended, PLAIN])
    assert sorted(each.id for each in writer.sessions(T0 + 2)) == [ended[2].id, ended[3].id, PLAIN.id]


def test_only_what_ended_long_ago_is_deleted(writer: StoreWriter, tmp_path: Path) -> None:
    # More than one transaction deletes.
    old = [replace(PLAIN, id=f"{n:024x}", state=SessionState.ENDED, ended_at=T0 - n - 1) for n in range(2100)]
    young = replace(PLAIN, id="e" * 24, state=SessionState.ENDED, ended_at=T0)
    live_for_ages = replace(PLAIN, authorized_at=0.0, last_seen=0.0)
    writer.put_sessions([*old, young, live_for_ages])
    assert writer.purge_sessions(T0) == 2100
    assert {each.id for each in queries(tmp_path).sessions()} == {young.id, live_for_ages.id}


def test_a_store_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"store .* can't be read"):
        queries(tmp_path).sessions()
