"""What identification found. Standard library only: radiusd imports this."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..codes import Code
from ..compliance import EndpointKey

Note = tuple[Code, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source gave: distinct device ids, things passed over, or a refusal that ends the matter.

    `ids` are lower-case GUIDs, or MACs of 12 upper-case digits.
    """

    ids: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    refusal: Note | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The endpoint, or why there is none.

    `key` is None with a `refusal` (reject) or without one (source `none`: the MDM attributes are absent).
    `proven`: a certificate showed it; a VPN client's or a MAC's word is a claim.
    """

    key: EndpointKey | None = None
    source: str = "none"
    proven: bool = False
    refusal: Note | None = None
    notes: tuple[Note, ...] = field(default=())

    @property
    def why_none(self) -> str:
        """For the reason of a decision without an endpoint, led by a comma; empty text when there is one."""
        if self.key is not None:
            return ""
        telling = [text for code, text in self.notes if code is Code.RANDOMISED_MAC]
        return ", " + (telling[0] if telling else "nothing identifies the endpoint")
