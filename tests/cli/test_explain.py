"""`mdmctl explain` word for word. The expected texts are written by hand from the policy of tests/builders.py.

What is expected of the policy itself: DESIGN.md (Time, When Intune does not answer), ise.md section 5.1 (attributes).
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freeradius_mdm.cli.main import main
from freeradius_mdm.compliance import Compliance, ComplianceAnswer, EndpointKey, IdKind, Managed, Registration
from freeradius_mdm.exemption import Exemption
from tests.builders import DEVICE, KEY, MAB, NOW, OTHER, PRINTED, TOML, URI, URI_ATTRIBUTE, VPN, WIRED_EAP_TLS
from tests.cli.explaining import run, text
from tests.operations.explain.desk import Desk, as_pasted

LAPTOP = (*WIRED_EAP_TLS, (PRINTED, f"URI:{URI}"), (URI_ATTRIBUTE, URI))
NONCOMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)
COMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE)
MAC_KEY = EndpointKey("Intune", IdKind.MAC, "005056A1B2C3")
MakeDesk = Callable[..., Desk]


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """NOW is 2023-11-14 22:13:20 in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MakeDesk]:
    made: list[Desk] = []

    def make(*changes: tuple[str, str]) -> Desk:
        toml = TOML
        for old, new in changes:
            assert toml.count(old) == 1, f"{old!r} is not there once"
            toml = toml.replace(old, new)
        made.append(Desk(tmp_path / str(len(made)), toml))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_certificate_that_the_second_rule_matches(desk: MakeDesk) -> None:
    at = desk()
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate(LAPTOP)
    at.now += 90
    # Due 4 h after the answer; timer 14400 - 60 then, and 90 seconds less now.
    expected = """
        Explained: decision ID
        request       user host/laptop, MAC 00-50-56-A1-B2-C3, EAP-TLS
                      wired, switch, port GigabitEthernet1/0/1
        identity      intune 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 from certificate-uri, proven; asked of Intune
                        certificate-uri  found 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81
                        vpn-device-id    not asked
                        mac              not asked, would give 005056A1B2C3
        record        Registered, NonCompliant, managed True
                      answered 2023-11-14 22:12:20 UTC, 2 min 30 s ago
                      due 2023-11-15 02:12:20 UTC, in 3 h 57 min; last known until 2023-11-15 22:12:20 UTC
        exemption     none
        rules         1  Compliant    MDM:DeviceCompliantStatus is NonCompliant, wanted equals Compliant
                      2  Quarantined  matched: profile Quarantine
                      3  Unreachable  not reached
        result        accept: M1302 rule Quarantined
                      profile Quarantine, family cisco-ios-xe
        attributes    Class                      +=  CLASS (ID)
                      Tunnel-Type:1              :=  VLAN
                      Tunnel-Medium-Type:1       :=  IEEE-802
                      Tunnel-Private-Group-Id:1  :=  QUARANTINE
                      Session-Timeout            :=  14250
                      Termination-Action         :=  RADIUS-Request

        Decision ID of 2023-11-14 22:13:20 UTC, 1 min 30 s ago
        then          accept: M1302 rule Quarantined
                      rule Quarantined, profile Quarantine, family cisco-ios-xe
                      Registered, NonCompliant, managed True; Reachable, Cached, 1 min old
        now           it would be decided the same
        """
    for what in (made.id, made.id[:6], "0050.56A1.b2c3", DEVICE.upper(), "host/laptop"):
        told = run(at, "explain", what)
        head, _, rest = told.partition("\n")
        wanted_head, _, wanted = text(expected, made).partition("\n")
        assert rest == wanted
        assert head == wanted_head or what not in (made.id, made.id[:6])
    assert run(at, "explain", "0050.56A1.b2c3").startswith("Explained: the latest decision of MAC 005056A1B2C3\n")


def test_an_ambiguous_identity(desk: MakeDesk) -> None:
    at = desk()
    made = at.authenticate((*LAPTOP, (URI_ATTRIBUTE, f"ID:Intune:GUID:{OTHER}")))
    assert run(at, "explain", made.id) == text(
        """
        Explained: decision ID
        request       user host/laptop, MAC 00-50-56-A1-B2-C3, EAP-TLS
                      wired, switch, port GigabitEthernet1/0/1
        identity      refused: M1110 two different ids: 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 and \
0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2
                      next: issue the certificate with one device id only
                        certificate-uri  refused; two different ids: 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 and \
0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2
                        vpn-device-id    not asked
                        mac              not asked, would give 005056A1B2C3
        exemption     none
        rules         not looked at: the identity is refused
        result        reject: M1110 two different ids: 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 and \
0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2
                      next: issue the certificate with one device id only
                      profile none, family cisco-ios-xe
        attributes    none

        Decision ID of 2023-11-14 22:13:20 UTC, now
        then          reject: M1110 two different ids: 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 and \
0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2
                      rule none, profile none, family cisco-ios-xe
        now           it would be decided the same
        """,
        made,
    )


