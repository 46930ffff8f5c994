"""What the network device says of the endpoint: a VPN headend's pairs, and MACs. All of it is a claim.

Source: ise.md sections 3 and 4. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import mac
from ..codes import Code
from ..config.model import Pattern
from ..nas_kind import NasKind
from ..request import Request
from . import device_id
from .model import Finding, Note


def from_vpn_pairs(request: Request, patterns: Sequence[Pattern]) -> Finding:
    """Device ids in `mdm-tlv=device-uid…` pairs; the hash a desktop client sends there is none."""
    values = [value for name, value in request.mdm_tlvs() if name.startswith("device-uid")]
    return device_id.search(values, patterns)


def from_mac(request: Request, *, allow_randomised: bool) -> Finding:
    """The endpoint's MAC. A headend's Calling-Station-Id is an IP address and is not looked at.

    A note about a MAC is made once: MAB has the same one in User-Name and Calling-Station-Id.
    """
    notes: list[Note] = []
    found: dict[str, None] = {}
    for text in mac_texts(request):
        digits = mac.parse(text)
        if digits is None:
            notes.append((Code.IGNORED_NAME, f"{text[:40]!r} is no station's MAC"))
        elif mac.is_randomised(digits) and not allow_randomised:
            notes.append((Code.RANDOMISED_MAC, f"{digits} is randomised: the MDM server can't know it"))
        else:
            found[digits] = None
    return device_id.finding(found, dict.fromkeys(notes))


def mac_texts(request: Request) -> list[str]:
    """Where a MAC stands in this kind of request, as it was sent."""
    if request.nas_kind is NasKind.VPN:
        return [value for name, value in request.mdm_tlvs() if name == "device-mac"]
    texts = list(request.all("Calling-Station-Id"))
    if request.is_mab:
        texts += request.all("User-Name")
    return texts
