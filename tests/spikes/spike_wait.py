"""Spike 1: the hook, the wait in rlm_rest and the hook again, inside check-eap-tls."""

from __future__ import annotations

import time

from eapol import Case, Outcome
from findings import Findings
from lab import Lab
from server import Radiusd, values

X = "check-eap-tls"


def _waited(server: Radiusd, outcome: Outcome) -> str:
    """What unlang told the hook about the wait in its last call."""
    return (values(server.calls(outcome.user, X)[-1], "config", "MDM-Waited") or ["no"])[0]


def _normal(lab: Lab, server: Radiusd, f: Findings) -> None:
    lab.waiter.delay = 0.3
    done = lab.endpoint(server, Case("wait"))
    f.rely(
        "(a) hook, wait 0.3 s, hook again",
        done.success and len(server.calls(done.user, X)) == 2 and _waited(server, done) == "answered",
        f"{done.seconds:.2f} s, {len(server.calls(done.user, X))} hook calls, "
        f"wait {_waited(server, done)}; {done.said}",
    )
    done = lab.endpoint(server, Case("wait-colon"))
    f.rely(
        "':' '/' ' ' '?' of %{control:..} in uri",
        lab.waiter.paths[-1] == "/v1/endpoints/GUID%3Aa%2Fb%20c%3Fd?wait=2s",
        f"asked for {lab.waiter.paths[-1]}",
    )
    before = len(lab.waiter.paths)
    done = lab.endpoint(server, Case("restpost"))
    f.rely(
        "mdm_wait.authorize in outer post-auth",
        done.success and len(lab.waiter.paths) == before + 1,
        f"asked for {lab.waiter.paths[-1]}",
    )


def _retransmitted(lab: Lab, server: Radiusd, f: Findings) -> None:
    seen = len(server.log())
    done = lab.endpoint(server, Case("wait", repeat_every=0.05, ask_again=True))
    calls = len(server.calls(done.user, X))
    f.rely(
        "(b) same bytes resent while it waits: one decision, one reply",
        done.success and done.relay.resent > 2 and calls == 2 and done.answers == 1,
        f"{done.relay.resent} resent, {calls} hook calls, {done.answers} reply to the last request, "
        f"{done.seconds:.2f} s",
    )
    f.rely(
        "(b) resent after the answer",
        done.same_again,
        "the same reply again, no decision" if done.same_again else "another reply or none",
    )
    lines = [line.split(" : ", 1)[-1] for line in server.log()[seen:].splitlines() if "uplicate" in line]
    f.note("(b) logged for retransmissions", f"{len(lines)} lines, the first: {lines[0]}" if lines else "nothing")


def _outages(lab: Lab, server: Radiusd, f: Findings) -> None:
    lab.waiter.stop()
    for which in ("first", "second"):
        done = lab.endpoint(server, Case("wait"))
        f.rely(
            f"(c) mdmd down, {which}",
            done.success and done.seconds < 0.5 and _waited(server, done) == "failed",
            f"decided, {done.seconds:.3f} s in all, wait {_waited(server, done)}",
        )
    lab.waiter.hung = True
    lab.waiter.start()
    done = lab.endpoint(server, Case("wait"))
    f.rely(
        "(c) mdmd hung, rest timeout = 1.0",
        done.success and 0.9 < done.seconds < 1.6 and _waited(server, done) == "failed",
        f"decided, {done.seconds:.2f} s in all, wait {_waited(server, done)}",
    )
    lab.waiter.stop()
    lab.waiter.hung = False
    lab.waiter.start()
    for which in ("first", "second"):
        done = lab.endpoint(server, Case("wait"))
        f.rely(
            f"(c) mdmd back, {which}",
            done.success and _waited(server, done) == "answered",
            f"{done.seconds:.2f} s, wait {_waited(server, done)}",
        )
    # The connections of the pool are closed under its feet, as when mdmd is restarted.
    lab.waiter.stop()
    lab.waiter.start()
    done = lab.endpoint(server, Case("wait"))
    f.rely(
        "(c) mdmd restarted between two requests",
        done.success and _waited(server, done) == "answered",
        f"{done.seconds:.2f} s, wait {_waited(server, done)}",
    )
    lines = [line.split(") ", 1)[-1] for line in server.log().splitlines() if "mdm_wait" in line]
    f.note("(c) logged in the outages (3 requests)", lines or "nothing")


def _together(lab: Lab, server: Radiusd, f: Findings) -> None:
    for attempt in ("cold pool", "warm pool"):
        started = time.monotonic()
        done = lab.endpoints(server, Case("wait"), 40)
        seconds = time.monotonic() - started
        answered = sum(_waited(server, one) == "answered" for one in done)
        f.rely(
            f"(d) 40 at once, each waits 0.3 s, {attempt}",
            all(one.success for one in done) and answered == 40 and seconds < 3,
            f"{seconds:.2f} s in all, {sum(one.success for one in done)} accepted, {answered} answered",
        )


def run(lab: Lab, f: Findings) -> None:
    with lab.radiusd() as server:
        _normal(lab, server, f)
        _retransmitted(lab, server, f)
        _outages(lab, server, f)
        _together(lab, server, f)
