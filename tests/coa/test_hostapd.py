"""Our packets at hostapd's radius_das, an independent device that demands both signatures and the time stamp."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from freeradius_mdm.coa.attributes import Attribute
from freeradius_mdm.coa.clock import SystemClock
from freeradius_mdm.coa.packet import Code
from freeradius_mdm.coa.plan import CoaSession, Plan, on_change
from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.coa.sender import Order, Outcome, Sender
from freeradius_mdm.lab.processes import Process, free_port

HOSTAPD = shutil.which("hostapd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(HOSTAPD is None, reason="hostapd is not installed")
SECRET = b"a-secret-of-hostapd"
CONFIGURATION = """
interface=mdmnone0
driver=none
ieee8021x=1
own_ip_addr=127.0.0.1
nas_identifier=lab-hostapd
auth_server_addr=127.0.0.1
auth_server_port=1812
auth_server_shared_secret=unused
radius_das_port=@PORT@
radius_das_client=127.0.0.1 a-secret-of-hostapd
radius_das_require_event_timestamp=1
radius_das_require_message_authenticator=1
"""
NAS, MAC = Attribute("NAS-IP-Address", "127.0.0.1"), Attribute("Calling-Station-Id", "02-00-00-00-00-01")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    directory: Path = tmp_path_factory.mktemp("hostapd")
    number = free_port()
    file = directory / "hostapd.conf"
    file.write_text(CONFIGURATION.replace("@PORT@", str(number)))
    assert HOSTAPD is not None
    process = Process([HOSTAPD, "-d", str(file)], directory / "output")
    try:
        process.ready_when(lambda: "AP-ENABLED" in process.log.read_text(errors="replace"), "hostapd is ready")
        yield number
    finally:
        process.stop()


Answered = tuple[Outcome, int | None, int]


class SlowClock(SystemClock):
    """So many seconds behind the time."""

    def __init__(self, behind: float) -> None:
        self.behind = behind

    def wall(self) -> float:
        return super().wall() - self.behind


def send(port: int, code: Code, attributes: Sequence[Attribute], behind: float = 0.0) -> Answered:
    async def run() -> Answered:
        policy = RetransmissionPolicy(first_wait=0.5 if behind else 5, count=1)
        sender = Sender(policy=policy, clock=SlowClock(behind))
        try:
            result = await sender.send(Order("127.0.0.1", port, code, attributes), SECRET)
        finally:
            sender.close()
        return result.outcome, result.error_cause, len(result.discarded)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("code", "attributes", "cause"),
    [
        (Code.DISCONNECT_REQUEST, [NAS, MAC], 503),
        (Code.DISCONNECT_REQUEST, [Attribute("NAS-IP-Address", "127.0.0.9"), MAC], 403),
        (Code.DISCONNECT_REQUEST, [Attribute("Cisco-AVPair", "audit-session-id=1"), MAC], 401),
        (Code.DISCONNECT_REQUEST, [Attribute("NAS-Port-Id", "1"), MAC], 401),
        (Code.DISCONNECT_REQUEST, [Attribute("Calling-Station-Id", "no MAC")], 407),
        (Code.COA_REQUEST, [MAC], 402),
    ],
)
def test_it_takes_our_signatures_and_says_why_not(
    code: Code, attributes: list[Attribute], cause: int, port: int
) -> None:
    # hostapd signs its answers with a Message-Authenticator, which the sender verifies
    assert send(port, code, attributes) == (Outcome.NAK, cause, 0)


def test_the_family_s_plan_names_nothing_that_it_refuses(port: int) -> None:
    session = CoaSession(
        "hostapd",
        user_name="nemo",
        nas_address="127.0.0.1",
        nas_identifier="lab-hostapd",
        nas_port=1,
        calling_station_id="02-00-00-00-00-01",
        called_station_id="02-00-00-00-00-02",
        acct_session_id="5E5A-1",
    )
    (planned,) = on_change(session)
    assert isinstance(planned, Plan)
    assert send(port, planned.code, planned.attributes) == (Outcome.NAK, 503, 0)


def test_an_old_time_stamp_is_dropped(port: int) -> None:
    # the negative control: hostapd does look at what we sign
    assert send(port, Code.DISCONNECT_REQUEST, [NAS, MAC], behind=400) == (Outcome.TIMEOUT, None, 0)