def test_a_randomised_mac_identifies_nobody(desk: MakeDesk) -> None:
    at = desk()
    made = at.authenticate((("User-Name", "phone"), ("Calling-Station-Id", "DA-A1-19-00-00-01"), *MAB[1:3]))
    told = run(at, "explain", made.id)
    assert (
        text(
            """
        identity      none: nothing identifies the endpoint
                        certificate-uri  nothing
                        vpn-device-id    nothing
                        mac              nothing; DAA119000001 is randomised: the MDM server can't know it
        exemption     none
        rules         1  Compliant    MDM:DeviceCompliantStatus is absent, wanted equals Compliant
                      2  Quarantined  MDM:DeviceCompliantStatus is absent, wanted equals NonCompliant
                      3  Unreachable  MDM:MDMServerReachable is absent, wanted equals UnReachable
        result        reject: M1305 no rule matched, DAA119000001 is randomised: the MDM server can't know it, \
profile Reject
                      profile Reject, family cisco-ios-xe
        attributes    Reply-Message  :=  not allowed here
        """
        )
        in told
    )


def test_a_device_nobody_has_seen(desk: MakeDesk) -> None:
    """Nothing is known, so the first rule for an unreachable server applies until Intune has answered."""
    assert run(desk(), "explain", "{" + DEVICE.upper() + "}") == text(
        """
        Explained: device 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81, of which there is no decision
        assumed       how it comes: wired, EAP-TLS, identified by certificate-uri
                      the network device: family cisco-ios-xe, nothing else of it is known
        request       EAP-TLS
                      wired
        identity      intune 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 from certificate-uri, proven; asked of Intune
                        certificate-uri  found 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81
                        vpn-device-id    not asked
                        mac              not asked
        record        none: Intune has never answered about it
                      an authentication now would ask Intune first
        exemption     none
        rules         1  Compliant    MDM:DeviceCompliantStatus is Unknown, wanted equals Compliant
                      2  Quarantined  MDM:DeviceCompliantStatus is Unknown, wanted equals NonCompliant
                      3  Unreachable  matched: profile Restricted
        result        accept: M1302 rule Unreachable
                      profile Restricted, family cisco-ios-xe
        attributes    Class               +=  CLASS (the decision)
                      Filter-Id           :=  RESTRICTED.in
                      Session-Timeout     :=  600
                      Termination-Action  :=  RADIUS-Request
        """
    ).replace("CLASS", "0x" + f"mdm:{'0' * 24}".encode().hex())


def test_last_known_and_both_outcomes_of_a_record_that_is_due(desk: MakeDesk) -> None:
    at = desk()
    at.answer(KEY, COMPLIANT, age=20000)
    at.store.put_failure(KEY, "M1202 no answer in 5 s", NOW - 30)
    made = at.authenticate(LAPTOP)  # it waits, and nobody answers
    at.now += 10
    told = run(at, "explain", made.id)
    assert (
        text(
            """
        record        Registered, Compliant, managed True
                      answered 2023-11-14 16:40:00 UTC, 5 h 33 min ago
                      due 2023-11-14 20:40:00 UTC, 1 h 33 min ago; last known until 2023-11-15 16:40:00 UTC
                      failed 2023-11-14 22:12:50 UTC, 40 s ago: M1202 no answer in 5 s
                      an authentication now would ask Intune first
        exemption     none
        If Intune answers as it did last:
        rules         1  Compliant    matched: profile Employee
                      2  Quarantined  not reached
                      3  Unreachable  not reached
        result        accept: M1302 rule Compliant
                      profile Employee, family cisco-ios-xe
        attributes    Class                      +=  CLASS (ID)
                      Tunnel-Type:1              :=  VLAN
                      Tunnel-Medium-Type:1       :=  IEEE-802
                      Tunnel-Private-Group-Id:1  :=  20
                      Cisco-AVPair               +=  ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-OPEN-ba3efdc0
                      Session-Timeout            :=  14400
                      Termination-Action         :=  RADIUS-Request
        If Intune does not answer:
        rules         1  Compliant    MDM:MDMServerReachable is UnReachable, wanted equals Reachable
                      2  Quarantined  MDM:DeviceCompliantStatus is Compliant, wanted equals NonCompliant
                      3  Unreachable  matched: profile Restricted
        result        accept: M1302 rule Unreachable
                      profile Restricted, family cisco-ios-xe
        attributes    Class               +=  CLASS (ID)
                      Filter-Id           :=  RESTRICTED.in
                      Session-Timeout     :=  600
                      Termination-Action  :=  RADIUS-Request

        Decision ID of 2023-11-14 22:13:20 UTC, 10 s ago
        then          accept: M1302 rule Unreachable
                      rule Unreachable, profile Restricted, family cisco-ios-xe
                      Registered, Compliant, managed True; UnReachable, LastKnown, 5 h 33 min old
        now           it would be decided differently, if the MDM server answers as it did last
        """,
            made,
        )
        in told
    )
    assert "because of    record  MDM server: UnReachable then, Reachable now\n" in told


