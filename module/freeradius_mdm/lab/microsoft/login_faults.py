"""The personalities of the token endpoint."""

from __future__ import annotations

from .clock import entra_key_time, iso
from .entra_errors import AADSTS, EntraError
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
    """Faults that need no look at the form."""
    if "200-error-body" in call.faults and error_code(call) is None:
        body = {"error": "temporarily_unavailable", "error_description": "An error body under HTTP 200."}
        return json_answer(200, body, "fault 200-error-body")
    return None


def error_code(call: Call) -> int | None:
    """The AADSTS code that the acting faults demand."""
    for name in ("aadsts", *_CODES):
        if name in call.faults:
            code = call.faults.option(name, "code", str(_CODES.get(name, 7000215)))
            return int(code) if code.isdecimal() and int(code) in AADSTS else 50027
    return None


def error(code: int, app: str, tenant: str, now: float) -> EntraError:
    """An error of that code, with every placeholder filled in."""
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


def expired_key(now: float) -> EntraError:
    """AADSTS700027 for a key past its life."""
    life = f"Start={entra_key_time(now - 86400 * 365)}, End={entra_key_time(now - 86400)}"
    return EntraError(
        700027, reason="The key used is expired.", thumbprint=_THUMBPRINT, found=f", Found key '{life}'"
    )
