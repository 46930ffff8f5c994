"""How long an answer of Intune serves, and how often Intune is asked (DESIGN.md, Time).

Expected values are from the example policy: an interval of 4 h, which is 14,400 s; a refresh margin of a tenth, so that
a record counts as due at an age of 12,960 s.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.site import Site
from tests.radius.behind import codes, decisions_of, grow_older, queries, record
from tests.radius.crowd import fleet, sign_in_at_once
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
RADIUS_REQUEST = 1  # Termination-Action, RFC 2865 section 5.29


def vlan(reply: Reply) -> object:
    return reply.value("Tunnel-Private-Group-Id", 1)


def dacl(reply: Reply) -> object:
    return reply.value("Cisco-AVPair")


# By hand: `grep -v '^!' NAME.acl | head -c -1 | sha256sum` begins with these.
EMPLOYEE_DACL = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-ba3efdc0"
QUARANTINE_DACL = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-QUARANTINE-70d4835d"


def test_a_live_answer_gives_exactly_the_interval(site: Site, new_endpoint: NewEndpoint) -> None:
    device = new_endpoint(site)
    device.enrol()

    reply = device.sign_in().reply

    assert (reply.accepted, vlan(reply), dacl(reply)) == (True, "EMPLOYEES", EMPLOYEE_DACL)
    assert reply.values("Session-Timeout") == (14400,)
    assert reply.values("Termination-Action") == (RADIUS_REQUEST,)
    [decision] = decisions_of(device)
    assert (decision.rule, decision.record_source, decision.record_age) == ("Compliant", "Live", 0)
    # As sent: the profile's results, and what stock FreeRADIUS adds to an accept of EAP.
    assert sorted(decision.attributes) == [
        ("Cisco-AVPair", EMPLOYEE_DACL),
        ("Class", "0x" + f"mdm:{decision.id}".encode().hex()),
        ("Framed-MTU", str(reply.value("Framed-MTU"))),
        ("Session-Timeout", "14400"),
        ("Termination-Action", "RADIUS-Request"),
        ("Tunnel-Medium-Type:1", "IEEE-802"),
        ("Tunnel-Private-Group-Id:1", "EMPLOYEES"),
        ("Tunnel-Type:1", "VLAN"),
        ("User-Name", device.identity),
    ]
    assert queries(device) == 1


def test_a_cached_answer_gives_the_time_left(site: Site, new_endpoint: NewEndpoint) -> None:
    device = new_endpoint(site)
    device.enrol()
    device.sign_in()
    grow_older(device, 1000)
    stored = record(device)
    assert stored is not None

    before = time.time()
    reply = device.sign_in().reply
    after = time.time()

    due = stored.answered_at + 14400
    timer = reply.value("Session-Timeout")
    assert isinstance(timer, int)
    # Rounded down, so that no session runs on an answer older than the interval.
    assert math.floor(due - after) <= timer <= math.floor(due - before) < 13400
    assert decisions_of(device, 2)[1].record_source == "Cached"
    assert queries(device) == 1


def test_inside_the_refresh_margin_intune_is_asked_again(site: Site, new_endpoint: NewEndpoint) -> None:
    device = new_endpoint(site)
    device.enrol()
    device.sign_in()

    grow_older(device, 12900)
    short = device.sign_in().reply.value("Session-Timeout")
    assert isinstance(short, int)
    assert 1440 < short <= 1500  # what is left beyond the margin of 1,440 s
    assert queries(device) == 1

    grow_older(device, 60)
    assert device.sign_in().reply.value("Session-Timeout") == 14400
    assert queries(device) == 2
    sources = [decision.record_source for decision in decisions_of(device, 3)]
    assert sources == ["Live", "Cached", "Live"]


def test_a_change_at_intune_is_seen_once_the_record_is_due(site: Site, new_endpoint: NewEndpoint) -> None:
    device = new_endpoint(site)
    device.enrol(compliant=True)
    assert vlan(device.sign_in().reply) == "EMPLOYEES"

    device.enrol(compliant=False)
    assert vlan(device.sign_in().reply) == "EMPLOYEES"  # the record is current
    assert queries(device) == 1

    grow_older(device, 12960)
    reply = device.sign_in().reply
    assert (vlan(reply), dacl(reply)) == ("666", QUARANTINE_DACL)
    assert reply.value("Session-Timeout") == 14400
    assert queries(device) == 2  # one new query between the two Accepts, and no other
    assert [each.rule for each in decisions_of(device, 3)] == ["Compliant", "Compliant", "Not compliant"]

    device.enrol(compliant=True)
    grow_older(device, 12960)
    assert vlan(device.sign_in().reply) == "EMPLOYEES"
    assert queries(device) == 3


def test_an_unknown_device_gets_the_rule_for_it(site: Site, new_endpoint: NewEndpoint) -> None:
    device = new_endpoint(site)

    reply = device.sign_in().reply

    assert (reply.accepted, vlan(reply), reply.value("Filter-Id")) == (True, "ENROLMENT", "ENROLMENT-ONLY.in")
    assert reply.value("Cisco-AVPair") is None
    assert reply.value("Session-Timeout") == 14400
    [decision] = decisions_of(device)
    assert (decision.rule, decision.registration, decision.reachable) == ("Not registered", "UnRegistered", "Reachable")
    # Received, the SID passed over, identified; due, answered live; three rules; profile, reply, confirmation.
    assert codes(decision)[:5] == ["M1001", "M1103", "M1101", "M1241", "M1242"]
    assert codes(decision)[5:] == ["M1301", "M1301", "M1302", "M1306", "M1401", "M1402"]


def test_a_device_that_has_left_intune_is_seen_once_the_record_is_due(site: Site, new_endpoint: NewEndpoint) -> None:
    device = new_endpoint(site)
    device.enrol()
    device.sign_in()
    site.microsoft.remove_device(device.device_id)
    grow_older(device, 12960)

    assert vlan(device.sign_in().reply) == "ENROLMENT"
    assert queries(device) == 2


def test_forty_at_once_of_one_device_are_one_query(site: Site, new_endpoint: NewEndpoint) -> None:
    [device] = fleet(site, new_endpoint, 1)
    slow = site.microsoft.fault("slow-250", path=f"*{device.device_id}*")  # so that they wait together

    results, _ = sign_in_at_once([device] * 40)

    site.microsoft.clear_faults(slow)
    assert [vlan(result.reply) for result in results] == ["EMPLOYEES"] * 40
    assert queries(device) == 1
    assert len({each.id for each in decisions_of(device, 40)}) == 40


def test_forty_devices_at_once_are_forty_queries(site: Site, new_endpoint: NewEndpoint) -> None:
    devices = fleet(site, new_endpoint, 40)

    results, _ = sign_in_at_once(devices)

    assert [vlan(result.reply) for result in results] == ["EMPLOYEES"] * 40
    assert [queries(device) for device in devices] == [1] * 40
