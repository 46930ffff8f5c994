"""A look into an access token, for diagnosis only: nothing is decided from it, and its signature is not checked.

Tokens for Microsoft's APIs may be opaque or encrypted; then there is nothing to see, and that is no failure.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from .json_text import read_json

COMPLIANCE_ROLE = "get_device_compliance"
INTUNE_API = "c161e42e-d4df-4a3d-9b42-e7a3c31f59d4"  # the audience of tokens in the v2 format


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """`roles` is empty for an application nobody has consented to: Entra issues its token all the same."""

    audience: str
    tenant: str
    application: str
    roles: tuple[str, ...]
    expires_at: float | None

    def concern(self, scope: str) -> str:
        """What looks wrong about this token for CRS, in words for a log line; "" when nothing does."""
        if COMPLIANCE_ROLE not in self.roles:
            return f"the role {COMPLIANCE_ROLE} is missing, roles in the token: {self.show_roles()}"
        if self.audience not in (scope.removesuffix("/.default"), INTUNE_API):
            return f"the audience is {self.audience[:100]}"
        return ""

    def show_roles(self) -> str:
        """For a log line."""
        return ", ".join(self.roles) or "none"


def read_claims(token: str) -> TokenClaims | None:
    """The claims of a JWT; None when it is not one that can be read. Never raises."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
    except (ValueError, binascii.Error):
        return None
    data = read_json(payload)
    if not isinstance(data, dict):
        return None
    roles = data.get("roles")
    expires = data.get("exp")
    return TokenClaims(
        audience=str(data.get("aud") or ""),
        tenant=str(data.get("tid") or ""),
        application=str(data.get("appid") or data.get("azp") or ""),
        roles=tuple(str(role)[:80] for role in roles[:20]) if isinstance(roles, list) else (),
        expires_at=float(expires) if isinstance(expires, int | float) else None,
    )
