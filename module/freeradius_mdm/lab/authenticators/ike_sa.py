"""What `swanctl --list-sas --raw` says, as values.

Its form: `list-sa event {NAME {key=value list=[a b] child-sas {CHILD {key=value}}}}`, one line for each IKE SA. Values
are not quoted, and may hold blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EVENT = re.compile(r"^list-sa event \{(\S+) \{(.*)\}\}\s*$", re.MULTILINE)
_CHILDREN = re.compile(r" ?child-sas \{(.*)\}$")
_CHILD = re.compile(r"(\S+) \{([^{}]*)\}")
_PAIR = re.compile(r"([a-z-]+)=(\[[^\]]*\]|.*?)(?= [a-z-]+=|$)")


@dataclass(frozen=True, slots=True)
class IkeSa:
    """One IKE SA. `eap_identity` is what the peer claimed in EAP; addresses are text.

    `children`: the states of its CHILD SAs, which carry the traffic.
    `number`: strongSwan's own, which it sends as NAS-Port. `reauthentication`: seconds until it is due; None without.
    """

    connection: str
    number: int
    state: str
    peer: str
    eap_identity: str
    virtual_addresses: tuple[str, ...]
    reauthentication: int | None
    children: tuple[str, ...]

    @property
    def is_up(self) -> bool:
        """Established, with its tunnel."""
        return self.state == "ESTABLISHED" and self.children == ("INSTALLED",)


def parse(text: str) -> list[IkeSa]:
    """Every IKE SA that is listed, whatever its state."""
    return [_ike_sa(connection, body) for connection, body in _EVENT.findall(text)]


def _ike_sa(connection: str, body: str) -> IkeSa:
    children = _CHILDREN.search(body)
    inside = _CHILD.findall(children[1]) if children else []
    values = dict(_PAIR.findall(body[: children.start()] if children else body))
    due = values.get("reauth-time")
    return IkeSa(
        connection=connection,
        number=int(values["uniqueid"]),
        state=values["state"],
        peer=values.get("remote-host", ""),
        eap_identity=values.get("remote-eap-id", ""),
        virtual_addresses=tuple(values.get("remote-vips", "[]")[1:-1].split()),
        reauthentication=None if due is None else int(due),
        children=tuple(dict(_PAIR.findall(each))["state"] for _, each in inside),
    )
