"""Which downloadable ACLs an Access-Accept has named to its network device (ise.md section 5.1).

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from ..decision import Decision, Outcome

AV_PAIR = "Cisco-AVPair"
_NAMED_BY = ("acs:ciscosecure-defined-acl=", "ipv6:ciscosecure-defined-acl=")


def names_handed(decision: Decision) -> list[str]:
    """Their wire names; none for a reject."""
    if decision.outcome is not Outcome.ACCEPT:
        return []
    values = [value for name, value in decision.attributes if name == AV_PAIR]
    return [value.partition("=")[2] for value in values if value.lower().startswith(_NAMED_BY)]
