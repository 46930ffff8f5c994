"""One authentication, from request to verdict, with the time and the store as arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freeradius_mdm.compliance import UNREGISTERED_ANSWER, Compliance, ComplianceRecord, EndpointKey
from freeradius_mdm.config.model import Config
from freeradius_mdm.decide import Pending, Verdict, decide
from freeradius_mdm.decision import Outcome
from freeradius_mdm.errors import StoreError
from freeradius_mdm.reply import List, encode
from freeradius_mdm.request import Request
from freeradius_mdm.trail import Trail
from tests.builders import (
    DEVICE,
    KEY,
    MAB,
    NOW,
    OTHER,
    PRINTED,
    URI,
    URI_ATTRIBUTE,
    VPN,
    WIRED_EAP_TLS,
    config,
    record,
    request,
)

LAPTOP = (*WIRED_EAP_TLS, (PRINTED, f"URI:{URI}"), (URI_ATTRIBUTE, URI))
VPN_LAPTOP = (*VPN, ("Cisco-AVPair", f"mdm-tlv=device-uid=ID:Intune:DeviceID:{DEVICE}"))
# printf 'permit ip any any' | sha256sum: ba3efdc0...
DACL = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-OPEN-ba3efdc0"
EMPLOYEE = [
    ("Tunnel-Type:1", ":=", "VLAN"),
    ("Tunnel-Medium-Type:1", ":=", "IEEE-802"),
    ("Tunnel-Private-Group-Id:1", ":=", "20"),
    ("Cisco-AVPair", "+=", DACL),
]
MONITOR = ("[policy]\n", '[policy]\nmode = "monitor"\n')


class Case:
    """A store of one record and a clock that stands still."""

    def __init__(self, using: Config, found: ComplianceRecord | None = None) -> None:
        self.config = using
        self.found = found
        self.asked: list[EndpointKey] = []
        self.trail = Trail("0" * 24, NOW, lambda: NOW)

    def read(self, key: EndpointKey) -> ComplianceRecord | None:
        self.asked.append(key)
        return self.found if self.found and self.found.key == key else None

    def outcome(self, *pairs: tuple[str, str], waited: bool = False, place: str = "") -> Verdict | Pending:
        asked: Request = request(*pairs, control=[("MDM-Place", place)] if place else [])
        return decide(asked, self.config, self.read, self.trail, has_uri_attribute=True, waited=waited)

    def verdict(self, *pairs: tuple[str, str], waited: bool = False, place: str = "") -> Verdict:
        outcome = self.outcome(*pairs, waited=waited, place=place)
        assert isinstance(outcome, Verdict)
        return outcome


def sent(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Without Class, which every Accept carries (tests/test_authorization.py)."""
    pairs = encode({List.REPLY: verdict.attributes}).get("reply", ())
    return [pair for pair in pairs if pair[0] != "Class"]


def timer(seconds: int) -> list[tuple[str, str, str]]:
    return [("Session-Timeout", ":=", str(seconds)), ("Termination-Action", ":=", "RADIUS-Request")]


@pytest.fixture
def using(tmp_path: Path) -> Callable[..., Config]:
    return lambda *changes: config(tmp_path, *changes)


Using = Callable[..., Config]


def test_compliant_and_cached(using: Using) -> None:
    case = Case(using(), record(NOW - 3600))
    verdict = case.verdict(*LAPTOP)
    assert verdict.accept
    assert sent(verdict) == [*EMPLOYEE, *timer(10800)]
    decision = verdict.decision
    assert (decision.outcome, decision.rule, decision.profile) == (Outcome.ACCEPT, "Compliant", "Employee")
    assert (decision.identity, decision.identity_kind) == (DEVICE, "intune")
    assert (decision.identity_source, decision.identity_proven) == ("certificate-uri", True)
    assert (decision.server, decision.registration, decision.compliance) == ("Intune", "Registered", "Compliant")
    assert (decision.managed, decision.reachable) == ("True", "Reachable")
    assert (decision.record_source, decision.record_age) == ("Cached", 3600)
    assert (decision.user, decision.mac, decision.access) == ("host/laptop", "005056A1B2C3", "wired")
    assert (decision.method, decision.nas_address, decision.nas_name) == ("EAP-TLS", "192.0.2.10", "switch")
    assert decision.nas_port == "GigabitEthernet1/0/1"
    assert [step.code for step in case.trail.steps] == ["M1101", "M1240", "M1302", "M1306", "M1401"]
    assert case.asked == [KEY]


