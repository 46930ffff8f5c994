"""Spike 3: how a decision of check-eap-tls reaches the outer post-auth, and what the device gets."""

from __future__ import annotations

from eapol import Case, Outcome
from findings import Findings
from lab import Lab
from radius import ACCESS_ACCEPT, ACCESS_REJECT, MPPE, REPLY, signed_well
from server import Radiusd, names, values

OURS = ("MDM-Decision-Id", "Session-Timeout", "Filter-Id", "Cisco-AVPair")


def _keys(outcome: Outcome) -> bool:
    return any(outcome.relay.last.all(key) for key in MPPE)


def _accept(lab: Lab, server: Radiusd, f: Findings) -> None:
    done = lab.endpoint(server, Case("wait"))
    call = server.calls(done.user, "outer")[-1]
    ours = [name for name in OURS if values(call, "reply", name)]
    f.rely(
        "accept: reply of check-eap-tls in outer post-auth",
        ours == list(OURS) and len(values(call, "reply", "Cisco-AVPair")) == 2,
        names(call, "reply"),
    )
    f.note("accept: session-state in outer post-auth", names(call, "session-state"))
    f.note("accept: config in outer post-auth", names(call, "config"))
    last = done.relay.last
    f.rely(
        "accept on the wire",
        last.code == ACCESS_ACCEPT and last.eap == "Success" and signed_well(*done.relay.last_pair),
        done.said,
    )


def _reject(lab: Lab, server: Radiusd, f: Findings) -> None:
    for words, how in (
        ("reject", "hook returns REJECT"),
        ("soft", "hook leaves Auth-Type = Reject"),
        ("wait-reject-say", "after a wait, with Reply-Message"),
    ):
        done = lab.endpoint(server, Case(words))
        last, calls = done.relay.last, server.calls(done.user, "outer reject")
        f.rely(
            f"{how}: outer Post-Auth-Type REJECT sees reply",
            len(calls) == 1 and bool(values(calls[0], "reply", "MDM-Decision-Id")),
            names(calls[0], "reply") if calls else "hook not called",
        )
        if not calls:
            continue
        ways = {
            name: values(calls[0], which, name)
            for which, name in (
                ("session-state", "MDM-Via-Session-State"),
                ("reply", "MDM-Via-Reply"),
                ("config", "MDM-Via-Control"),
                ("request", "MDM-Via-Request"),
                ("session-state", "MDM-Via-Post-Auth-Reject"),
            )
        }
        f.note(f"{how}: unlang hand-over that also arrived", [name for name, value in ways.items() if value])
        f.note(
            f"{how}: Module-Failure-Message, config",
            f"{values(calls[0], 'request', 'Module-Failure-Message')}, {names(calls[0], 'config')}",
        )
        f.rely(
            f"{how}: EAP-Failure, signed, no MPPE, no Reply-Message",
            last.code == ACCESS_REJECT
            and last.eap == "Failure"
            and signed_well(*done.relay.last_pair)
            and not _keys(done)
            and not last.all(REPLY)
            and not done.eap_success,
            done.said,
        )
        f.note(
            f"{how}: what wpa_supplicant does with the failure in TLS 1.2",
            "takes it"
            if done.eap_failure
            else "discards it: its own TLS handshake had ended well"
            if "EAP entering state DISCARD" in done.output
            else "nothing",
        )


def _rejected_after(lab: Lab, server: Radiusd, f: Findings) -> None:
    """The second line of defence: outer post-auth rejects what EAP accepted."""
    done = lab.endpoint(server, Case("undo"))
    last = done.relay.last
    f.rely(
        "post-auth reject with hand-made EAP-Failure",
        last.eap == "Failure" and signed_well(*done.relay.last_pair) and not _keys(done) and not done.eap_success,
        done.said,
    )
    phases = [(call["phase"], values(call, "config", "Post-Auth-Type")) for call in server.calls(done.user)]
    f.note("post-auth reject: hook calls (phase, Post-Auth-Type)", phases)
    done = lab.endpoint(server, Case("undobare"))
    f.note("post-auth reject with nothing hand-made", done.said)


def _tls_fails(lab: Lab, server: Radiusd, f: Findings) -> None:
    for certificate in ("expired", "stranger"):
        done = lab.endpoint(server, Case(certificate=certificate))
        calls = server.calls(done.user)
        f.rely(
            f"{certificate} certificate: check-eap-tls not run, Post-Auth-Type REJECT run",
            [call["phase"] for call in calls] == ["outer reject"],
            [call["phase"] for call in calls],
        )
        if calls:
            shown = [name for name in names(calls[-1], "request") if name.startswith(("TLS-", "Module-"))]
            f.note(f"{certificate} certificate: request attributes", shown)
            f.note(
                f"{certificate} certificate: Module-Failure-Message",
                values(calls[-1], "request", "Module-Failure-Message"),
            )
            f.note(
                f"{certificate} certificate: reply, session-state",
                f"{names(calls[-1], 'reply')}, {names(calls[-1], 'session-state')}",
            )
        f.rely(
            f"{certificate} certificate: EAP-Failure",
            done.relay.last.eap == "Failure" and not done.eap_success,
            done.said,
        )


def run(lab: Lab, f: Findings) -> None:
    for tls13 in (False, True):
        with lab.radiusd(tls13=tls13) as server:
            if tls13:
                done = lab.endpoint(server, Case("reject", tls13=True))
                f.rely(
                    "TLS 1.3, reject in check-eap-tls",
                    done.relay.last.eap == "Failure" and not done.eap_success,
                    done.said,
                )
                done = lab.endpoint(server, Case("wait", tls13=True))
                f.rely("TLS 1.3, wait and accept", done.success, done.said)
                continue
            _accept(lab, server, f)
            _reject(lab, server, f)
            _rejected_after(lab, server, f)
            _tls_fails(lab, server, f)