def test_monitor_mode(desk: MakeDesk) -> None:
    at = desk(("[policy]\n", '[policy]\nmode = "monitor"\n'))
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate(LAPTOP)
    told = run(at, "explain", made.id)
    assert (
        text(
            """
        result        accept: M1304 monitor mode, enforcing would give Quarantine
                      enforcing would give Quarantine
                      profile Monitor, family cisco-ios-xe
        """
        )
        in told
    )
    assert "it would be decided the same" in told


def test_a_reply_that_is_too_long(desk: MakeDesk) -> None:
    """RFC 2865 section 3: 4096 bytes. Of the ACL 3,700 are left, other modules have put 500 into the reply."""
    many = "\n".join(f"permit tcp any host 192.0.2.{number} eq 443" for number in range(1, 66))
    at = desk(('dacl = "OPEN"', 'dacl = "OPEN"\ndacl_delivery = "per-user"'))
    (at.directory / "dacls" / "OPEN.acl").write_text(many, encoding="utf-8")
    at.now += 2
    at.answer(KEY, COMPLIANT, age=60)
    made = at.authenticate(LAPTOP, reply=(("Class", "0x" + "00" * 250), ("Class", "0x" + "00" * 250)))
    assert made.reason_code == "M1412"
    told = run(at, "explain", made.id)
    assert f"result        reject: M1412 {made.reason}\n" in told
    assert "next: let the network device download the ACL, shorten it, or send less from other modules" in told
    assert "it would be decided the same" in told


def test_an_exemption_and_what_the_rules_would_have_said(desk: MakeDesk) -> None:
    at = desk()
    at.answer(KEY, NONCOMPLIANT, age=60)
    at.store.make_exemption(Exemption("00000000abcd", KEY, "Employee", "anna", "repair 4711", NOW - 100, NOW + 3500))
    made = at.authenticate(LAPTOP)
    told = run(at, "explain", made.id)
    assert (
        text(
            """
        exemption     00000000abcd by anna: repair 4711, profile Employee
                      until 2023-11-14 23:11:40 UTC, in 58 min 20 s
                      it comes before the rules, which are gone through for the record only
        rules         1  Compliant    MDM:DeviceCompliantStatus is NonCompliant, wanted equals Compliant
                      2  Quarantined  matched: profile Quarantine
                      3  Unreachable  not reached
        result        accept: M1307 exemption 00000000abcd by anna until 2023-11-14 23:11:40 UTC: repair 4711, \
profile Employee
                      profile Employee, family cisco-ios-xe
        """
        )
        in told
    )
    assert "Session-Timeout            :=  3500\n" in told
    assert "it would be decided the same" in told
    at.store.end_exemption("00000000abcd", NOW + 1, "bert", "repaired")
    at.now += 5
    told = run(at, "explain", made.id)
    assert "because of    exemption  exemption 00000000abcd is over\n" in told
    assert "different     rule: none then, Quarantined now\n" in told


