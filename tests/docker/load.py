"""Endpoints that sign in without end at both nodes, from a few threads; every answer is compared with what is expected.

What each kind gets: freeradius/mods-config/mdm/mdm.toml, as tests/radius/expect.py has it.
"""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from freeradius_mdm.lab.processes import wait_for
from freeradius_mdm.lab.raddb import VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import EapCode, LabRadiusError, RadiusClient, access
from freeradius_mdm.lab.radius.accounting import Session, Status, send
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.vpn import VpnHeadend, VpnLogin, log_in, mobile
from tests.docker.outside import NODES, WITHIN, Outside
from tests.docker.servers import Failover, Servers
from tests.radius import expect
from tests.radius.endpoint import Endpoint

VPN_EMPLOYEE = expect.dacl("PERMIT-INTRANET")
NOT_ALLOWED = [("Reply-Message", None, "This device is not allowed here")]
_STARTED = 1_700_000_000
_VISITORS = 400  # for each thread; each comes once, so each is a question to Intune
_OLDEST = 900  # seconds: how old a record may be here, so that its timer is that much shorter
_numbers = itertools.count(1)


def port_of(mac: str) -> access.WiredPort:
    """A port of its own, so that its session has an audit-session-id of its own."""
    number = next(_numbers)
    session = access.audit_session_id("192.0.2.10", 40000 + number, _STARTED)
    return access.WiredPort(mac, session, nas_port=40000 + number, port=f"Gi2/0/{number}")


def new_mac() -> str:
    """00-50-56-..., of nobody else."""
    digits = f"{0x005056_800000 + next(_numbers):012x}"
    return "-".join(digits[at : at + 2] for at in range(0, 12, 2))


def new_endpoint(outside: Outside, **known: Any) -> Endpoint:
    """A device of its own; with `known` Intune knows it so."""
    endpoint = Endpoint(outside, str(uuid.uuid4()), new_mac())  # type: ignore[arg-type]
    if known:
        outside.microsoft.set_device(endpoint.device_id, **known)
    return endpoint


def told(reply: Reply) -> list[tuple[str, int | None, Any]]:
    """What a reply says, with the whole interval for a timer that is a little shorter."""
    return [
        (name, tag, expect.INTERVAL)
        if name == "Session-Timeout" and expect.INTERVAL - _OLDEST < value <= expect.INTERVAL
        else (name, tag, value)
        for name, tag, value in expect.results(reply)
    ]


def decision_id(reply: Reply) -> str:
    """What the Class of an Access-Accept names."""
    found = [bytes(value).decode() for value in reply.values("Class") if isinstance(value, bytes)]
    [ours] = [each.removeprefix("mdm:") for each in found if each.startswith("mdm:")]
    return ours


@dataclass(frozen=True, slots=True)
class Guest:
    """One who signs in. `results`: what the reply has to say, complete; `user`: as decisions have it."""

    kind: str
    user: str
    accepted: bool
    results: list[tuple[str, int | None, Any]]
    sign_in: Callable[[RadiusClient], Reply]
    leaves: Callable[[RadiusClient, Reply], Reply] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A right one. `at`: by the monotonic clock; `first`: whom its endpoint's network device asks first."""

    at: float
    took: float
    first: int
    node: int
    kind: str
    user: str
    decision: str  # "" of a reject


def guests(outside: Outside, thread: int) -> Iterator[Guest]:
    """Without end: the same faces in turn, and between them visitors that come once."""
    faces = list(_faces(outside, thread))
    visitors = _visitors(outside)
    for face in itertools.cycle(faces):
        yield face
        yield next(visitors, face)


def _faces(outside: Outside, thread: int) -> Iterator[Guest]:
    def by_certificate(kind: str, results: Any, accepted: bool = True, issue: Any = None, **known: Any) -> Guest:
        endpoint = new_endpoint(outside, **known)
        credential = endpoint.issue(**issue) if issue else endpoint.credential
        attributes = port_of(endpoint.mac).dot1x()

        def sign_in(client: RadiusClient) -> Reply:
            result = endpoint.sign_in(client, credential=credential, attributes=attributes)
            # Network device and endpoint are told the same.
            assert result.eap_code is (EapCode.SUCCESS if result.accepted else EapCode.FAILURE), kind
            return result.reply

        return Guest(kind, endpoint.identity, accepted, results, sign_in)

    def by_mac(kind: str, mac: str, results: Any, accepted: bool = True) -> Guest:
        port, user = port_of(mac), access.mac(mac, "").lower()
        return Guest(kind, user, accepted, results, lambda client: access.authenticate_mab(client, port))

    printer, tablet = new_mac(), str(uuid.uuid4())
    outside.microsoft.set_device(str(uuid.uuid4()), compliant=True, macs=[printer])
    outside.microsoft.set_device(tablet, compliant=True)
    headend = VpnHeadend(started=_STARTED, nas_port=50000 + thread)
    login = VpnLogin(VPN_USER, VPN_PASSWORD)

    def by_vpn(client: RadiusClient) -> Reply:
        return log_in(client, headend, mobile(tablet), login)

    yield by_certificate("compliant laptop", expect.EMPLOYEE, compliant=True)
    yield by_certificate("non-compliant phone", expect.QUARANTINE, compliant=False)
    yield by_certificate("unregistered laptop", expect.ENROLMENT)
    yield Guest(
        "VPN tablet", VPN_USER, True, VPN_EMPLOYEE, lambda client: log_in(client, headend, mobile(tablet), login)
    )
    yield by_mac("badge printer", printer, expect.EMPLOYEE)
    yield by_certificate("another compliant laptop", expect.EMPLOYEE, compliant=True)
    yield by_certificate("expired certificate", [], accepted=False, issue={"days": -1}, compliant=True)
    yield by_mac("private MAC", f"da-a1-19-00-77-{thread:02x}", NOT_ALLOWED, accepted=False)


