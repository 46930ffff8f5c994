"""`mdmctl show` word for word; the expected texts are written by hand from what the desk is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.compliance import Compliance, ComplianceAnswer, Managed, Registration
from tests.builders import DEVICE, KEY, NOW, PRINTED, URI, URI_ATTRIBUTE, WIRED_EAP_TLS, request
from tests.cli.explaining import run, text
from tests.operations.explain.desk import Desk

LAPTOP = (
    *WIRED_EAP_TLS,
    (PRINTED, f"URI:{URI}"),
    (URI_ATTRIBUTE, URI),
    ("Called-Station-Id", "00-1B-54-AA-BB-05"),
    ("Acct-Session-Id", "0000002A"),
    ("Cisco-AVPair", "audit-session-id=C000020A000000016553F100"),
    ("MDM-Client-Address", "192.0.2.1"),
)
NONCOMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """NOW is 2023-11-14 22:13:20 in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def test_an_accept(desk: Desk) -> None:
    desk.answer(KEY, NONCOMPLIANT, age=60)
    made = desk.authenticate(LAPTOP)
    desk.now += 7500
    assert run(desk, "show", made.id[:6].upper()) == text(
        """
        Decision ID
        when          2023-11-14 22:13:20 UTC, 2 h 5 min ago; took 0 s
        outcome       accept: M1302 rule Quarantined
        user          host/laptop
        MAC           00-50-56-A1-B2-C3
        method        EAP-TLS, wired
        device        switch, at 192.0.2.1, NAS 192.0.2.10
        family        cisco-ios-xe
        port          GigabitEthernet1/0/1
        station       00-50-56-A1-B2-C3 to 00-1B-54-AA-BB-05
        identity      intune 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 from certificate-uri, proven
        compliance    Registered, NonCompliant, managed True
        record        Cached, 1 min old; Intune Reachable
        rule          Quarantined
        profile       Quarantine
        timer         3 h 59 min
        Acct-Session  0000002A
        audit-session C000020A000000016553F100
        sent          Class                      =  CLASS
                      Tunnel-Type:1              =  VLAN
                      Tunnel-Medium-Type:1       =  IEEE-802
                      Tunnel-Private-Group-Id:1  =  QUARANTINE
                      Session-Timeout            =  14340
                      Termination-Action         =  RADIUS-Request
        session       ID, authorized

        Steps
        1  0.0 ms  M1001  request received: wired 'host/laptop'
        2  0.0 ms  M1101  endpoint identified: Intune/intune/6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 from \
certificate-uri, proven
        3  0.0 ms  M1240  the stored compliance record is current: Registered, NonCompliant, 60 s old
        4  0.0 ms  M1301  rule did not match: Compliant: MDM:DeviceCompliantStatus is NonCompliant, wanted equals \
Compliant
        5  0.0 ms  M1302  rule matched: Quarantined: every condition holds
        6  0.0 ms  M1306  authorization profile selected: Quarantine
        7  0.0 ms  M1401  reply built: 6 attributes for cisco-ios-xe
        8  0.0 ms  M1402  reply confirmed as it goes out: 6 attributes
        """,
        made,
    )


def test_a_reject_says_what_to_do(desk: Desk) -> None:
    pairs = [pair for pair in LAPTOP if pair[0] not in (URI_ATTRIBUTE, PRINTED)]
    literal = "IntuneDeviceId://{{DeviceId}}"
    made = desk.authenticate((*pairs, (PRINTED, f"URI:{literal}"), (URI_ATTRIBUTE, literal)))
    told = run(desk, "show", made.id)
    assert (
        text(
            """
        outcome       reject: M1113 the certificate profile's variable {{DeviceId}} was not filled in
        meaning       the certificate holds a literal {{variable}}
        next          mend the SAN value in the Intune certificate profile and issue the certificate again
        """
        )
        in told
    )
    assert (
        text(
            """
        identity      none
        rule          none
        profile       none
        """
        )
        in told
    )
    assert "sent          nothing\n" in told


def test_a_failed_authentication_is_shown_as_fully(desk: Desk) -> None:
    failure = ("Module-Failure-Message", "eap_tls: certificate has expired")
    desk.enforcement.confirm_reject(request(*LAPTOP, failure))
    desk.reader.poll()
    (made,) = desk.lookup.decisions_beginning(_latest(desk))
    told = run(desk, "show", made.id)
    assert "outcome       reject: M1003 eap_tls: certificate has expired\n" in told
    assert "next          read Module-Failure-Message in the FreeRADIUS log\n" in told
    assert "1  0.0 ms  M1003  authentication failed before the policy was asked: eap_tls: certificate has ex" in told


def test_monitor_mode_and_times(desk: Desk) -> None:
    desk.rewrite(("[policy]\n", '[policy]\nmode = "monitor"\n'))
    desk.now += 2
    desk.answer(KEY, NONCOMPLIANT, age=60)
    desk.tick = 0.0015
    made = desk.authenticate(LAPTOP)
    told = run(desk, "show", made.id)
    assert "enforcing     Quarantine by rule Quarantined\n" in told
    ticks = [line.split()[1] for line in told[told.index("Steps") :].splitlines()[1:]]
    assert ticks == [f"{step.at_ms:.1f}" for step in made.steps]
    assert made.steps[-1].at_ms > made.steps[0].at_ms


def test_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.answer(KEY, NONCOMPLIANT, age=60)
    made = desk.authenticate(LAPTOP)
    run(desk, "show", "--json", made.id)
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["at"], told["identity"], told["rule"]) == (made.id, NOW, DEVICE, "Quarantined")
    assert told["steps"][1] == {
        "number": 2,
        "code": "M1101",
        "text": f"Intune/intune/{DEVICE} from certificate-uri, proven",
        "at_ms": 0.0,
        "took_ms": 0.0,
        "meaning": "endpoint identified",
        "advice": "",
    }
    assert told["steps"][-1]["took_ms"] is None
    assert [session["id"] for session in told["sessions"]] == [made.id]
    assert told["meaning"] == "rule matched"


def test_a_code_of_another_version_is_shown_as_it_is(desk: Desk) -> None:
    desk.answer(KEY, NONCOMPLIANT, age=60)
    made = desk.authenticate(LAPTOP)
    body = made.to_json().replace('"M1001"', '"M1099"').replace(made.id, "f" * 24)
    desk.store.put_decisions([type(made).from_json(body)])
    assert "1  0.0 ms  M1099  wired 'host/laptop'\n" in run(desk, "show", "f" * 24)


def test_nothing_of_that_id(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(desk.file), "show", "host/laptop"]) == 5
    assert capsys.readouterr().err == (
        "M1806 there is no decision 'host/laptop'\n"
        "  allowed: 24 hexadecimal digits, or at least the first 6\n"
        "  next: mdmctl decisions lists them; mdmctl explain also takes a MAC, a GUID, a session or a user\n"
    )


def _latest(desk: Desk) -> str:
    found = desk.lookup.latest_decision("user", "host/laptop")
    assert found is not None
    return found.id
