"""From sessions to rechecks: one endpoint however many sessions it has, and the earliest timer that still runs."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.service.recheck.feed import Feed
from freeradius_mdm.sessions.book import Change
from freeradius_mdm.sessions.directory import SessionDirectory
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.schema import make_directory
from tests.service.fakes import AT, Clock, until_now
from tests.service.process import Site
from tests.store.samples import key


class Noting:
    """What a Recheck is told."""

    def __init__(self) -> None:
        self.tracked: dict[EndpointKey, float | None] = {}

    def track(self, which: EndpointKey, reauth_due_at: float | None) -> None:
        self.tracked[which] = reauth_due_at

    def forget(self, which: EndpointKey) -> None:
        self.tracked.pop(which, None)


def session(number: int, device: int, ends: float | None, state: SessionState = SessionState.STARTED) -> Session:
    return Session(
        id=f"{number:024x}",
        state=state,
        client="192.0.2.10",
        decision_id=f"{number:024x}",
        authorized_at=AT,
        reauthorized_at=AT,
        last_seen=AT,
        server="intune",
        identity_kind="intune",
        identity=key(device).value,
        timer_ends_at=ends,
    )


def test_sessions_come_change_and_go() -> None:
    docked, air = session(1, 1, AT + 500), session(2, 1, AT + 300)
    over, vpn = session(3, 2, AT - 10), session(4, 3, None)
    directory = SessionDirectory([docked, air, over, vpn])
    noting = Noting()
    in_loop: list[Callable[[], None]] = []
    feed = Feed(directory, noting, in_loop.append, Clock())  # type: ignore[arg-type]
    feed.start()
    # A timer that has ended has nothing to be ahead of.
    assert noting.tracked == {key(1): AT + 300, key(2): None, key(3): None}

    def change(before: Session | None, after: Session | None) -> None:
        directory.publish([Change(before, after)])
        feed.changed([Change(before, after)])
        in_loop.pop()()

    change(air, session(2, 1, AT + 300, SessionState.ENDED))
    assert noting.tracked[key(1)] == AT + 500
    change(docked, session(1, 1, AT + 900))
    assert noting.tracked[key(1)] == AT + 900
    change(session(1, 1, AT + 900), None)
    change(None, session(5, 4, AT + 70))
    assert noting.tracked == {key(2): None, key(3): None, key(4): AT + 70}
    # A session without an identity is nobody to ask about.
    feed.changed([Change(None, replace(session(6, 4, None), identity=""))])
    assert in_loop == []


def test_mdmd_asks_again_about_the_devices_of_its_sessions(tmp_path: Path) -> None:
    """The whole of it, from the journal on, and over a kill: sessions are in the store."""
    site = Site(tmp_path)
    site.write_config(change=('read_timeout = "5s"', 'read_timeout = "5s"\nrecheck_interval = "1s"'))
    make_directory(site.state)
    make_directory(site.state / "journal")
    now = time.time()
    for number, outcome in ((1, Outcome.ACCEPT), (2, Outcome.REJECT)):
        decision = Decision(
            id=f"{number:024x}",
            at=now,
            outcome=outcome,
            access="wired",
            client="192.0.2.10",
            mac="005056A1B2C3",
            calling_station="00-50-56-A1-B2-C3",
            server="intune",
            identity=key(number).value,
            identity_kind="intune",
            session_timeout=14400,
        )
        JournalWriter(site.state / "journal").append("decision", decision.to_json(), now)

    def asked() -> list[str]:
        file = tmp_path / "asked"
        return file.read_text().splitlines() if file.exists() else []

    site.start()
    until_now(lambda: len(asked()) >= 2)
    recheck = site.get("/v1/health")["recheck"][0]
    assert (recheck["server"], recheck["endpoints"], recheck["rate"], recheck["interval"]) == ("intune", 1, 5.0, 1.0)
    assert recheck["queries_per_second"] > 0
    assert recheck["oldest_age"] < 30
    assert site.get("/v1/health")["polling"][0]["window"] == "unknown"
    site.end(signal.SIGKILL)
    before = len(asked())
    site.start()
    until_now(lambda: len(asked()) > before + 1)
    assert site.end() == 0
    assert set(asked()) == {str(key(1))}
    assert site.events("defect") == []
