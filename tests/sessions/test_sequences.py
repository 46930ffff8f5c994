"""Sequences of Access-Accepts and accounting, and the sessions that they amount to.

Written by hand from RFC 2866 (5.1 status, 5.2 delay, 5.5 session id, 5.11 multi session id), RFC 2865 5.25 (Class), RFC
3580 3 (IEEE 802.1X) and ise.md 5.8, 6.1 and 6.2 (audit-session-id, Class). Each row: what is told, and the sessions:
(decision that opened it, decision in force, Acct-Session-Id, state or cause of its end).
"""

from __future__ import annotations

import pytest

from tests.sessions.told import (
    AP,
    ASA,
    INTERIM,
    LAPTOP,
    OFF,
    ON,
    OTHER_AP,
    OTHER_SWITCH,
    PHONE,
    START,
    STOP,
    SWITCH,
    accept,
    played,
    shown,
    told,
)

A1, A2 = {"audit_session_id": "0A0A0A0A0000001400C1A2B3"}, {"audit_session_id": "0A0A0A0A0000001500C1FFFF"}
S1, S2, S3 = ({"acct_session_id": each} for each in ("0000001A", "0000001B", "0000001C"))
PORT_2 = {**SWITCH, "nas_port": "50102", "nas_port_id": "Gi1/0/2"}
WIFI = {"access": "wireless"}
CLASS_1 = {"of": 1}

CISCO_WIRED = {
    "accept alone": ([accept(1, 0, SWITCH, LAPTOP, A1)], [(1, 1, "", "authorized")]),
    "start by class": (
        [accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, S1, of=1)],
        [(1, 1, "0000001A", "started")],
    ),
    "start by audit-session-id": (
        [accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, A1, S1)],
        [(1, 1, "0000001A", "started")],
    ),
    "stop": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            told(STOP, 90, SWITCH, A1, S1, of=1, terminate_cause="Lost-Carrier"),
        ],
        [(1, 1, "0000001A", "stop")],
    ),
    "reauthentication keeps audit-session-id and Acct-Session-Id": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 14400, SWITCH, LAPTOP, A1),
            told(INTERIM, 14401, SWITCH, A1, S1, of=2),
        ],
        [(1, 2, "0000001A", "started")],
    ),
    "reauthentication, the class of the first accept comes on": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 14400, SWITCH, LAPTOP, A1),
            told(STOP, 15000, SWITCH, A1, S1, of=1),
        ],
        [(1, 2, "0000001A", "stop")],
    ),
    "reauthentication with a new Acct-Session-Id: start before the old one's stop": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 14400, SWITCH, LAPTOP, A1),
            told(START, 14401, SWITCH, A1, S2, of=2),
            told(STOP, 14401, SWITCH, A1, S1, of=1),
        ],
        [(1, 2, "0000001B", "started")],
    ),
    "reauthentication with a new Acct-Session-Id: stop before start": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 14400, SWITCH, LAPTOP, A1),
            told(STOP, 14401, SWITCH, A1, S1, of=1),
            told(START, 14402, SWITCH, A1, S2, of=2),
        ],
        [(1, 2, "0000001B", "started")],
    ),
    "MAB, then 802.1X on the same port: one session with another rule's decision": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1, method="MAB"),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 30, SWITCH, LAPTOP, A1, method="EAP-TLS"),
        ],
        [(1, 2, "0000001A", "started")],
    ),
    "phone and computer on one port": (
        [
            accept(1, 0, SWITCH, PHONE, A1),
            told(START, 1, SWITCH, PHONE, A1, S1, of=1),
            accept(2, 60, SWITCH, LAPTOP, A2),
            told(START, 61, SWITCH, LAPTOP, A2, S2, of=2),
            told(STOP, 99, SWITCH, LAPTOP, A2, S2, of=2),
        ],
        [(1, 1, "0000001A", "started"), (2, 2, "0000001B", "stop")],
    ),
    "phone and computer of a device that has no ids but ports and MACs": (
        [
            accept(1, 0, SWITCH, PHONE),
            accept(2, 1, SWITCH, LAPTOP),
            told(START, 2, SWITCH, LAPTOP, S2),
            told(START, 3, SWITCH, PHONE, S1),
            told(STOP, 99, SWITCH, PHONE, S1),
        ],
        [(1, 1, "0000001A", "stop"), (2, 2, "0000001B", "started")],
    ),
    "the stop is lost, the station comes back under a new audit-session-id": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, LAPTOP, A1, S1, of=1),
            accept(2, 600, SWITCH, LAPTOP, A2),
            told(START, 601, SWITCH, LAPTOP, A2, S2, of=2),
        ],
        [(1, 1, "0000001A", "replaced"), (2, 2, "0000001B", "started")],
    ),
    "... and that stop comes after all": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, LAPTOP, A1, S1, of=1),
            accept(2, 600, SWITCH, LAPTOP, A2),
            told(START, 601, SWITCH, LAPTOP, A2, S2, of=2),
            told(STOP, 620, SWITCH, LAPTOP, A1, S1, of=1, delay=100),
        ],
        [(1, 1, "0000001A", "stop"), (2, 2, "0000001B", "started")],
    ),
    "a stop that was delayed does not end what has been reauthorized since": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, LAPTOP, A1, S1, of=1),
            accept(2, 600, SWITCH, LAPTOP, A1),
            told(STOP, 605, SWITCH, LAPTOP, A1, S1, of=1, delay=60),
        ],
        [(1, 2, "", "started")],
    ),
    "moved to another port": (
        [accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 600, PORT_2, LAPTOP, A2)],
        [(1, 1, "", "authorized"), (2, 2, "", "authorized")],
    ),
    "the same port name and ids of another switch": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            accept(2, 600, OTHER_SWITCH, LAPTOP, A1),
            told(START, 601, OTHER_SWITCH, LAPTOP, A1, S1, of=2),
            told(STOP, 700, OTHER_SWITCH, LAPTOP, A1, S1, of=2),
        ],
        [(1, 1, "", "authorized"), (2, 2, "0000001A", "stop")],
    ),
}

