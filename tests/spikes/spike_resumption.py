"""Spike 2: what TLS session resumption shows, and to whom."""

from __future__ import annotations

from eapol import Case
from findings import Findings
from lab import Lab
from pki import DEVICE_URI, SID_URI
from radius import ACCESS_ACCEPT, ACCESS_CHALLENGE, ACCESS_REJECT, decode
from server import Lists, names, values

SAN_TEXT = "TLS-Client-Cert-X509v3-Subject-Alternative-Name"
SAN_URI = "TLS-Client-Cert-Subject-Alt-Name-Uri"


def _certificate(call: Lists, which: str) -> str:
    """The client's certificate attributes and the resumption mark of one list, without their prefix."""
    kept = [
        name.removeprefix("TLS-Client-Cert-")
        for name in names(call, which)
        if name.startswith(("TLS-Client-Cert-", "EAP-Session-Resumed"))
    ]
    return ", ".join(kept) or "none"


def _names_of_device(lab: Lab, f: Findings) -> None:
    with lab.radiusd() as server:
        done = lab.endpoint(server, Case())
        call = server.calls(done.user, "check-eap-tls")[-1]
        uris = values(call, "request", SAN_URI)
        f.rely(
            f"full: {SAN_URI}",
            uris == ([SID_URI, DEVICE_URI] if f.version >= "3.2.7" else []),
            uris or "absent",
        )
        f.rely(
            f"full: {SAN_TEXT} (dictionary line)",
            DEVICE_URI in str(values(call, "request", SAN_TEXT)),
            values(call, "request", SAN_TEXT),
        )
        f.note("full: attributes in check-eap-tls request", _certificate(call, "request"))
        f.note(
            "full: e-mail and UPN",
            [values(call, "request", f"TLS-Client-Cert-Subject-Alt-Name-{kind}") for kind in ("Email", "Upn")],
        )


def _resumed(lab: Lab, f: Findings, *, tls13: bool) -> None:
    title = f"TLS 1.{3 if tls13 else 2} resumed"
    with lab.radiusd(tls13=tls13, cache=True) as server:
        done = lab.endpoint(server, Case(tls13=tls13, resume=1))
        inside, outside = server.calls(done.user, "check-eap-tls"), server.calls(done.user, "outer")
        f.rely(
            f"{title}: check-eap-tls is run again",
            len(inside) == 2,
            f"{len(inside)} calls there, {len(outside)} in outer post-auth; {done.said}",
        )
        if len(inside) < 2:
            return
        last, outer = inside[-1], outside[-1]
        f.note(f"{title}: check-eap-tls request", _certificate(last, "request"))
        f.note(
            f"{title}: check-eap-tls reply / session-state",
            f"{_certificate(last, 'reply')} / {_certificate(last, 'session-state')}",
        )
        f.note(
            f"{title}: outer.reply seen from check-eap-tls",
            (values(last, "request", "MDM-Saw-Outer-Reply") or ["empty"])[0],
        )
        f.note(f"{title}: outer post-auth request", _certificate(outer, "request"))
        f.note(f"{title}: outer post-auth reply", _certificate(outer, "reply"))
        for name in (SAN_URI, SAN_TEXT, "EAP-Session-Resumed"):
            f.note(
                f"{title}: {name}",
                f"in check-eap-tls request {values(last, 'request', name)}, outer post-auth request "
                f"{values(outer, 'request', name)}, reply {values(outer, 'reply', name)}",
            )
        if tls13:
            f.rely(
                f"{title}: check-eap-tls sees no certificate attribute at all, so that it can refuse",
                _certificate(last, "request") == "none",
                _certificate(last, "request"),
            )


def _tunnel_resumed(lab: Lab, f: Findings) -> None:
    with lab.radiusd(cache=True) as server:
        for method in ("peap-mschapv2", "ttls-pap"):
            done = lab.endpoint(server, Case(method=method, resume=1))
            inner, outer = server.calls(done.user, "inner"), server.calls(done.user, "outer")
            last = outer[-1]
            f.rely(
                f"{method} resumed (cache enabled): no decision, and outer post-auth can tell",
                len(inner) == 1
                and len(outer) == 2
                and not values(last, "reply", "MDM-Decision-Id")
                and bool(values(outer[0], "reply", "MDM-Decision-Id")),
                f"inner post-auth run {len(inner)} times for {len(outer)} accepts; outer reply then: "
                f"{names(last, 'reply')}, session-state {names(last, 'session-state')}, "
                f"EAP-Session-Resumed {values(last, 'request', 'EAP-Session-Resumed')}",
            )


def _tunnel_resumed_refused(lab: Lab, f: Findings) -> None:
    """What outer post-auth must do about it, since nobody else is asked."""
    with lab.radiusd(cache=True) as server:
        for method in ("peap-mschapv2", "ttls-pap"):
            done = lab.endpoint(server, Case("strict", method=method, resume=1))
            codes = [decode(raw).code for raw in done.relay.replies if decode(raw).code != ACCESS_CHALLENGE]
            f.rely(
                f"{method} resumed, outer post-auth refuses what has no decision",
                codes == [ACCESS_ACCEPT, ACCESS_REJECT] and done.relay.last.eap == "Failure",
                f"codes {codes}, the last {done.relay.last}",
            )


def _no_cache(lab: Lab, f: Findings) -> None:
    for tls13 in (False, True):
        with lab.radiusd(tls13=tls13) as server:
            done = lab.endpoint(server, Case(tls13=tls13, resume=1))
            inside = server.calls(done.user, "check-eap-tls")
            full = [
                bool(values(call, "request", "TLS-Client-Cert-Common-Name"))
                and not values(call, "request", "EAP-Session-Resumed")
                for call in inside
            ]
            f.rely(
                f"TLS 1.{3 if tls13 else 2} with cache enable = no (stock): the second is full",
                full == [True, True],
                full,
            )


def run(lab: Lab, f: Findings) -> None:
    _names_of_device(lab, f)
    _resumed(lab, f, tls13=False)
    _resumed(lab, f, tls13=True)
    _tunnel_resumed(lab, f)
    _tunnel_resumed_refused(lab, f)
    _no_cache(lab, f)
