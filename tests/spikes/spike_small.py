"""Small questions: client items, Message-Authenticator in unlang and in replies, empty lists in python."""

from __future__ import annotations

import subprocess

from findings import Findings
from lab import Lab
from radius import (
    ACCESS_ACCEPT,
    ACCESS_REJECT,
    REPLY,
    USER_NAME,
    USER_PASSWORD,
    exchange,
    request,
    signed_well,
)
from server import Radiusd, names

FIELDS = [(USER_PASSWORD, b"secret")]


def _replies(server: Radiusd, f: Findings) -> None:
    for user, code in ((b"plain-accept", ACCESS_ACCEPT), (b"plain-reject", ACCESS_REJECT)):
        asked = request([(USER_NAME, user), *FIELDS])
        reply = exchange(server.port, asked)
        f.rely(
            f"{user.decode()}: Message-Authenticator ^= from the hook is first and right",
            reply is not None
            and reply.code == code
            and reply.names[0] == "Message-Authenticator"
            and reply.names.count("Message-Authenticator") == 1
            and signed_well(reply.raw, asked),
            reply,
        )
    asked = request([(USER_NAME, b"plain-last"), *FIELDS])
    reply = exchange(server.port, asked)
    f.note(
        "Message-Authenticator += from the hook",
        f"{reply}, right: {reply is not None and signed_well(reply.raw, asked)}",
    )


def _not_utf8(server: Radiusd, f: Findings) -> None:
    """A password (or a wrong shared secret) that is not UTF-8: python is not called, in no section."""
    for user in ("plain-binary", "plain-bytes"):
        asked = request([(USER_NAME, user.encode()), (USER_PASSWORD, b"\xff\xfe\xfd")])
        reply = exchange(server.port, asked)
        calls, signed = len(server.calls(user)), reply is not None and signed_well(reply.raw, asked)
        title = "unlang adds Message-Authenticator ^= 0x00" if user == "plain-bytes" else "the hook would have signed"
        f.note(f"User-Password not UTF-8, {title}", f"{calls} hook calls, {reply}, signed: {signed}")
        if user == "plain-bytes":
            f.rely(
                "Message-Authenticator ^= 0x00 in unlang, in Post-Auth-Type REJECT",
                signed and reply is not None and reply.names[0] == "Message-Authenticator",
                reply,
            )


def _unlang(server: Radiusd, f: Findings) -> None:
    for sign, word in ((True, b"signed"), (False, b"unsigned")):
        reply = exchange(server.port, request([(USER_NAME, b"plain-unlang"), *FIELDS], sign=sign), source="127.0.0.2")
        said = reply.all(REPLY) if reply else []
        f.rely(f"if (!&Message-Authenticator), request {word.decode()}", word in said, said)
        f.rely(f"%{{client:mdm_vendor}}, request {word.decode()}", b"vendor=cisco_ios" in said, said)


def _auto(server: Radiusd, f: Findings) -> None:
    """A client without require_message_authenticator: a signed request first, then an unsigned one."""
    exchange(server.port, request([(USER_NAME, b"plain-auto"), *FIELDS]))
    reply = exchange(server.port, request([(USER_NAME, b"plain-auto"), *FIELDS], sign=False), timeout=1.0)
    f.note(
        "client that does not set require_message_authenticator: unsigned after signed",
        reply or "dropped without an answer",
    )


def _radclient(server: Radiusd, f: Findings) -> None:
    """radclient refuses a reply whose signature is wrong."""
    asked = "User-Name = plain-radclient, User-Password = x, Message-Authenticator = 0x00\n"
    done = subprocess.run(
        ["radclient", "-x", "-t", "3", "-r", "1", f"127.0.0.1:{server.port}", "auth", "testing123"],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    f.rely(
        "radclient takes the reply",
        done.returncode == 0 and "Received Access-Accept" in done.stdout,
        [line.strip() for line in done.stdout.splitlines() if "Received" in line],
    )


def _empty(server: Radiusd, f: Findings) -> None:
    exchange(server.port, request([(USER_NAME, b"empty"), *FIELDS]))
    call = next(call for call in server.all_calls() if call["phase"] == "empty")
    lists = ("request", "reply", "config", "session-state", "proxy-request", "proxy-reply")
    f.rely(
        "a list that is empty is None in python",
        all(call[name] is None for name in lists if name != "config"),
        {name: names(call, name) for name in lists},
    )


def run(lab: Lab, f: Findings) -> None:
    with lab.radiusd() as server:
        _replies(server, f)
        _radclient(server, f)
        _empty(server, f)
        _not_utf8(server, f)
        _unlang(server, f)
        _auto(server, f)