WIRELESS = {
    "roaming to another access point, which is a network device of its own": (
        [
            accept(1, 0, AP, LAPTOP, WIFI, S1),
            told(START, 1, AP, LAPTOP, S1, of=1),
            accept(2, 300, OTHER_AP, LAPTOP, WIFI, S2),
            told(START, 301, OTHER_AP, LAPTOP, S2, of=2),
            told(STOP, 310, AP, LAPTOP, S1, of=1),
        ],
        [(1, 1, "0000001A", "stop"), (2, 2, "0000001B", "started")],
    ),
    "roaming below a controller, which keeps its audit-session-id": (
        [
            accept(1, 0, AP, LAPTOP, WIFI, A1),
            told(START, 1, AP, LAPTOP, A1, S1, of=1),
            accept(2, 300, AP, LAPTOP, WIFI, A1, called_station="02-00-00-00-03-20:CORP"),
            told(INTERIM, 301, AP, LAPTOP, A1, S1, of=2, called_station="02-00-00-00-03-20:CORP"),
        ],
        [(1, 2, "0000001A", "started")],
    ),
    "back at the same access point under a new Acct-Session-Id, which stands in the Access-Request": (
        [
            accept(1, 0, AP, LAPTOP, WIFI, S1),
            told(START, 1, AP, LAPTOP, S1, of=1),
            accept(2, 300, AP, LAPTOP, WIFI, S2),
            told(START, 301, AP, LAPTOP, S2, of=2),
        ],
        [(1, 1, "0000001A", "replaced"), (2, 2, "0000001B", "started")],
    ),
    "reauthentication with the Acct-Session-Id in the Access-Request": (
        [
            accept(1, 0, AP, LAPTOP, WIFI, S1),
            told(START, 1, AP, LAPTOP, S1, of=1),
            accept(2, 300, AP, LAPTOP, WIFI, S1),
        ],
        [(1, 2, "0000001A", "started")],
    ),
    "back on a cached key: nobody is asked, the Class is the old one": (
        [
            accept(1, 0, AP, LAPTOP, WIFI, S1),
            told(START, 1, AP, LAPTOP, S1, of=1),
            told(STOP, 100, AP, LAPTOP, S1, of=1),
            told(START, 200, AP, LAPTOP, S2, of=1),
        ],
        [(1, 1, "0000001B", "started")],
    ),
    "two SSIDs of one access point": (
        [
            accept(1, 0, AP, LAPTOP, WIFI),
            accept(2, 5, AP, LAPTOP, WIFI, called_station="02-00-00-00-03-01:GUEST"),
            told(START, 6, AP, LAPTOP, S2, called_station="02-00-00-00-03-01:GUEST"),
        ],
        [(1, 1, "", "authorized"), (2, 2, "0000001B", "started")],
    ),
}

