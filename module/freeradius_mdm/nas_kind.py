"""How an endpoint reaches the network (ise.md sections 3 and 5.7). Standard library only: radiusd imports this."""

from __future__ import annotations

from enum import StrEnum


class NasKind(StrEnum):
    """What kind of access the network device gives."""

    WIRED = "wired"
    WIRELESS = "wireless"
    VPN = "vpn"
    OTHER = "other"
