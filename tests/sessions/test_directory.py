"""Lists and counts, and that a reader in another thread never sees half of a change."""

from __future__ import annotations

import threading

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.sessions import ledger
from freeradius_mdm.sessions.book import Change
from freeradius_mdm.sessions.directory import SessionDirectory
from tests.sessions.told import INTERIM, LAPTOP, OTHER_SWITCH, PHONE, START, STOP, SWITCH, T0, accept, played, told

DEVICE = EndpointKey("Intune", IdKind.INTUNE, "6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81")
WHO = {"server": "Intune", "identity_kind": "intune", "identity": DEVICE.value}
STAFF = {"rule": "Compliant", "profile": "Employee", "nas_name": "switch"}
GUEST = {"rule": "", "profile": "Guest", "nas_name": "other"}


def directory() -> SessionDirectory:
    """A laptop on two switches, and a phone that nobody knows."""
    book = played(
        accept(1, 0, SWITCH, LAPTOP, WHO, STAFF, session_timeout=600),
        accept(2, 1, OTHER_SWITCH, LAPTOP, WHO, STAFF, access="wireless", session_timeout=300),
        accept(3, 2, SWITCH, PHONE, GUEST),
        told(START, 3, SWITCH, LAPTOP, of=1),
    )
    return SessionDirectory(book)


def numbers(found: list) -> list[int]:
    return sorted(int(each.id, 16) for each in found)


def test_lists() -> None:
    sessions = directory()
    assert numbers(sessions.all()) == [1, 2, 3]
    assert numbers(sessions.of_endpoint(DEVICE)) == [1, 2]
    assert numbers(sessions.of_nas("192.0.2.10")) == [1, 3]
    assert numbers(sessions.of_rule("Compliant")) == [1, 2]
    assert numbers(sessions.of_rule("")) == [3]
    assert numbers(sessions.of_profile("Guest")) == [3]
    assert numbers(sessions.of_nas("192.0.2.99")) == []
    assert sessions.endpoints() == [DEVICE]
    assert sessions.earliest_timer(DEVICE) == T0 + 1 + 300
    assert sessions.get("f" * 24) is None


def test_counts() -> None:
    counts = directory().counts()
    assert (counts.live, counts.authorized, counts.started) == (3, 2, 1)
    assert counts.by_rule == {"Compliant": 2, "": 1}
    assert counts.by_profile == {"Employee": 2, "Guest": 1}
    assert counts.by_nas == {("192.0.2.10", "switch"): 1, ("192.0.2.10", "other"): 1, ("192.0.2.11", "switch"): 1}
    assert counts.by_access == {"wired": 2, "wireless": 1}


def test_an_end_takes_it_out_of_every_list() -> None:
    sessions = directory()
    book = played(accept(1, 0, SWITCH, LAPTOP, WHO, STAFF), accept(2, 1, OTHER_SWITCH, LAPTOP, WHO, STAFF))
    live = {each.id: each for each in sessions.all()}
    with book.changes() as changes:
        for number, where in ((1, SWITCH), (2, OTHER_SWITCH)):
            ledger.accounted(book, told(STOP, 9, where, LAPTOP, of=number))
    sessions.publish(changes)
    assert numbers(sessions.all()) == [3]
    assert sessions.endpoints() == []
    assert sessions.of_rule("Compliant") == []
    assert sessions.counts().by_rule == {"": 1}
    sessions.publish([Change(None, live[f"{1:024x}"]), Change(live[f"{1:024x}"], None)])
    assert numbers(sessions.all()) == [3]


def test_readers_in_other_threads() -> None:
    sessions = directory()
    laptop = sessions.get(f"{1:024x}")
    other = played(accept(1, 0, SWITCH, LAPTOP, WHO, {**STAFF, "profile": "Quarantine"}))
    moved = next(iter(other))
    stop, wrong = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            counts = sessions.counts()
            if sum(counts.by_profile.values()) != 3 or counts.live != 3:
                wrong.append(counts)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        sessions.publish([Change(laptop, moved)])
        sessions.publish([Change(moved, laptop)])
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_interim_moves_nothing() -> None:
    book = played(accept(1, 0, SWITCH, LAPTOP, WHO, STAFF), told(INTERIM, 5, SWITCH, LAPTOP, of=1))
    assert SessionDirectory(book).counts().started == 1