VPN_1 = {**ASA, "calling_station": "198.51.100.37", "audit_session_id": "c6336401000040006720b1d4"}
VPN_2 = {**VPN_1, "nas_port": "20480", "audit_session_id": "c6336401000050006720b1ff"}
VPN_ACCESS = {"access": "vpn", "mac": "005056A1B2C3"}

VPN = {
    "two tunnels behind one address translation": (
        [
            accept(1, 0, VPN_1, VPN_ACCESS),
            accept(2, 9, VPN_2, VPN_ACCESS),
            told(START, 10, VPN_2, S2, of=2),
            told(START, 11, VPN_1, S1, of=1),
            told(STOP, 99, VPN_1, S1, of=1),
        ],
        [(1, 1, "0000001A", "stop"), (2, 2, "0000001B", "started")],
    ),
    "the client's address changes while the tunnel is up": (
        [
            accept(1, 0, VPN_1, VPN_ACCESS),
            told(START, 1, VPN_1, S1),
            told(INTERIM, 60, VPN_1, S1, calling_station="203.0.113.99"),
        ],
        [(1, 1, "0000001A", "started")],
    ),
}

TIMES = {
    "interim before start": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(INTERIM, 61, SWITCH, A1, S1, of=1, session_time=60),
            told(START, 62, SWITCH, A1, S1, of=1, delay=61),
        ],
        [(1, 1, "0000001A", "started")],
    ),
    "a start sent three times": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            told(START, 6, SWITCH, A1, S1, of=1, delay=5),
            told(START, 11, SWITCH, A1, S1, of=1, delay=10),
        ],
        [(1, 1, "0000001A", "started")],
    ),
    "a start sent again after the stop": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            told(STOP, 5, SWITCH, A1, S1, of=1),
            told(START, 6, SWITCH, A1, S1, of=1, delay=5),
            told(INTERIM, 7, SWITCH, A1, S1, of=1),
        ],
        [(1, 1, "0000001A", "stop")],
    ),
    "stop without start": (
        [accept(1, 0, SWITCH, LAPTOP, A1), told(STOP, 5, SWITCH, A1, S1, of=1)],
        [(1, 1, "0000001A", "stop")],
    ),
    "a reject at reauthentication ends nothing by itself": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 600, SWITCH, LAPTOP, A1, outcome="reject"),
        ],
        [(1, 1, "0000001A", "started")],
    ),
    "the same decision twice": (
        [accept(1, 0, SWITCH, LAPTOP, A1), accept(2, 9, SWITCH, LAPTOP, A1), accept(1, 0, SWITCH, LAPTOP, A1)],
        [(1, 2, "", "authorized")],
    ),
}