def _visitors(outside: Outside) -> Iterator[Guest]:
    """Each asks by its MAC, goes again, and is known to Intune: one compliant, the next not."""
    macs = [new_mac() for _ in range(_VISITORS)]
    rows = [
        {"intune_id": str(uuid.uuid4()), "compliant": number % 2 == 0, "macs": [mac]} for number, mac in enumerate(macs)
    ]
    outside.microsoft.set_devices(rows)
    for number, mac in enumerate(macs):
        port = port_of(mac)
        user = access.mac(mac, "").lower()

        def sign_in(client: RadiusClient, port: access.WiredPort = port) -> Reply:
            return access.authenticate_mab(client, port)

        def leaves(client: RadiusClient, reply: Reply, port: access.WiredPort = port, user: str = user) -> Reply:
            session = Session(user, f"visitor-{user}", port.mab(), reply)
            return send(client, session.attributes(Status.STOP, seconds=1))

        yield Guest("visitor", user, True, (expect.EMPLOYEE, expect.QUARANTINE)[number % 2], sign_in, leaves)


class Load:
    """A context manager: endpoints sign in inside it. `faults`: everything that was not as expected, in words."""

    def __init__(self, outside: Outside, threads: int = 3) -> None:
        self._outside = outside
        self.answers: list[Answer] = []
        self.faults: list[str] = []
        self.failovers: list[Failover] = []
        self._stop = threading.Event()
        made = [guests(outside, number) for number in range(threads)]
        self._threads = [
            threading.Thread(target=self._run, args=(each, NODES[number % len(NODES)]), name=f"load-{number}")
            for number, each in enumerate(made)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """No more sign-ins."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self, node: int, answers: int = 20, kinds: int = 5) -> None:
        """Wait until a node has given so many more right answers, to so many kinds of endpoint."""
        seen = len(self.answers)

        def enough() -> bool:
            found = [answer for answer in self.answers[seen:] if answer.node == node]
            return len(found) >= answers and len({answer.kind for answer in found}) >= kinds

        wait_for(enough, f"node {node} answers", WITHIN)

    def after(self, moment: float, *, first: int) -> float:
        """Seconds from a moment to the next right answer for an endpoint whose network device asks that node first."""
        return min(answer.at for answer in self.answers if answer.at > moment and answer.first == first) - moment

    @property
    def slowest(self) -> float:
        """Seconds that the slowest sign-in took, with everything that its network device tried."""
        return max(answer.took for answer in self.answers)

    def lost(self) -> list[str]:
        """Answers whose decision is not in the store of the node that gave them: Accepts by id, rejects by number.

        After `stop`.
        """
        stored = {node: self._outside.stored(node) for node in NODES}
        ids = {(node, row[0]) for node, rows in stored.items() for row in rows}
        missing = [
            f"{answer.kind}, {answer.user}: decision {answer.decision} of node {answer.node}"
            for answer in self.answers
            if answer.decision and (answer.node, answer.decision) not in ids
        ]
        rejects = Counter((node, row[2]) for node, rows in stored.items() for row in rows if row[1] == "reject")
        given = Counter((answer.node, answer.user) for answer in self.answers if not answer.decision)
        return missing + [
            f"{count} rejects of {user} by node {node}, {rejects[node, user]} in its store"
            for (node, user), count in given.items()
            if rejects[node, user] < count
        ]

    def _run(self, coming: Iterator[Guest], first: int) -> None:
        with (
            Servers(self._outside, first, failovers=self.failovers) as servers,
            Servers(self._outside, first, accounting=True) as accounting,
        ):
            try:
                while not self._stop.is_set():
                    self._one(next(coming), first, servers, accounting)
            except Exception as error:
                self.faults.append(f"a thread has ended: {error!r}")
                raise

    def _one(self, guest: Guest, first: int, servers: Servers, accounting: Servers) -> None:
        began = time.monotonic()
        try:
            node, reply = servers.ask(guest.sign_in)
            if guest.leaves is not None:
                accounting.ask(lambda client: guest.leaves(client, reply))  # type: ignore[misc]
        except (LabRadiusError, AssertionError) as error:
            self.faults.append(f"{guest.kind}, {guest.user}: {error}")
            return
        now = time.monotonic()
        if (reply.accepted, told(reply)) != (guest.accepted, guest.results):
            self.faults.append(f"{guest.kind}, {guest.user} got {reply.code.name} {told(reply)} from node {node}")
            return
        decided = decision_id(reply) if reply.accepted else ""
        self.answers.append(Answer(now, now - began, first, node, guest.kind, guest.user, decided))