def test_a_vpn_login(desk: MakeDesk) -> None:
    at = desk()
    at.answer(EndpointKey("Intune", IdKind.INTUNE, OTHER), COMPLIANT, age=60)
    made = at.authenticate((*VPN, ("Cisco-AVPair", f"mdm-tlv=device-uid=ID:Intune:DeviceID:{OTHER}")))
    told = run(at, "explain", made.id)
    assert (
        text(
            """
        request       user employee, MAC 00-50-56-A1-B2-C3, PAP
                      vpn, 192.0.2.20, port 16384
        identity      intune 0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2 from vpn-device-id, claimed; asked of Intune
                        certificate-uri  nothing
                        vpn-device-id    found 0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2; \
'5C1E0A77D94B63F2881A0C5E3D7F4B6920A1C8E4' is no device id; \
'0B7D3E915AC2846F17E0D5B39A6C48F2E1570D3B8C964AF2D15E07B3C8A9640F' is no device id
                        mac              not asked, would give 005056A1B2C3
        """
        )
        in told
    )
    # An ASA has no VLAN here, and no timer.
    assert (
        text(
            """
                      profile Employee, family cisco-asa
        attributes    Class         +=  CLASS (ID)
                      Cisco-AVPair  +=  ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-OPEN-ba3efdc0
        """,
            made,
        )
        in told
    )


def test_groups_negation_and_regex(desk: MakeDesk) -> None:
    rule = """\
[[rules]]
name = "Laboratory"
when = { "Radius:Called-Station-Id" = { not = { prefix = "corp" } } }
any = [
  { "Radius:NAS-Port-Id" = { regex = "Gi.*/4" }, "NAS:Kind" = "wired" },
  { "NAS:Kind" = ["vpn", "wireless"] },
]
profile = "Employee"

[[rules]]
name = "Elsewhere"
when = { "Radius:Called-Station-Id" = { not = { prefix = "lab" } } }
profile = "Employee"

[[rules]]
name = "Compliant"
"""
    at = desk(('[[rules]]\nname = "Compliant"\n', rule))
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate((*LAPTOP, ("Called-Station-Id", "lab-1")))
    told = run(at, "explain", made.id)
    assert (
        text(
            """
        rules         1  Laboratory   none of the 2 groups of `any` holds
                           group 1: Radius:NAS-Port-Id is GigabitEthernet1/0/1, wanted regex Gi.*/4
                           group 2: NAS:Kind is wired, wanted equals vpn or wireless
                      2  Elsewhere    Radius:Called-Station-Id is lab-1, wanted not prefix lab
                      3  Compliant    MDM:DeviceCompliantStatus is NonCompliant, wanted equals Compliant
                      4  Quarantined  matched: profile Quarantine
                      5  Unreachable  not reached
        """
        )
        in told
    )


def test_a_changed_policy_is_named(desk: MakeDesk) -> None:
    """The negative control of `the same`: each kind of change is seen, and named."""
    at = desk()
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate(LAPTOP)
    # Another VLAN in the same profile.
    at.rewrite(('vlan = "QUARANTINE"', "vlan = 666"))
    told = run(at, "explain", made.id)
    assert "now           it would be decided differently\n" in told
    assert "different     Tunnel-Private-Group-Id:1 is QUARANTINE then, now 666\n" in told
    assert "because of    policy  profile Quarantine: Tunnel-Private-Group-Id:1 is QUARANTINE then, now 666\n" in told
    # Another rule in front.
    at.rewrite(
        ("vlan = 666", 'vlan = "QUARANTINE"'),
        ('"Compliant", "MDM:MDMServerReachable"', '"NonCompliant", "MDM:MDMServerReachable"'),
    )
    told = run(at, "explain", made.id)
    assert "different     rule: Quarantined then, Compliant now\n" in told
    assert "because of    policy  rules: Quarantined matched then, Compliant does now\n" in told
    # Another identity source.
    at.rewrite(
        ('"NonCompliant", "MDM:MDMServerReachable"', '"Compliant", "MDM:MDMServerReachable"'),
        ('[[identity]]\nsource = "certificate-uri"\n\n', ""),
    )
    at.answer(MAC_KEY, NONCOMPLIANT, age=60)
    told = run(at, "explain", made.id)
    assert (
        "because of    policy  identity: intune 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 from certificate-uri then, "
        "mac 005056A1B2C3 from mac now\n"
    ) in told


def test_a_changed_record_is_named(desk: MakeDesk) -> None:
    at = desk()
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate(LAPTOP)
    at.now += 100
    at.answer(KEY, COMPLIANT)
    told = run(at, "explain", made.id)
    assert "because of    record  compliance: NonCompliant then, Compliant now\n" in told
    assert "policy " not in told


