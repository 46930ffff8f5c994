"""Access tokens: minted by login, verified by Graph and CRS (intune.md section 2.4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from . import jose
from .clock import LabClock
from .tenants import Application, TenantState

_CACHE_SIZE = 4096
_SKEW = 300.0


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times in seconds since the epoch."""

    audience: str
    tenant: str
    app: str
    roles: frozenset[str]
    not_before: float
    expires: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a token was not taken; `reason` is one of no-token, malformed, bad-signature, expired, not-yet."""

    reason: str
    claims: Claims | None = None


class TokenMint:
    """Signs and verifies access tokens with a key of its own."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._key = rsa.generate_private_key(65537, 2048)
        self._key_id = secrets.token_urlsafe(20)
        # A signature is checked once per token: a fleet sends the same one thousands of times.
        self._verified: dict[str, Claims | Refused] = {}

    def jwks(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set (RFC 7517)."""
        numbers = self._key.public_key().public_numbers()
        modulus = jose.encode(numbers.n.to_bytes(256, "big"))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._key_id, "n": modulus, "e": "AQAB"}
        return {"keys": [key]}

    def mint(
        self,
        tenant: TenantState,
        application: Application,
        audience: str,
        roles: frozenset[str],
        lifetime: float,
        version: str,
    ) -> str:
        """A token for `audience`, `lifetime` seconds from now. The roles claim is absent when there are none."""
        now = int(self._clock.now())
        tid = tenant.tenant_id
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tid}/",
            "iat": now,
            "nbf": now,
            "exp": now + int(lifetime),
            "appid": application.client_id,
            "idtyp": "app",
            "tid": tid,
            "uti": secrets.token_urlsafe(16),
            "ver": version,
        }
        if version == "2.0":
            claims["iss"] = f"https://{tenant.cloud.login_hosts[0]}/{tid}/v2.0"
            claims["azp"] = claims.pop("appid")
        if roles:
            claims["roles"] = sorted(roles)
        return jose.sign({"typ": "JWT", "alg": "RS256", "kid": self._key_id}, claims, self._key)

    def verify(self, authorization: str) -> Claims | Refused:
        """Check an Authorization header; audience and roles are the service's own business."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return Refused("no-token")
        claims = self._verified.get(token)
        if claims is None:
            claims = self._check(token)
            if len(self._verified) >= _CACHE_SIZE:
                self._verified.clear()
            self._verified[token] = claims
        if isinstance(claims, Refused):
            return claims
        now = self._clock.now()
        if now >= claims.expires:
            return Refused("expired", claims)
        if now < claims.not_before - _SKEW:
            return Refused("not-yet", claims)
        return claims

    def _check(self, token: str) -> Claims | Refused:
        try:
            jwt = jose.parse(token)
        except ValueError:
            return Refused("malformed")
        if jwt.header.get("alg") != "RS256" or not jose.verify(jwt, self._key.public_key()):
            return Refused("bad-signature")
        claims = jwt.claims
        app = claims.get("appid") or claims["azp"]
        roles = frozenset(claims.get("roles", ()))
        return Claims(claims["aud"], claims["tid"], app, roles, claims["nbf"], claims["exp"])
