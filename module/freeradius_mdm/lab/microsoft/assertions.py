"""Client assertions, verified for real, in every form that clients send (intune.md section 2.3, RFC 7523)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from . import jose
from .clock import entra_key_time, iso
from .entra_errors import EntraError
from .tenants import RegisteredKey

SKEW = 300.0
_MINIMUM_BITS = 2048


def client_id_of(assertion: str) -> str:
    """The client id an assertion claims to come from, for the v1 form that has no `client_id`."""
    claims = _parse(assertion).claims
    return str(claims.get("iss") or claims.get("sub") or "")


def verify(
    assertion: str,
    client_id: str,
    keys: Sequence[RegisteredKey],
    audiences: Collection[str],
    now: float,
    *,
    refuses_pss: bool = False,
) -> None:
    """Returns if the assertion is good, else raises the EntraError that Entra would answer with.

    `audiences` are lower case. `jti` is not looked at: MSAL sends one assertion for 540 s (section 2.3).
    """
    jwt = _parse(assertion)
    algorithm = jwt.header.get("alg")
    if algorithm not in ("RS256", "PS256"):
        raise EntraError(5002738, alg=str(algorithm))
    if algorithm == "PS256" and refuses_pss:
        raise EntraError(5002730)
    key = _find_key(jwt, keys)
    if now > key.not_after or now < key.not_before:
        life = f"Start={entra_key_time(key.not_before)}, End={entra_key_time(key.not_after)}"
        raise _bad_key("The key used is expired.", key.sha1, f", Found key '{life}'")
    public_key = key.public_key
    if public_key is None:
        raise EntraError(5002730)
    if public_key.key_size < _MINIMUM_BITS:
        raise EntraError(50032, bits=str(public_key.key_size))
    if not jose.verify(jwt, public_key):
        reason = "The provided signature value did not match the expected signature value."
        raise _bad_key(reason, key.sha1)
    _check_claims(jwt.claims, client_id, audiences, now)


def _parse(assertion: str) -> jose.Jwt:
    try:
        return jose.parse(assertion)
    except ValueError as error:
        raise EntraError(50027, reason=str(error)) from None


def _find_key(jwt: jose.Jwt, keys: Sequence[RegisteredKey]) -> RegisteredKey:
    named = [(name, jwt.header[name]) for name in ("x5t#S256", "x5t") if jwt.header.get(name)]
    if not named:
        raise EntraError(50027, reason="No certificate thumbprint specified in the token header.")
    name, text = named[0]
    try:
        thumbprint = jose.decode(str(text)).hex().upper()
    except ValueError:
        raise EntraError(50027, reason=f"{name} is no base64.") from None
    for key in keys:
        if thumbprint == (key.sha256 if name == "x5t#S256" else key.sha1):
            return key
    raise _bad_key("The key was not found.", thumbprint)


def _bad_key(reason: str, thumbprint: str, found: str = "") -> EntraError:
    return EntraError(700027, reason=reason, thumbprint=thumbprint, found=found)


def _check_claims(claims: dict[str, Any], client_id: str, audiences: Collection[str], now: float) -> None:
    issuer, subject = str(claims.get("iss", "")).lower(), str(claims.get("sub", "")).lower()
    if not issuer == subject == client_id.lower():
        raise EntraError(700021)
    audience = claims.get("aud")
    if not (isinstance(audience, str) and audience.lower() in audiences):
        raise EntraError(50012)
    expires, not_before = claims.get("exp"), claims.get("nbf", 0)
    # MSAL writes floats; nbf may be missing.
    if not (isinstance(expires, int | float) and isinstance(not_before, int | float)):
        raise EntraError(50027, reason="exp or nbf is no number.")
    if now > expires + SKEW or now < not_before - SKEW:
        raise EntraError(700024, now=iso(now), expiry=iso(expires))