def test_a_rule_on_what_is_not_kept_is_marked(desk: MakeDesk) -> None:
    """A pair's value that is a secret is not kept (request_record.py), so that the rule can't be gone through again."""
    rule = 'when = { "Radius:Lab-AVPair" = "psk=one" }'
    at = desk(('when = { "MDM:DeviceCompliantStatus" = "NonCompliant" }', rule))
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate((*LAPTOP, ("Lab-AVPair", "psk=one")))
    assert made.rule == "Quarantined"
    told = run(at, "explain", made.id)
    assert "2  Quarantined  Radius:Lab-AVPair is absent, wanted equals psk=one\n" in told
    assert "Lab-AVPair was in the request and is not kept: this may be wrong\n" in told
    assert "because of    not kept  Lab-AVPair, which the policy looks at: not every value is kept" in told


def test_a_reject_before_the_policy_is_not_compared(desk: MakeDesk) -> None:
    at = desk()
    at.enforcement.confirm_reject(_request((*MAB, ("Module-Failure-Message", "pap: wrong password"))))
    at.reader.poll()
    told = run(at, "explain", "005056a1b2c3")
    assert "now           not compared: the policy was not asked then: M1003 pap: wrong password\n" in told


def test_what_came_after_the_policy_is_told(desk: MakeDesk) -> None:
    at = desk()
    at.answer(KEY, COMPLIANT, age=60)
    # Another policy changes the timer behind ours.
    made = at.authenticate(
        LAPTOP, tamper=lambda pair: ("Session-Timeout", "9") if pair[0] == "Session-Timeout" else pair
    )
    assert made.reason_code == "M1411"
    told = run(at, "explain", made.id)
    assert "overruled     after the policy had decided: M1411 Session-Timeout is 9, decided was 14340\n" in told
    assert "now           it would be decided the same\n" in told


def test_a_request_that_is_not_kept_any_more(desk: MakeDesk) -> None:
    at = desk()
    at.answer(KEY, NONCOMPLIANT, age=60)
    made = at.authenticate(LAPTOP)
    session = at.lookup.sessions_of(made.id)[0]
    at.store.delete_session(session.id)
    at.now += 3 * 86400
    at.store.strip_requests(0, at.now)
    told = run(at, "explain", made.id)
    assert "assumed       its request is not kept any more, so that it was put together from what the decision" in told
    assert "identity      intune 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 from certificate-uri, proven" in told
    assert "now           not compared: its request is not kept any more\n" in told


def test_a_pasted_request(desk: MakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    at = desk()
    at.answer(MAC_KEY, COMPLIANT, age=60)
    clients = at.directory / "clients.conf"
    clients.write_text(
        "client core {\n\tipaddr = 192.0.2.0/24\n\tsecret = x\n\tshortname = core-switch\n"
        "\tmdm_family = hostapd\n}\nclient asa {\n\tipaddr = 198.51.100.1\n\tsecret = x\n\tmdm_family = cisco-asa\n}\n",
        encoding="utf-8",
    )
    at.rewrite(
        ("[network_devices]\n", '[coa]\nclients = "clients.conf"\n[network_devices]\nfamilies = ["hostapd"]\n'),
        ('dacl = "OPEN"\n', 'dacl = "OPEN"\n[profiles.Employee.for.hostapd]\nwithout = ["dacl"]\n'),
        ("filter_id", 'families = ["cisco-ios-xe", "cisco-asa"]\nfilter_id'),
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(as_pasted(MAB) + "\n\nand the rest of the log"))
    told = run(at, "explain", "-")
    assert (
        text(
            """
        Explained: the pasted request
        assumed       the network device: core-switch, 192.0.2.10, from the head above the request
        request       user 005056a1b2c3, MAC 00-50-56-A1-B2-C3, MAB
                      wired, core-switch
        identity      mac 00-50-56-A1-B2-C3 from mac, claimed; asked of Intune
        """
        )
        in told
    )
    assert "profile Employee, family hostapd\n" in told
    file = at.directory / "request.txt"
    file.write_text("\n".join(f'{name} = "{value}"' for name, value in MAB), encoding="utf-8")
    told = run(at, "explain", str(file), "--client", "asa")
    assert "M1701 wired access from a device of family cisco-asa" in told
    assert "wired, asa" in told
    assert "family cisco-ios-xe\n" in run(at, "explain", str(file), "--family", "cisco-ios-xe")
    assert "family hostapd\n" in run(at, "explain", str(file), "--client", "192.0.2.77")


def test_json_has_no_password_and_every_part(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = desk()
    paste = 'User-Name = "employee"\nUser-Password = "hunter2"\nCalling-Station-Id = "00-50-56-A1-B2-C3"\n'
    monkeypatch.setattr("sys.stdin", io.StringIO(paste))
    run(at, "explain", "--json", "-")
    printed = capsys.readouterr().out
    assert "hunter2" not in printed
    told = json.loads(printed)
    assert told["identity"]["value"] == "005056A1B2C3"
    assert told["record"] == {
        **dict.fromkeys(("registration", "compliance", "managed", "failure", "trouble"), ""),
        **dict.fromkeys(("answered_at", "age", "asked_from", "due_at", "counts_until", "failed_at")),
        "standing": "due",
        "server": "Intune",
        "server_enabled": True,
    }
    assert (told["asks_first"], told["if_answered"], told["comparison"], told["exemption"]) == (True, None, None, None)
    assert [rule["looked"] for rule in told["now"]["rules"]] == ["no match", "no match", "matched"]
    assert told["now"]["decision"]["profile"] == "Restricted"
    assert ["User-Name", "employee"] in told["subject"]["request"]


def test_what_a_device_chose_can_not_act_on_the_terminal(desk: MakeDesk) -> None:
    at = desk()
    made = at.authenticate((("User-Name", "\x1b[2Jevil[bold]"), *MAB[1:]))
    told = run(at, "explain", made.id, terminal=True)
    assert "\\x1b[2Jevil[bold]" in told
    assert "\x1b[2J" not in told


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nobody"], 5, "M1806 there is no decision, device, session or user 'nobody'"),
        (["12345678", "--as", "decision"], 5, "M1806 there is no decision '12345678'"),
        (["nobody", "--family", "hostapd"], 2, "M1800 --client and --family are for a pasted request"),
        (["-", "--family", "sisco"], 2, "M1800 'sisco' is no vendor family"),
        (["-", "--client", "nobody"], 5, "M1806 FreeRADIUS's clients can't be read"),
    ],
)
def test_what_can_not_be_explained(
    desk: MakeDesk,
    arguments: list[str],
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('User-Name = "employee"\n'))
    assert main(["--config", str(desk().file), "explain", *arguments]) == status
    assert capsys.readouterr().err.startswith(said)


