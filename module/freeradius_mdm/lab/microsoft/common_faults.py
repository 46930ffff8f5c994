"""Personalities that any service can show in place of its own answer: throttling, outages, things in between."""

from __future__ import annotations

import email.utils
import time

from .clouds import EVIL_HOSTS
from .operations import Service
from .wire import Answer, Call, json_answer, text_answer

_PROXY_PAGE = (
    b"<!DOCTYPE html><html><head><title>Blocked</title></head><body>"
    b"Access denied by your organisation's proxy</body></html>"
)


def answer(call: Call) -> Answer | None:
    """The answer that an acting fault gives instead of the service; None to let the service speak."""
    faults = call.faults
    if not faults:
        return None
    if "proxy-407" in faults:
        reply = Answer(407, _PROXY_PAGE, "text/html", "fault proxy-407")
        reply.headers["Proxy-Authenticate"] = 'Basic realm="lab proxy"'
        return reply
    if "html-403" in faults:
        return Answer(403, _PROXY_PAGE, "text/html; charset=utf-8", "fault html-403")
    if "307-offsite" in faults:
        reply = text_answer(307, "", "fault 307-offsite")
        reply.headers["Location"] = f"https://{EVIL_HOSTS[0]}{call.path}"
        return reply
    if (name := faults.first("429-seconds", "429-http-date", "429-no-header")) is not None:
        return _throttled(call, name)
    if (name := faults.first("503-once", "503-sticky", "500")) is not None:
        reply = _error(call, 500 if name == "500" else 503, name)
        if seconds := faults.option(name, "seconds", ""):
            reply.headers["Retry-After"] = seconds
        return reply
    return None


def _throttled(call: Call, name: str) -> Answer:
    reply = _error(call, 429, name)
    seconds = call.faults.option(name, "seconds", "7")
    if name == "429-seconds":
        reply.headers["Retry-After"] = seconds
    elif name == "429-http-date":
        # Real time, not the lab's: the client compares it with its own clock.
        reply.headers["Retry-After"] = email.utils.formatdate(time.time() + float(seconds), usegmt=True)
    return reply


def _error(call: Call, status: int, name: str) -> Answer:
    text = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}[status]
    outcome = f"fault {name}"
    match call.service:
        case Service.LOGIN:
            body = {"error": "temporarily_unavailable", "error_description": text, "error_codes": [90033]}
            return json_answer(status, body, outcome)
        case Service.GRAPH:
            return json_answer(status, {"error": {"code": text.replace(" ", ""), "message": text}}, outcome)
        case _:
            return text_answer(status, text, outcome)
