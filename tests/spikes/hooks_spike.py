"""The python3 hook of the spikes. It runs inside radiusd, so: standard library only, no threads, no waiting.

What it does is steered by words in User-Name (`device7-wait-reject`), so that one server serves many cases:

    wait      the first call says pending; unlang then waits and calls again
    reject    the decision is a reject, returned as REJECT
    soft      the decision is a reject, but OK is returned and Auth-Type is left as Reject
    say       a reject carries Reply-Message
    undo      outer post-auth turns the accept into a reject, with an EAP-Failure made by hand
    strict    outer post-auth refuses an accept that carries no decision
    undobare  the same without anything made by hand
    colon     the endpoint id holds characters that must not reach a URL as they are
    last      Message-Authenticator is appended instead of put first

Every call appends one JSON line to the file `log` of the module's configuration, with all lists it saw.
"""

import json
import time
from pathlib import Path

import radiusd

COUNT = [0]
STATE = "0x" + "a5" * 40


def _log(call, p):
    COUNT[0] += 1
    line = {"call": call, "at": time.time(), "n": COUNT[0], "phase": _first(p, "config", "MDM-Phase")}
    line.update({name: value and [list(pair) for pair in value] for name, value in p.items()})
    with Path(radiusd.config["log"]).open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")


def _first(p, name, attribute):
    return next((v for k, v in p.get(name) or () if k == attribute), None)


def _words(p):
    return (_first(p, "request", "User-Name") or "").split("@")[0].split("-")[1:]


def _decide(p):
    words = _words(p)
    if "wait" in words and _first(p, "config", "MDM-Waited") is None:
        endpoint = "GUID:a/b c?d" if "colon" in words else "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
        return radiusd.RLM_MODULE_OK, {"config": (("MDM-Pending", ":=", "yes"), ("MDM-Endpoint-Id", ":=", endpoint))}
    decision = ("MDM-Decision-Id", ":=", f"decision-{COUNT[0]}")
    reply = (
        decision,
        ("Session-Timeout", ":=", "3600"),
        ("Filter-Id", ":=", "spike"),
        ("Cisco-AVPair", "+=", "one=1"),
        ("Cisco-AVPair", "+=", "two=2"),
    )
    if "reject" in words or "soft" in words:
        said = (("Reply-Message", ":=", "spike says no"),) if "say" in words else ()
        return (radiusd.RLM_MODULE_OK if "soft" in words else radiusd.RLM_MODULE_REJECT), {"reply": reply + said}
    return radiusd.RLM_MODULE_OK, {"reply": reply, "config": (("Auth-Type", ":=", "Accept"),)}


def _challenge(p):
    """Continue with a State of our own making; the second round accepts."""
    if _first(p, "request", "State"):
        return radiusd.RLM_MODULE_OK, {
            "config": (("Auth-Type", ":=", "Accept"),),
            "reply": (("Filter-Id", ":=", "end"),),
        }
    return radiusd.RLM_MODULE_HANDLED, {
        "config": (("Response-Packet-Type", ":=", "Access-Challenge"),),
        "reply": (
            ("Message-Authenticator", "^=", "0x00"),
            ("State", ":=", STATE),
            ("Cisco-AVPair", "+=", "ip:inacl#1=permit ip any any"),
        ),
    }


def instantiate(p):
    return radiusd.RLM_MODULE_OK


def authorize(p):
    _log("authorize", p)
    phase = _first(p, "config", "MDM-Phase")
    if phase == "challenge":
        return _challenge(p)
    if phase in ("check-eap-tls", "inner"):
        return _decide(p)
    if phase == "plain":
        return radiusd.RLM_MODULE_OK, {
            "config": (("Auth-Type", ":=", "Reject" if "reject" in _words(p) else "Accept"),),
            "reply": (("Filter-Id", ":=", "plain"),),
        }
    return radiusd.RLM_MODULE_OK


def _failure(p):
    """An EAP-Failure with the id of the EAP packet that it replaces."""
    message = _first(p, "reply", "EAP-Message") or "0x03000004"
    return (
        ("EAP-Message", "!*", "0x00"),
        ("EAP-Message", ":=", "0x04" + message[4:6] + "0004"),
        ("MS-MPPE-Recv-Key", "!*", "0x00"),
        ("MS-MPPE-Send-Key", "!*", "0x00"),
    )


def post_auth(p):
    _log("post_auth", p)
    phase = _first(p, "config", "MDM-Phase")
    if phase == "inner":
        return _decide(p)
    undecided = "strict" in _words(p) and _first(p, "reply", "MDM-Decision-Id") is None
    if phase == "outer" and ("undo" in _words(p) or undecided):
        return radiusd.RLM_MODULE_REJECT, {"reply": _failure(p)}
    if phase == "outer" and "undobare" in _words(p):
        return radiusd.RLM_MODULE_REJECT
    if not _first(p, "reply", "EAP-Message"):
        operator = "+=" if "last" in _words(p) else "^="
        return radiusd.RLM_MODULE_OK, {"reply": (("Message-Authenticator", operator, "0x00"),)}
    return radiusd.RLM_MODULE_OK
