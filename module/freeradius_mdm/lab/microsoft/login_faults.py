"""The personalities of the token endpoint."""

from __future__ import annotations

from .clock import entra_key_time, iso
from .entra_errors import EntraError
from .wire import Answer, Call, json_answer

_CODES = {
    "cert-unknown": 700027,
    "cert-expired": 700027,
    "clock-skew": 700024,
    "secret-bad": 7000215,
    "app-missing": 700016,
    "app-disabled": 7000112,
    "tenant-missing": 90002,
    "ca-block": 53003,
    "alg-refused": 5002738,
}
_THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"


def before(call: Call) -> Answer | None:
    """An error body under HTTP 200 of its own, unless another fault says which error it is."""
    if "200-error-body" in call.faults and call.faults.first("aadsts", *_CODES) is None:
        body = {"error": "temporarily_unavailable", "error_description": "An error body under HTTP 200."}
        return json_answer(200, body, "fault 200-error-body")
    return None


def error(call: Call, app: str, tenant: str, now: float) -> EntraError | None:
    """The token error that an acting fault demands, with every placeholder filled in."""
    name = call.faults.first("aadsts", *_CODES)
    if name is None:
        return None
    if name == "cert-expired":
        return _expired_key(now)
    code = int(call.faults.option(name, "code", str(_CODES.get(name, 7000215))))
    return EntraError(
        code,
        app=app,
        tenant=tenant,
        reason="The key was not found.",
        thumbprint=_THUMBPRINT,
        found="",
        now=iso(now),
        expiry=iso(now - 600),
        alg="PS256",
        bits="1024",
        resource="https://api.manage.microsoft.com/",
        scope="(none)",
        grant="password",
        parameter="grant_type",
        method="GET",
    )


def _expired_key(now: float) -> EntraError:
    life = f"Start={entra_key_time(now - 86400 * 365)}, End={entra_key_time(now - 86400)}"
    return EntraError(700027, reason="The key used is expired.", thumbprint=_THUMBPRINT, found=f", Found key '{life}'")
