"""Spike 4: the decision inside PEAP and TTLS."""

from __future__ import annotations

from eapol import Case
from findings import Findings
from lab import Lab
from radius import signed_well
from server import Radiusd, names, values

METHODS = ("peap-mschapv2", "ttls-pap", "ttls-mschapv2")
CERTIFICATE = ("TLS-Client-Cert-Common-Name", "TLS-Client-Cert-X509v3-Subject-Alternative-Name")
COPIED = ("Calling-Station-Id", "NAS-IP-Address", "NAS-Port-Type", "Cisco-AVPair")


def _accept(lab: Lab, server: Radiusd, f: Findings, method: str) -> None:
    done = lab.endpoint(server, Case("wait", method=method))
    inner, outer = server.calls(done.user, "inner"), server.calls(done.user, "outer")[-1]
    wire = done.relay.last
    f.rely(
        f"{method}: wait inside, then accept",
        done.success and len(inner) == 2 and signed_well(*done.relay.last_pair),
        f"{done.seconds:.2f} s, {done.said}",
    )
    f.rely(
        f"{method}: reply attributes reach the Access-Accept",
        len(wire.all((9, 1))) == 2 and bool(wire.all(27)),
        wire.names,
    )
    f.rely(
        f"{method}: decision id in outer post-auth",
        bool(values(outer, "reply", "MDM-Decision-Id")),
        names(outer, "reply"),
    )
    first = server.calls(done.user, "inner authorize")[0]
    f.note(f"{method}: inner request before the copy", names(first, "request"))
    f.rely(
        f"{method}: copied from outer.request",
        all(values(inner[0], "request", name) for name in COPIED)
        and values(inner[0], "request", "Cisco-AVPair") == ["a=1", "b=2"],
        names(inner[0], "request"),
    )
    f.note(
        f"{method}: secrets the inner hook is shown",
        [
            name
            for which in ("request", "config", "reply")
            for name in names(inner[0], which)
            if "assword" in name or "MPPE" in name or "CHAP" in name
        ],
    )


def _reject(lab: Lab, server: Radiusd, f: Findings, method: str) -> None:
    done = lab.endpoint(server, Case("wait-reject-say", method=method))
    outer = server.calls(done.user, "outer reject")
    f.rely(
        f"{method}: reject inside is a true EAP-Failure",
        done.eap_failure
        and not done.eap_success
        and done.relay.last.eap == "Failure"
        and signed_well(*done.relay.last_pair),
        done.said,
    )
    f.rely(
        f"{method}: decision id in outer REJECT's session-state",
        len(outer) == 1 and bool(values(outer[0], "session-state", "MDM-Decision-Id")),
        f"reply {names(outer[0], 'reply')}, session-state {names(outer[0], 'session-state')}"
        if outer
        else "hook not called",
    )
    if outer:
        f.note(f"{method}: Module-Failure-Message", values(outer[0], "request", "Module-Failure-Message"))


def _with_certificate(lab: Lab, server: Radiusd, f: Findings) -> None:
    """A client certificate in the outer handshake of TTLS: seen by the inner hook only through the copy."""
    for method in ("ttls-pap", "peap-mschapv2"):
        for words in ("", "certified"):
            done = lab.endpoint(server, Case(words, method=method, inner_certificate=True))
            inner = server.calls(done.user, "inner")
            seen = {name: values(inner[-1], "request", name) for name in CERTIFICATE} if inner else done.said
            # The server puts them in twice for one certificate; a reader must not see two devices.
            asked = "EAP-TLS-Require-Client-Cert := Yes in outer authorize" if words else "stock"
            outer = server.calls(done.user, "outer")
            count = len(values(outer[-1], "request", CERTIFICATE[0])) if outer else 0
            f.note(
                f"{method} with a client certificate, {asked}: each attribute's count in the outer request",
                count,
            )
            f.note(f"{method} with a client certificate, {asked}: copied to the inner request", seen)


def _stock_copy(lab: Lab, f: Findings) -> None:
    with lab.radiusd(copy_to_tunnel=True) as server:
        for method in ("peap-mschapv2", "ttls-pap"):
            done = lab.endpoint(server, Case(method=method))
            first = server.calls(done.user, "inner authorize")[0]
            f.note(f"{method}: inner request with copy_request_to_tunnel = yes", names(first, "request"))


def run(lab: Lab, f: Findings) -> None:
    with lab.radiusd() as server:
        for method in METHODS:
            _accept(lab, server, f, method)
            _reject(lab, server, f, method)
        _with_certificate(lab, server, f)
    _stock_copy(lab, f)