def test_the_beginning_of_several_ids(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = desk()
    ids = iter(("abcdef" + "0" * 18, "abcdef" + "1" * 18))
    monkeypatch.setattr("freeradius_mdm.enforcement.secrets.token_hex", lambda _: next(ids))
    for _ in range(2):
        at.authenticate(MAB)
    assert main(["--config", str(at.file), "explain", "abcdef"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("M1830 2 decisions begin with abcdef\n  allowed: abcdef111111111111111111, abcdef0")
    assert "decision abcdef0" in run(at, "explain", "ABCDEF0")


def _request(pairs: tuple[tuple[str, str], ...]) -> object:
    from tests.builders import request

    return request(*pairs)


def test_a_disabled_server_is_never_asked(desk: MakeDesk) -> None:
    """DESIGN.md: it keeps its records, and counts as unreachable."""
    second = (
        '[[servers]]\nname = "Other"\ntenant = "contoso.example"\n'
        'client_id = "11111111-2222-4333-8444-555555555555"\nclient_secret_file = "s"\n'
    )
    at = desk(
        ('[[servers]]\nname = "Intune"', f'{second}\n[[servers]]\nname = "Intune"\nenabled = false'),
        ('source = "certificate-uri"', 'source = "certificate-uri"\nserver = "Intune"'),
        ('source = "vpn-device-id"', 'source = "vpn-device-id"\nserver = "Intune"'),
        ('source = "mac"', 'source = "mac"\nserver = "Other"'),
    )
    at.answer(KEY, COMPLIANT, age=60)
    told = run(at, "explain", at.authenticate(LAPTOP).id)
    assert "              Intune is disabled: it is not asked and counts as unreachable\n" in told
    assert "result        accept: M1302 rule Unreachable\n" in told
    assert "it would be decided the same\n" in told


def test_without_a_store_it_is_explained_as_radiusd_would_decide(
    desk: MakeDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at = desk()
    (at.directory / "state" / "store.sqlite").unlink()
    monkeypatch.setattr("sys.stdin", io.StringIO(as_pasted(MAB)))
    told = run(at, "explain", "-")
    assert "record        the store can't be read: store " in told
    assert "rules         1  Compliant    MDM:DeviceCompliantStatus is Unknown, wanted equals Compliant\n" in told
    assert "result        accept: M1302 rule Unreachable\n" in told
    assert main(["--config", str(at.file), "explain", "host/laptop"]) == 4
    assert "can't be read" in capsys.readouterr().err