@pytest.mark.parametrize("found", [None, record(NOW - 12960), record(NOW + 10), ComplianceRecord(KEY, None, 0.0)])
def test_missing_or_due_is_waited_for(using: Using, found: ComplianceRecord | None) -> None:
    case = Case(using(), found)
    assert case.outcome(*LAPTOP) == Pending(KEY)
    assert [step.code for step in case.trail.steps] == ["M1101", "M1241"]


def test_a_live_answer_gives_exactly_the_interval(using: Using) -> None:
    case = Case(using(), record(NOW))
    assert sent(case.verdict(*LAPTOP, waited=True)) == [*EMPLOYEE, *timer(14400)]


@pytest.mark.parametrize(
    ("found", "source"),
    [
        # Waited for in vain: last known, too old, nothing.
        (record(NOW - 20000), "LastKnown"),
        (record(NOW - 86401), ""),
        (None, ""),
        (ComplianceRecord(KEY, None, 0.0, NOW - 1, "M1202 no answer in time"), ""),
    ],
)
def test_no_answer_in_time(using: Using, found: ComplianceRecord | None, source: str) -> None:
    verdict = Case(using(), found).verdict(*LAPTOP, waited=True)
    assert verdict.accept
    assert (verdict.decision.rule, verdict.decision.profile) == ("Unreachable", "Restricted")
    assert (verdict.decision.reachable, verdict.decision.record_source) == ("UnReachable", source)
    assert sent(verdict) == [("Filter-Id", ":=", "RESTRICTED.in"), *timer(600)]


def test_a_non_compliant_device_stays_quarantined_while_intune_does_not_answer(using: Using) -> None:
    case = Case(using(), record(NOW - 20000, Compliance.NONCOMPLIANT))
    assert case.verdict(*LAPTOP, waited=True).decision.profile == "Quarantine"


def test_an_unreadable_store_is_an_unreachable_server(using: Using) -> None:
    def broken(_: EndpointKey) -> ComplianceRecord | None:
        raise StoreError("store is busy")

    case = Case(using())
    case.read = broken  # type: ignore[method-assign, assignment]
    assert case.outcome(*LAPTOP) == Pending(KEY)
    assert case.verdict(*LAPTOP, waited=True).decision.rule == "Unreachable"
    assert "M1901" in [step.code for step in case.trail.steps]


def test_a_disabled_server_is_not_waited_for(using: Using) -> None:
    second = ('[[servers]]\nname = "Intune"', '[[servers]]\nname = "Intune"\nenabled = false')
    third = (
        '[[identity]]\nsource = "certificate-uri"',
        '[[servers]]\nname = "Other"\ntenant = "contoso.example"\n'
        'client_id = "11111111-2222-4333-8444-555555555555"\nclient_secret_file = "s"\n'
        '[[identity]]\nsource = "certificate-uri"\nserver = "Intune"',
    )
    verdict = Case(using(second, third), record(NOW - 60)).verdict(*LAPTOP)
    assert (verdict.decision.rule, verdict.decision.record_source) == ("Unreachable", "LastKnown")
    assert timer(600)[0] in sent(verdict)


