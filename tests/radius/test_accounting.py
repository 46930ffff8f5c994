"""Sessions from real requests: a real radiusd journals accounting, a real mdmd makes sessions of it."""

from __future__ import annotations

import itertools
import json
import signal
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from freeradius_mdm.decision import Outcome
from freeradius_mdm.lab import detail
from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import SECRET, UNSIGNED_CLIENT, VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import NoReply, RadiusClient, Reply, RetryPolicy, Server, attributes
from freeradius_mdm.lab.radius.accounting import Session, Status, TerminateCause, vpn_access
from freeradius_mdm.lab.radius.vpn import VpnHeadend, VpnLogin, log_in, mobile
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.behind import health
from tests.radius.endpoint import Endpoint

NewEndpoint = Callable[[Site], Endpoint]
MakeSite = Callable[..., Site]
_sessions = itertools.count(1)
_ACCOUNTING_RESPONSE = 5  # RFC 2866 section 4.2
_STATUS, _ON, _TUNNEL_START = "Acct-Status-Type", 7, 9


def accountant(site: Site, source: str | None = None, wait: float = 5.0) -> RadiusClient:
    """A network device's client for accounting; it asks once."""
    server = Server("127.0.0.1", site.ports.accounting, SECRET.encode(), source)
    return RadiusClient(server, RetryPolicy(tries=1, wait=wait))


def account(site: Site, sent: attributes.Attributes, source: str | None = None, wait: float = 5.0) -> None:
    """Send an Accounting-Request and see it acknowledged. Raises NoReply."""
    with accountant(site, source, wait) as client:
        reply = client.exchange(client.accounting_request(attributes.encode(sent)))
    assert reply.code == _ACCOUNTING_RESPONSE


def signed_in(endpoint: Endpoint) -> Session:
    """The endpoint after EAP-TLS, with an Acct-Session-Id of its own."""
    result = endpoint.sign_in()
    assert result.reply.accepted
    return Session(endpoint.identity, f"{next(_sessions):08X}", endpoint.port.dot1x(), result.reply, "10.20.0.7")


def get(site: Site, path: str) -> Any:
    """What mdmd says."""
    with urllib.request.urlopen(f"http://{site.mdmd_address}{path}", timeout=10) as response:
        return json.load(response)


