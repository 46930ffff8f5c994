"""Decide, wait, confirm, journal: what the hooks do, with a real store and a real journal."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.enforcement import Enforcement, Result
from freeradius_mdm.reply import List, encode
from freeradius_mdm.store.write import StoreWriter
from tests.builders import (
    DEVICE,
    KEY,
    MAB,
    NOW,
    PRINTED,
    TOML,
    URI,
    URI_ATTRIBUTE,
    VPN,
    WIRED_EAP_TLS,
    record,
    request,
    write_toml,
)

LAPTOP = (*WIRED_EAP_TLS, (PRINTED, f"URI:{URI}"), (URI_ATTRIBUTE, URI))
VPN_LAPTOP = (*VPN, ("Cisco-AVPair", f"mdm-tlv=device-uid=ID:Intune:DeviceID:{DEVICE}"))
SUCCESS = (("MS-MPPE-Recv-Key", "0x01"), ("MS-MPPE-Send-Key", "0x02"), ("EAP-Message", "0x03070004"))
Encoded = tuple[tuple[str, str, str], ...]


@dataclass
class Site:
    """A state directory, a store that mdmd would write, and a clock set by hand."""

    directory: Path
    now: float = NOW
    lines: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.directory / "state" / "journal").mkdir(parents=True)
        self.store = StoreWriter(self.directory / "state")
        self.file = write_toml(self.directory)
        self.enforcement = Enforcement(
            self.file, has_uri_attribute=True, info=self.lines.append, error=self.errors.append, clock=lambda: self.now
        )

    def answer(self, age: float = 0.0) -> None:
        found = record(self.now - age)
        assert found.answer is not None
        self.store.put_answer(KEY, found.answer, found.answered_at)

    def rewrite(self, text: str) -> None:
        write_toml(self.file.parent, text)
        os.utime(self.file, (self.now, self.now))
        self.now += 1.5

    def close(self) -> None:
        self.enforcement.close()
        self.store.close()

    def journal(self) -> list[Decision]:
        found = []
        for file in sorted((self.directory / "state" / "journal").iterdir()):
            for line in file.read_text(encoding="utf-8").split("\n"):
                if line:
                    found.append(Decision.from_json(json.dumps(json.loads(line)["body"])))
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def written(result: Result, name: List = List.REPLY) -> Encoded:
    return encode(result.lists).get(name.value, ())


def as_list(pairs: Encoded) -> list[tuple[str, str]]:
    """What FreeRADIUS has in a list after these were written into an empty one."""
    return [(name, value) for name, operator, value in pairs if operator != "!*"]


def test_wait_then_decide_then_confirm(site: Site) -> None:
    first = site.enforcement.decide(request(*LAPTOP))
    assert first.accept
    assert List.REPLY not in first.lists
    control = as_list(written(first, List.CONTROL))
    assert [name for name, _ in control] == [
        "MDM-Decision-Id",
        "MDM-Wait-Server",
        "MDM-Wait-Kind",
        "MDM-Wait-Value",
        "MDM-Wait-Time",
    ]
    assert [value for _, value in control[1:]] == ["Intune", "intune", DEVICE, "2s"]
    site.now += 0.3
    site.answer()
    site.now += 0.01
    second = site.enforcement.decide(request(*LAPTOP, control=[*control, ("MDM-Waited", "yes")]))
    assert second.accept
    assert ("MDM-Wait-Value", "!*", "ANY") in written(second, List.CONTROL)
    reply = [*as_list(written(second)), *SUCCESS]
    assert ("Session-Timeout", "14400") in reply
    assert reply[0] == control[0]  # one decision, one id
    assert site.journal() == []
    site.now += 0.001
    assert site.enforcement.confirm_accept(request(*LAPTOP, reply=reply)) == Result(True)
    (decision,) = site.journal()
    assert (decision.id, decision.outcome) == (control[0][1], Outcome.ACCEPT)
    assert (decision.rule, decision.record_source, decision.at) == ("Compliant", "Live", NOW)
    assert decision.total_ms == pytest.approx(311, abs=0.01)
    codes = [step.code for step in decision.steps]
    assert codes == ["M1001", "M1101", "M1241", "M1242", "M1302", "M1306", "M1401", "M1402"]
    assert [step.at_ms for step in decision.steps][2:4] == [0.0, pytest.approx(310, abs=0.01)]
    # What was sent, without keys, EAP and our own.
    assert decision.attributes == (
        ("Class", "0x" + f"mdm:{decision.id}".encode().hex()),
        ("Tunnel-Type:1", "VLAN"),
        ("Tunnel-Medium-Type:1", "IEEE-802"),
        ("Tunnel-Private-Group-Id:1", "20"),
        ("Cisco-AVPair", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-OPEN-ba3efdc0"),
        ("Session-Timeout", "14400"),
        ("Termination-Action", "RADIUS-Request"),
    )
    assert len(site.lines) == 1
    assert site.lines[0].startswith(f"mdm decision id={decision.id} outcome=accept")
    assert site.errors == []


def decided(site: Site, *pairs: tuple[str, str], age: float = 60.0) -> list[tuple[str, str]]:
    """The reply list after a decision on a cached record."""
    site.answer(age)
    return as_list(written(site.enforcement.decide(request(*pairs))))


def test_an_accept_is_confirmed_once(site: Site) -> None:
    reply = [*decided(site, *LAPTOP), *SUCCESS]
    assert site.enforcement.confirm_accept(request(*LAPTOP, reply=reply)).accept
    again = site.enforcement.confirm_accept(request(*LAPTOP, reply=reply))
    assert not again.accept


def test_an_accept_nobody_decided_is_rejected_with_a_true_eap_failure(site: Site) -> None:
    # A resumed PEAP session skips the inner tunnel; a forged id is nobody's.
    for reply in ([*SUCCESS], [("MDM-Decision-Id", "0" * 24), *SUCCESS]):
        result = site.enforcement.confirm_accept(request(*LAPTOP, reply=reply))
        assert not result.accept
        pairs = written(result)
        assert ("EAP-Message", ":=", "0x04070004") in pairs
        assert ("MS-MPPE-Recv-Key", "!*", "ANY") in pairs
        assert ("MS-MPPE-Send-Key", "!*", "ANY") in pairs
        # Post-Auth-Type REJECT follows and journals it.
        handle = next((name, value) for name, _, value in pairs if name == "MDM-Decision-Id")
        site.enforcement.confirm_reject(request(*LAPTOP, reply=[handle]))
        decision = site.journal()[-1]
        assert (decision.outcome, decision.reason_code) == (Outcome.REJECT, "M1002")
    assert len(site.journal()) == 2
    assert all(error.startswith("M1002 ") for error in site.errors)


def test_a_pending_decision_is_no_decision(site: Site) -> None:
    control = as_list(written(site.enforcement.decide(request(*LAPTOP)), List.CONTROL))
    assert not site.enforcement.confirm_accept(request(*LAPTOP, reply=[control[0], *SUCCESS])).accept


def test_a_reject_that_would_go_out_as_accept_is_stopped(site: Site) -> None:
    pairs = [("User-Name", "printer"), ("EAP-Message", "0x02")]
    result = site.enforcement.decide(request(*pairs))
    assert not result.accept
    handle = as_list(written(result))[0]
    stopped = site.enforcement.confirm_accept(request(*pairs, reply=[handle, *SUCCESS]))
    assert not stopped.accept
    assert site.errors[0].startswith("M1411 the decision was a reject")


def test_a_reply_that_was_altered_is_rejected_and_says_so(site: Site) -> None:
    reply = decided(site, *LAPTOP)
    altered = [("Session-Timeout", "86400") if pair[0] == "Session-Timeout" else pair for pair in reply]
    result = site.enforcement.confirm_accept(request(*LAPTOP, reply=[*altered, *SUCCESS]))
    assert not result.accept
    pairs = written(result)
    # None of the results goes out with a reject.
    for name in ("Tunnel-Type", "Tunnel-Private-Group-Id", "Cisco-AVPair", "Session-Timeout", "Termination-Action"):
        assert (name, "!*", "ANY") in pairs
    site.enforcement.confirm_reject(request(*LAPTOP, reply=[reply[0]]))
    (decision,) = site.journal()
    assert (decision.outcome, decision.reason_code) == (Outcome.REJECT, "M1411")
    assert decision.reason == "Session-Timeout is 86400, decided was 14340"
    assert decision.rule == "Compliant"


def test_a_rejects_record_has_its_reason_and_only_what_went_out(site: Site) -> None:
    pairs = [*VPN_LAPTOP, ("Cisco-AVPair", "mdm-tlv=device-uid=ID:Intune:DeviceID:{{DeviceId}}")]
    reply = as_list(written(site.enforcement.decide(request(*pairs))))
    reply += [("Message-Authenticator", "0x00"), ("Session-Timeout", "60")]
    assert site.enforcement.confirm_reject(request(*pairs, reply=reply)).accept
    (decision,) = site.journal()
    assert (decision.outcome, decision.reason_code) == (Outcome.REJECT, "M1113")
    assert [name for name, _ in decision.attributes] == ["Reply-Message"]
    # Beside EAP not even that goes out.
    eap = [*LAPTOP, (URI_ATTRIBUTE, "IntuneDeviceId://{{DeviceId}}")]
    reply = as_list(written(site.enforcement.decide(request(*eap))))
    site.enforcement.confirm_reject(request(*eap, reply=[*reply, ("Reply-Message", "x")]))
    assert site.journal()[-1].attributes == ()


def test_a_reject_inside_a_tunnel_is_found_through_session_state(site: Site) -> None:
    pairs = [("User-Name", "alice"), ("EAP-Message", "0x02"), ("EAP-Type", "PEAP")]
    handle = as_list(written(site.enforcement.decide(request(*pairs))))[0]
    outer = request(("User-Name", "anonymous"), *pairs[1:], session_state=[handle])
    assert site.enforcement.confirm_reject(outer).accept
    (decision,) = site.journal()
    # The inner name, and the reason of the decision.
    assert (decision.id, decision.user, decision.method) == (handle[1], "alice", "PEAP")
    assert decision.reason_code == "M1305"


def test_a_failed_authentication_is_recorded_too(site: Site) -> None:
    failure = ("Module-Failure-Message", "eap_tls: (TLS) OpenSSL says error 10 : certificate has expired")
    site.enforcement.confirm_reject(request(*LAPTOP, failure))
    (decision,) = site.journal()
    assert (decision.outcome, decision.reason_code) == (Outcome.REJECT, "M1003")
    assert decision.reason == failure[1]
    assert (decision.mac, decision.nas_name) == ("005056A1B2C3", "switch")
    site.enforcement.confirm_reject(request())
    assert site.journal()[-1].reason == "authentication failed before the policy was asked"


def test_a_reject_by_somebody_else_after_our_accept(site: Site) -> None:
    reply = decided(site, *LAPTOP)
    site.enforcement.confirm_reject(request(*LAPTOP, reply=reply))
    (decision,) = site.journal()
    assert (decision.outcome, decision.reason_code) == (Outcome.REJECT, "M1003")
    assert decision.attributes == ()


def test_a_sites_own_reject_after_eap_success_becomes_a_true_eap_failure(site: Site) -> None:
    reply = [*decided(site, *LAPTOP), *SUCCESS]
    pairs = written(site.enforcement.confirm_reject(request(*LAPTOP, reply=reply)))
    assert ("EAP-Message", ":=", "0x04070004") in pairs
    assert ("MS-MPPE-Send-Key", "!*", "ANY") in pairs


def full_disk(site: Site) -> None:
    file = site.directory / "state" / "journal" / time.strftime("%Y%m%dT%H.jsonl", time.gmtime(site.now))
    file.unlink(missing_ok=True)
    file.symlink_to("/dev/full")


def test_with_the_disk_full_decisions_go_on_and_are_logged_loudly(site: Site) -> None:
    full_disk(site)
    reply = [*decided(site, *LAPTOP), *SUCCESS]
    assert site.enforcement.confirm_accept(request(*LAPTOP, reply=reply)) == Result(True)
    assert "outcome=accept" in site.lines[0]
    assert "M1902" in site.errors[0]
    assert "No space left on device" in site.errors[0]


def test_with_the_disk_full_and_audit_required_they_become_rejects(site: Site) -> None:
    site.rewrite(TOML.replace("[service]\n", "[service]\naudit_required = true\n"))
    full_disk(site)
    reply = [*decided(site, *LAPTOP), *SUCCESS]
    result = site.enforcement.confirm_accept(request(*LAPTOP, reply=reply))
    assert not result.accept
    assert ("EAP-Message", ":=", "0x04070004") in written(result)
    # No line may say that the device was let in.
    assert not any("outcome=accept" in line for line in site.lines)
    site.enforcement.confirm_reject(request(*LAPTOP, reply=[reply[0]]))
    assert "outcome=reject" in site.lines[-1]
    assert "reason_code=M1902" in site.lines[-1]


def test_a_new_configuration_is_taken_over_and_a_faulty_one_is_not(site: Site) -> None:
    site.rewrite(TOML.replace("vlan = 20", "vlan = 21"))
    assert ("Tunnel-Private-Group-Id:1", "21") in decided(site, *LAPTOP)
    assert site.lines == [f"the new configuration is in force: {site.file}"]
    site.rewrite(TOML.replace("vlan = 20", "vlan = 5000"))
    assert ("Tunnel-Private-Group-Id:1", "21") in decided(site, *LAPTOP)
    assert site.errors[0].startswith("M1903 ")
    assert any("5000 does not fit" in line for line in site.errors)
    # It is told once, not at every request.
    told = len(site.errors)
    site.now += 10
    decided(site, *LAPTOP)
    assert len(site.errors) == told


def test_a_moved_state_directory_is_followed(site: Site) -> None:
    elsewhere = site.directory / "elsewhere"
    (elsewhere / "journal").mkdir(parents=True)
    site.rewrite(TOML.replace('"state"', f'"{elsewhere}"'))
    site.enforcement.confirm_reject(request(*MAB))
    assert site.journal() == []
    assert len(list((elsewhere / "journal").iterdir())) == 1


def test_without_mdmd_ever_started_the_rules_see_an_unreachable_server(tmp_path: Path) -> None:
    errors: list[str] = []
    enforcement = Enforcement(
        write_toml(tmp_path), has_uri_attribute=True, info=errors.append, error=errors.append, clock=lambda: NOW
    )
    assert List.REPLY not in enforcement.decide(request(*LAPTOP)).lists
    result = enforcement.decide(request(*LAPTOP, control=[("MDM-Waited", "yes")]))
    assert ("Filter-Id", "RESTRICTED.in") in as_list(written(result))
    enforcement.close()


def test_close_can_be_called_twice_and_a_decision_opens_again(site: Site) -> None:
    site.enforcement.close()
    site.enforcement.close()
    assert ("Session-Timeout", "14340") in decided(site, *LAPTOP)
