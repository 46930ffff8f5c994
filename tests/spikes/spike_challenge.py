"""Spike 5: an Access-Challenge continued with a State of our own making, on this server and on another."""

from __future__ import annotations

from findings import Findings
from lab import Lab
from radius import (
    ACCESS_ACCEPT,
    STATE,
    USER_NAME,
    USER_PASSWORD,
    Packet,
    exchange,
    request,
    signed_well,
)
from server import Radiusd, names, values

OURS = bytes([0xA5]) * 40


def _complaints(server: Radiusd, since: int) -> list[str]:
    return [line.split(" : ", 1)[-1] for line in server.log()[since:].splitlines() if "Auth:" not in line]


def _first(server: Radiusd, user: bytes) -> tuple[Packet | None, bool]:
    asked = request([(USER_NAME, user), (USER_PASSWORD, b"secret")])
    reply = exchange(server.port, asked)
    return reply, reply is not None and signed_well(reply.raw, asked)


def _second(server: Radiusd, user: bytes, state: bytes) -> Packet | None:
    return exchange(server.port, request([(USER_NAME, user), (USER_PASSWORD, b"secret"), (STATE, state)], identifier=2))


def _round(f: Findings, here: Radiusd, there: Radiusd, user: bytes, title: str) -> None:
    since = len(there.log())
    reply, signed = _first(here, user)
    states = reply.all(STATE) if reply else []
    f.rely(
        f"{title}: our State on the wire, once and unchanged",
        states == [OURS],
        f"{reply}, State {[s.hex() for s in states]}",
    )
    f.rely(
        f"{title}: challenge is signed",
        signed,
        "Message-Authenticator right" if signed else "missing or wrong",
    )
    f.note(
        f"{title}: Message-Authenticator first",
        reply is not None and reply.names[:1] == ["Message-Authenticator"],
    )
    reply = _second(there, user, OURS)
    calls = there.calls(user.decode(), "challenge")
    if not calls or reply is None:
        f.rely(f"{title}: the hook is called", False, reply)
        return
    f.rely(
        f"{title}: the continuation reaches authorize",
        reply.code == ACCESS_ACCEPT and values(calls[-1], "request", "State") == ["0x" + OURS.hex()],
        f"{reply}; hook saw request {names(calls[-1], 'request')}, session-state {names(calls[-1], 'session-state')}",
    )
    f.note(f"{title}: logged about it", _complaints(there, since) or "nothing")


def run(lab: Lab, f: Findings) -> None:
    with lab.radiusd() as one, lab.radiusd() as other:
        _round(f, one, one, b"challenge-same", "same server, empty session-state")
        _round(f, one, other, b"challenge-other", "continued on another server")
        _round(f, one, one, b"challenge-kept", "same server, session-state filled")
        since = len(one.log())
        reply = _second(one, b"challenge-unknown", b"made up by the client")
        f.note(
            "a State nobody ever sent",
            f"{reply}; complaints {_complaints(one, since)}; so our State must carry its own proof",
        )