def sessions(site: Site, *, until: Callable[[list[dict[str, Any]]], object], **query: str) -> list[dict[str, Any]]:
    """The sessions of a query, as soon as they are as told."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = get(site, f"/v1/sessions?{urllib.parse.urlencode(query)}")["sessions"]
        return bool(until(found))

    wait_for(there, f"sessions with {query}", 10)
    return found


def states(found: Sequence[dict[str, Any]]) -> list[str]:
    return [each["state"] for each in found]


def test_a_wired_session_from_start_to_stop(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    before = time.time()

    session = signed_in(endpoint)
    (made,) = sessions(site, until=lambda found: states(found) == ["authorized"], mac=endpoint.mac)
    decided = expect.decision(site, user=endpoint.identity)

    assert (made["id"], made["decision_id"]) == (decided.id, decided.id)
    assert (made["rule"], made["profile"], made["access"]) == ("Compliant", "Employee", "wired")
    assert (made["server"], made["identity_kind"], made["identity"]) == ("Intune", "intune", endpoint.device_id)
    assert (made["client"], made["nas_name"], made["nas_address"]) == ("127.0.0.1", "lab-switch", "192.0.2.10")
    assert (made["nas_port"], made["nas_port_id"]) == ("50105", "GigabitEthernet1/0/5")
    assert (made["calling_station"], made["called_station"]) == (endpoint.mac.upper(), "00-1B-54-AA-BB-05")
    assert made["audit_session_id"] == endpoint.port.session
    assert made["user"] == endpoint.identity
    assert made["session_timeout"] == expect.INTERVAL
    assert expect.INTERVAL - 60 < made["timer_ends_at"] - before < expect.INTERVAL + 60
    assert decided.session_timeout == expect.INTERVAL

    account(site, session.attributes(Status.START))
    (made,) = sessions(site, until=lambda found: states(found) == ["started"], mac=endpoint.mac)
    assert (made["acct_session_id"], made["framed_ip"]) == (session.identifier, "10.20.0.7")
    account(site, session.attributes(Status.INTERIM, seconds=60))
    account(site, session.attributes(Status.STOP, seconds=90, cause=TerminateCause.LOST_CARRIER))
    (made,) = sessions(site, until=lambda found: states(found) == ["ended"], mac=endpoint.mac)
    assert (made["end_cause"], made["terminate_cause"]) == ("stop", "Lost-Carrier")
    assert get(site, f"/v1/sessions/{decided.id}") == made | {"orders": []}
    # Stock FreeRADIUS goes on with the request as ever.
    told = [each.status for each in detail.accounting(site.log_directory) if each.session == session.identifier]
    assert told == ["Start", "Interim-Update", "Stop"]


def test_a_reauthentication_stays_one_session_with_the_new_decision(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    first = signed_in(endpoint)
    account(site, first.attributes(Status.START))
    second = replace(signed_in(endpoint), identifier=first.identifier)
    account(site, second.attributes(Status.INTERIM, seconds=30))

    older, newer = expect.decisions(site, 2, user=endpoint.identity)
    (made,) = sessions(site, until=lambda found: found[0]["decision_id"] == newer.id, mac=endpoint.mac)

    assert (made["id"], made["state"]) == (older.id, "started")
    assert first.reply is not None
    assert second.reply is not None
    assert first.reply.values("Class") != second.reply.values("Class")


def test_a_reject_opens_no_session(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    other = new_endpoint(site)
    other.enrol()
    endpoint.sign_in(credential=endpoint.issue(days=-1))
    signed_in(other)
    assert expect.decision(site, user=endpoint.identity).outcome is Outcome.REJECT
    sessions(site, until=bool, mac=other.mac)
    assert sessions(site, until=lambda _: True, mac=endpoint.mac) == []


def test_a_vpn_session(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    device = mobile(endpoint.device_id)
    headend = VpnHeadend(started=1_700_000_000, nas_port=next(_sessions) + 20000)
    with site.client() as client:
        reply = log_in(client, headend, device, VpnLogin(VPN_USER, VPN_PASSWORD))
    made = expect.decision(site, audit_session_id=headend.session)
    assert reply.accepted
    session = Session(VPN_USER, "0A00001F", vpn_access(headend, device), reply, "10.30.0.9")
    account(site, session.attributes(Status.START))
    (found,) = sessions(site, until=lambda found: "started" in states(found), identity=endpoint.device_id)
    assert (found["id"], found["access"], found["framed_ip"]) == (made.id, "vpn", "10.30.0.9")


def test_another_network_device_can_not_end_a_session(site: Site, new_endpoint: NewEndpoint) -> None:
    """It repeats everything that it could have overheard: Class, both session ids, NAS-IP-Address."""
    endpoint = new_endpoint(site)
    endpoint.enrol()
    session = signed_in(endpoint)
    account(site, session.attributes(Status.START))
    unmatched = health(site)["sessions"]["accounting"]["unmatched"]
    account(site, session.attributes(Status.STOP, seconds=9), source=UNSIGNED_CLIENT)
    account(site, (("NAS-IP-Address", "192.0.2.10"), (_STATUS, _ON)), source=UNSIGNED_CLIENT)
    wait_for(lambda: health(site)["sessions"]["accounting"]["unmatched"] > unmatched, "the forged stop was read", 10)
    account(site, session.attributes(Status.INTERIM, seconds=10))
    (made,) = sessions(site, until=lambda found: states(found) == ["started"], mac=endpoint.mac)
    assert made["ended_at"] is None


def test_accounting_on_ends_the_sessions_of_its_network_device(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    site = make_site()
    mine = new_endpoint(site)
    mine.enrol()
    account(site, signed_in(mine).attributes(Status.START))
    sessions(site, until=lambda found: states(found) == ["started"], mac=mine.mac)
    account(site, (("NAS-IP-Address", "192.0.2.10"), (_STATUS, _ON), ("Acct-Session-Id", "00000000")))
    (made,) = sessions(site, until=lambda found: states(found) == ["ended"], mac=mine.mac)
    assert made["end_cause"] == "nas-restarted"


def odd(*pairs: tuple[str, Any]) -> attributes.Attributes:
    return (("NAS-IP-Address", "192.0.2.10"), *pairs)


ODD = {
    "no Acct-Status-Type": odd(("Acct-Session-Id", "1")),
    "a tunnel's": odd((_STATUS, _TUNNEL_START), ("Acct-Session-Id", "1")),
    "nothing but a status": odd((_STATUS, 1)),
    "of a session that nobody knows": odd((_STATUS, 2), ("Acct-Session-Id", "FFFFFFFF"), ("User-Name", "nobody")),
    "a Class of another server": odd((_STATUS, 1), ("Acct-Session-Id", "2"), ("Class", b"CACS:0A0A0A0A:ise/1/2")),
    "an unreadable Class of ours": odd((_STATUS, 1), ("Class", b"mdm:zzz"), ("Class", b"mdm:" + 24 * b"G")),
    "a name with a NUL": odd((_STATUS, 1), ("User-Name", "a\0b"), ("Acct-Session-Id", "3")),
}


@pytest.mark.parametrize("sent", ODD.values(), ids=ODD.keys())
def test_whatever_is_odd_is_acknowledged_and_counted(sent: attributes.Attributes, site: Site) -> None:
    before = sum(health(site)["sessions"]["accounting"].values())
    account(site, sent)
    wait_for(lambda: sum(health(site)["sessions"]["accounting"].values()) > before, "it was read", 10)
    assert health(site)["journal"]["rejects"] == 0


def test_what_is_not_utf_8_is_acknowledged(site: Site) -> None:
    """rlm_python3 does not call Python for it (freeradius.md section 2.2)."""
    encoded = attributes.encode(odd((_STATUS, 1), ("Acct-Session-Id", "4")))
    encoded[1] = [b"caf\xe9"]
    with accountant(site) as client:
        reply: Reply = client.exchange(client.accounting_request(encoded))
    assert reply.code == _ACCOUNTING_RESPONSE


def test_what_is_not_journaled_is_not_acknowledged(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    site = make_site()
    endpoint = new_endpoint(site)
    endpoint.enrol()
    session = signed_in(endpoint)
    sessions(site, until=lambda found: states(found) == ["authorized"], mac=endpoint.mac)
    journal = site.state_directory / "journal"
    aside = site.state_directory / "aside"
    journal.rename(aside)
    with pytest.raises(NoReply):
        account(site, session.attributes(Status.START), wait=1.0)
    assert "is not journaled nor acknowledged" in site.radius_log
    aside.rename(journal)
    account(site, session.attributes(Status.START))  # the network device sends it again
    sessions(site, until=lambda found: states(found) == ["started"], mac=endpoint.mac)


def test_mdmd_is_killed_between(make_site: MakeSite, new_endpoint: NewEndpoint) -> None:
    """Sessions are as they were, and what was journaled meanwhile has its effect once."""
    site = make_site()
    endpoints = [new_endpoint(site) for _ in range(3)]
    up = []
    for endpoint in endpoints:
        endpoint.enrol()
        up.append(signed_in(endpoint))
    account(site, up[0].attributes(Status.START))
    account(site, up[1].attributes(Status.START))
    sessions(site, until=lambda found: sorted(states(found)) == ["authorized", "started", "started"])
    assert site.mdmd.stop(signal.SIGKILL) == -signal.SIGKILL
    account(site, up[1].attributes(Status.STOP, seconds=5))
    account(site, up[2].attributes(Status.START))
    site.start_mdmd()
    found = sessions(site, until=lambda found: sorted(states(found)) == ["ended", "started", "started"])
    by_user = {each["user"]: each["state"] for each in found}
    assert [by_user[each.identity] for each in endpoints] == ["started", "ended", "started"]
    wait_for(lambda: health(site)["sessions"]["live"] == 2, "the directory is loaded", 10)
    assert health(site)["sessions"]["by_rule"] == {"Compliant": 2}
    assert health(site)["sessions"]["by_nas"] == [{"client": "127.0.0.1", "name": "lab-switch", "live": 2}]