def test_default_profile_rejects_and_tells_the_reason_where_there_is_no_eap(using: Using) -> None:
    unregistered = ComplianceRecord(EndpointKey("Intune", KEY.kind, DEVICE), UNREGISTERED_ANSWER, NOW)
    verdict = Case(using(), unregistered).verdict(*LAPTOP)
    assert not verdict.accept
    assert verdict.attributes == ()
    assert verdict.decision.outcome is Outcome.REJECT
    assert verdict.decision.reason == "no rule matched, profile Reject"
    verdict = Case(using(), unregistered).verdict(*VPN_LAPTOP)
    assert not verdict.accept
    assert sent(verdict) == [("Reply-Message", ":=", "not allowed here")]


def test_an_ambiguous_identity_is_rejected_whatever_the_rules_say(using: Using) -> None:
    case = Case(using(), record(NOW))
    other = f"ID:Intune:GUID:{OTHER}"
    verdict = case.verdict(*LAPTOP, (URI_ATTRIBUTE, other), waited=True)
    assert not verdict.accept
    assert verdict.attributes == ()
    assert verdict.decision.reason_code == "M1110"
    assert case.asked == []
    two = ("Cisco-AVPair", f"mdm-tlv=device-uid-global=ID:Intune:DeviceID:{OTHER}")
    verdict = case.verdict(*VPN_LAPTOP, two, waited=True)
    assert not verdict.accept
    assert [(name, value[:5]) for name, _, value in sent(verdict)] == [("Reply-Message", "M1110")]


def test_a_resumed_session_without_certificate_is_rejected(using: Using) -> None:
    resumed = [pair for pair in WIRED_EAP_TLS if not pair[0].startswith("TLS-Client-Cert-")]
    verdict = Case(using(), record(NOW)).verdict(*resumed, place="eap-tls")
    assert (verdict.accept, verdict.decision.reason_code) == (False, "M1114")


def test_vpn_has_no_timer_unless_asked_and_never_termination_action(using: Using) -> None:
    case = Case(using(), record(NOW - 3600))
    assert sent(case.verdict(*VPN_LAPTOP)) == [("Cisco-AVPair", "+=", DACL)]
    asked = ("[profiles.Employee]\n", '[profiles.Employee]\nvpn_session_timeout = "compliance"\n')
    case = Case(using(asked), record(NOW - 3600))
    assert sent(case.verdict(*VPN_LAPTOP)) == [("Cisco-AVPair", "+=", DACL), ("Session-Timeout", ":=", "10800")]
    decision = case.verdict(*VPN_LAPTOP).decision
    assert (decision.access, decision.mac, decision.audit_session_id) == (
        "vpn",
        "005056A1B2C3",
        "c6336401000040006720b1d4",
    )
    assert (decision.identity_source, decision.identity_proven) == ("vpn-device-id", False)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        # A profile's own duration never outlasts the record, which is good for 10800 s more.
        ('"compliance"', timer(10800)),
        ('"1h"', timer(3600)),
        ('"12h"', timer(10800)),
        ('"none"', []),
    ],
)
def test_reauthentication_of_a_profile(using: Using, setting: str, expected: list[tuple[str, str, str]]) -> None:
    change = ("[profiles.Employee]\n", f"[profiles.Employee]\nreauthentication = {setting}\n")
    assert sent(Case(using(change), record(NOW - 3600)).verdict(*LAPTOP)) == [*EMPLOYEE, *expected]


def test_a_device_without_identity_meets_the_rules_with_its_mdm_attributes_absent(using: Using) -> None:
    by_source = (
        'name = "Unreachable"',
        'name = "Printer"\nwhen = { "MDM:IdentitySource" = "none" }\n'
        'profile = "Quarantine"\n\n[[rules]]\nname = "Unreachable"',
    )
    negated = (
        'when = { "MDM:DeviceCompliantStatus" = "NonCompliant" }',
        'when = { "MDM:DeviceCompliantStatus" = { not = "Compliant" } }',
    )
    verdict = Case(using(by_source, negated)).verdict(("User-Name", "printer"), ("NAS-Port-Type", "Ethernet"))
    assert verdict.decision.rule == "Printer"
    # Nothing is due, so the session may last one interval.
    assert timer(14400)[0] in sent(verdict)
    assert not Case(using(negated)).verdict(("User-Name", "printer")).accept