RESTARTS = {
    "Accounting-On after a reload": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            accept(2, 2, OTHER_SWITCH, PHONE, A2),
            told(ON, 900, client="192.0.2.10", nas_address="192.0.2.10"),
        ],
        [(1, 1, "0000001A", "nas-restarted"), (2, 2, "", "authorized")],
    ),
    "Accounting-Off before one": (
        [accept(1, 0, SWITCH, LAPTOP, A1), told(OFF, 900, client="192.0.2.10", nas_address="192.0.2.10")],
        [(1, 1, "", "nas-restarted")],
    ),
    "an Accounting-On that is late leaves who has signed in since": (
        [
            accept(1, 0, SWITCH, PHONE, A1),
            accept(2, 905, SWITCH, LAPTOP, A2),
            told(ON, 930, client="192.0.2.10", nas_address="192.0.2.10", delay=30),
        ],
        [(1, 1, "", "nas-restarted"), (2, 2, "", "authorized")],
    ),
    "Accounting-On of one SSID": (
        [
            accept(1, 0, AP, LAPTOP, WIFI),
            accept(2, 1, AP, PHONE, WIFI, called_station="02-00-00-00-03-01:GUEST"),
            told(ON, 9, AP),
        ],
        [(1, 1, "", "nas-restarted"), (2, 2, "", "authorized")],
    ),
    "one of two devices behind a proxy restarts": (
        [
            accept(1, 0, SWITCH, LAPTOP, client="192.0.2.99"),
            accept(2, 0, OTHER_SWITCH, PHONE, client="192.0.2.99"),
            told(ON, 9, client="192.0.2.99", nas_address="192.0.2.11"),
        ],
        [(1, 1, "", "authorized"), (2, 2, "", "nas-restarted")],
    ),
    "interim from a session that an Accounting-On has ended: it goes on": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            told(ON, 900, client="192.0.2.10", nas_address="192.0.2.10"),
            told(INTERIM, 950, SWITCH, A1, S1, of=1),
        ],
        [(1, 1, "0000001A", "started")],
    ),
    "after a restart, the stop of an Acct-Session-Id from before it": (
        [
            accept(1, 0, SWITCH, LAPTOP),
            told(START, 1, SWITCH, LAPTOP, S1),
            told(ON, 900, client="192.0.2.10", nas_address="192.0.2.10"),
            accept(2, 905, SWITCH, LAPTOP),
            told(STOP, 910, SWITCH, LAPTOP, S1),
        ],
        [(1, 1, "0000001A", "stop"), (2, 2, "", "authorized")],
    ),
    "after a restart, an interim that was under way since before it, of an id that nobody knows": (
        [
            accept(1, 0, SWITCH, LAPTOP),
            told(ON, 900, client="192.0.2.10", nas_address="192.0.2.10"),
            accept(2, 905, SWITCH, LAPTOP),
            told(INTERIM, 910, SWITCH, LAPTOP, S2, delay=60),
        ],
        [(1, 1, "", "nas-restarted"), (2, 2, "", "authorized")],
    ),
    "after a restart the Acct-Session-Ids begin anew, and there is no other id": (
        [
            accept(1, 0, SWITCH, LAPTOP),
            told(START, 1, SWITCH, LAPTOP, S1),
            told(ON, 900, client="192.0.2.10", nas_address="192.0.2.10"),
            accept(2, 905, SWITCH, LAPTOP),
            told(START, 906, SWITCH, LAPTOP, S1),
        ],
        [(1, 1, "0000001A", "nas-restarted"), (2, 2, "0000001A", "started")],
    ),
}

CLASSES = {
    "a Class that another server gave": (
        [accept(1, 0, SWITCH, LAPTOP), told(START, 1, SWITCH, PHONE, S1)],
        [(1, 1, "", "authorized")],
    ),
    "a Class of ours that this store does not know: the ids decide": (
        [accept(1, 0, SWITCH, LAPTOP, A1), told(START, 1, SWITCH, A1, S1, of=77)],
        [(1, 1, "0000001A", "started")],
    ),
    "two of ours: the later one": (
        [
            accept(1, 0, SWITCH, LAPTOP),
            accept(2, 1, PORT_2, PHONE),
            told(STOP, 9, client="192.0.2.10", decision_ids=(f"{1:024x}", f"{2:024x}")),
        ],
        [(1, 1, "", "authorized"), (2, 2, "", "stop")],
    ),
    "no Class and no ids: station and port": (
        [accept(1, 0, SWITCH, LAPTOP), told(START, 1, SWITCH, LAPTOP, S1), told(STOP, 9, SWITCH, LAPTOP, S1)],
        [(1, 1, "0000001A", "stop")],
    ),
    "a forged Class that names the session of another network device ends nothing": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            told(START, 1, SWITCH, A1, S1, of=1),
            told(STOP, 2, OTHER_SWITCH, A1, S1, of=1),
            told(STOP, 3, client="192.0.2.11", nas_address="192.0.2.10", audit_session_id=A1["audit_session_id"], of=1),
            told(ON, 4, client="192.0.2.11", nas_address="192.0.2.10"),
        ],
        [(1, 1, "0000001A", "started")],
    ),
    "the Class of another station on the same switch is not believed against the MAC": (
        [
            accept(1, 0, SWITCH, LAPTOP, A1),
            accept(2, 1, PORT_2, PHONE, A2),
            told(STOP, 9, PORT_2, PHONE, A2, of=1),
        ],
        [(1, 1, "", "authorized"), (2, 2, "", "stop")],
    ),
}

TABLES = {**CISCO_WIRED, **WIRELESS, **VPN, **TIMES, **RESTARTS, **CLASSES}


@pytest.mark.parametrize(("events", "sessions"), TABLES.values(), ids=TABLES.keys())
def test_sequence(events: list, sessions: list) -> None:
    assert shown(played(*events)) == sessions


@pytest.mark.parametrize("events", [events for events, _ in TABLES.values()], ids=TABLES.keys())
def test_taken_twice_nothing_changes(events: list) -> None:
    """A journal file that was copied back by hand."""
    once = played(*events)
    assert shown(played(*events, *events)) == shown(once)