def test_randomised_mac_is_not_asked_about(using: Using) -> None:
    pairs = [("Calling-Station-Id", "02-50-56-A1-B2-C3") if p[0] == "Calling-Station-Id" else p for p in MAB]
    case = Case(using())
    verdict = case.verdict(*(("User-Name", "025056a1b2c3") if p[0] == "User-Name" else p for p in pairs))
    assert case.asked == []
    assert (verdict.decision.identity_source, verdict.decision.method) == ("none", "MAB")
    assert "M1115" in [step.code for step in case.trail.steps]


def test_monitor_mode_lets_in_and_records_what_would_have_been(using: Using) -> None:
    case = Case(using(MONITOR), record(NOW, Compliance.NONCOMPLIANT))
    verdict = case.verdict(*LAPTOP, waited=True)
    assert verdict.accept
    assert sent(verdict) == timer(14400)
    decision = verdict.decision
    assert (decision.profile, decision.would_be_rule, decision.would_be_profile) == (
        "Monitor",
        "Quarantined",
        "Quarantine",
    )
    assert (decision.reason_code, decision.reason) == ("M1304", "monitor mode, enforcing would give Quarantine")


def test_monitor_mode_lets_in_what_identification_refuses(using: Using) -> None:
    verdict = Case(using(MONITOR)).verdict(*LAPTOP, (URI_ATTRIBUTE, f"ID:Intune:GUID:{OTHER}"))
    assert verdict.accept
    assert verdict.decision.would_be_profile == f"reject: two different ids: {DEVICE} and {OTHER}"


def test_monitor_mode_of_one_rule_leaves_the_others_in_force(using: Using) -> None:
    change = ('name = "Quarantined"\n', 'name = "Quarantined"\nmode = "monitor"\n')
    verdict = Case(using(change), record(NOW, Compliance.NONCOMPLIANT)).verdict(*LAPTOP, waited=True)
    assert (verdict.accept, verdict.decision.profile, verdict.decision.would_be_profile) == (
        True,
        "Monitor",
        "Quarantine",
    )
    verdict = Case(using(change)).verdict(*LAPTOP, waited=True)
    assert (verdict.decision.profile, verdict.decision.would_be_profile) == ("Restricted", "")


def test_reply_message_goes_out_only_where_there_is_no_eap(using: Using) -> None:
    change = ("[profiles.Employee]\n", '[profiles.Employee]\nreply_message = "welcome"\n')
    case = Case(using(change), record(NOW - 3600))
    assert "Reply-Message" not in [name for name, _, _ in sent(case.verdict(*LAPTOP))]
    assert ("Reply-Message", ":=", "welcome") in sent(case.verdict(*VPN_LAPTOP))


def test_what_is_decided_is_published_for_unlang(using: Using) -> None:
    verdict = Case(using(), record(NOW - 3600)).verdict(*LAPTOP)
    published = {pair.name: pair.value for pair in verdict.published}
    assert published["MDM-Device-Compliant-Status"] == "Compliant"
    assert published["MDM-Rule"] == "Compliant"
    assert published["MDM-Authorization-Profile"] == "Employee"
    assert published["MDM-Record-Age"] == 3600
    encode({List.REPLY: verdict.published})


@pytest.mark.parametrize(
    ("pairs", "method"),
    [
        ([("EAP-Message", "0x02"), ("EAP-Type", "PEAP")], "PEAP"),
        ([("EAP-Message", "0x02"), ("EAP-Type", "21")], "EAP-TTLS"),
        ([("EAP-Message", "0x02")], "EAP"),
        ([("MS-CHAP2-Response", "0x00")], "MS-CHAPv2"),
        ([("User-Password", "x")], "PAP"),
        (MAB, "MAB"),
    ],
)
def test_method(using: Using, pairs: list[tuple[str, str]], method: str) -> None:
    assert Case(using()).verdict(*pairs, waited=True).decision.method == method
