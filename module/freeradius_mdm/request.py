"""The request as rlm_python3 hands it over, made typed: repeated attributes kept, kinds of access told apart.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .nas_kind import NasKind
from .profiles.family import FAMILIES

Pairs = Sequence[tuple[str, str]]

# rlm_python3 hands on 1023 bytes of a value and says nothing of the rest (freeradius.md section 2.2).
LONGEST_WHOLE_VALUE = 999


# Values by name and by number: a site's dictionary can rename them.
_WIRED_PORTS = {"Ethernet", "15"}
_WIRELESS_PORTS = {"Wireless-802.11", "19", "Wireless-Other", "18"}
_VIRTUAL_PORTS = {"Virtual", "5"}
_CALL_CHECK = {"Call-Check", "Call-Check-User", "10"}
MDM_TLV = "mdm-tlv="
# In the inner tunnel policy.d/mdm puts this mark between what the client sent in the tunnel and the outer request.
OUTER_REQUEST_MARK = "MDM-Outer-Request"
# policy.d/mdm puts the `mdm_family` of FreeRADIUS's client section here.
FAMILY = "MDM-Vendor-Family"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Each list is (name, value) pairs in their order; values are text as FreeRADIUS prints them."""

    request: Pairs
    reply: Pairs = ()
    control: Pairs = ()
    session_state: Pairs = ()
    # Bytes that others had put into the reply; of a request that was kept, which has no reply list.
    reply_taken: int = 0
    nas_kind: NasKind = field(init=False, compare=False)
    _by_name: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value in self.request:
            # A tagged attribute arrives as NAME:TAG, with tag 0 when the network device sent none.
            self._by_name.setdefault(name.partition(":")[0].lower(), []).append(value)
        object.__setattr__(self, "nas_kind", self._nas_kind())  # asked for often, and the class is frozen

    @classmethod
    def from_hook(cls, lists: Mapping[str, Pairs | None]) -> Request:
        """From the dictionary of a hook called with `pass_all_vps_dict`; an empty list arrives as None."""
        return cls(
            request=_without_tunnelled(lists.get("request") or ()),
            reply=lists.get("reply") or (),
            control=lists.get("config") or (),
            session_state=lists.get("session-state") or (),
        )

    def all(self, name: str) -> Sequence[str]:
        """Every value of a request attribute, in order; names without regard to case, tags left out."""
        return self._by_name.get(name.lower(), ())

    def first(self, name: str) -> str:
        """The first value of a request attribute, empty text when there is none."""
        values = self.all(name)
        return values[0] if values else ""

    def distinct(self, name: str) -> Sequence[str]:
        """The different values of a request attribute; in PEAP and TTLS each certificate attribute stands twice."""
        return tuple(dict.fromkeys(self.all(name)))

    def control_value(self, name: str) -> str:
        """The first value of a control attribute, empty text when there is none."""
        return _first(self.control, name)

    def handed_over(self, name: str) -> str:
        """The first value of an attribute that an earlier call left in the reply list or in session-state.

        Inside EAP-TLS the reply list reaches the outer request; a reject inside PEAP or TTLS reaches it only
        through session-state.
        """
        return _first(self.reply, name) or _first(self.session_state, name)

    @property
    def is_eap(self) -> bool:
        """True for a request that carries EAP."""
        return bool(self.all("EAP-Message"))

    @property
    def is_mab(self) -> bool:
        """MAC authentication bypass: Service-Type Call-Check."""
        return self.first("Service-Type") in _CALL_CHECK

    def _nas_kind(self) -> NasKind:
        """Wired, wireless, VPN or other.

        A Virtual port alone is also how device administration looks, but not from a device that is nothing but a
        VPN headend, such as strongSwan.
        """
        port = self.first("NAS-Port-Type")
        family = FAMILIES.get(self.first(FAMILY))
        tunnel_signs = (
            self.first("Tunnel-Client-Endpoint") or any(True for _ in self.mdm_tlvs()) or (family and family.is_vpn)
        )
        if self.first("ASA-TunnelGroupName") or (port in _VIRTUAL_PORTS and tunnel_signs):
            return NasKind.VPN
        if port in _WIRED_PORTS:
            return NasKind.WIRED
        if port in _WIRELESS_PORTS:
            return NasKind.WIRELESS
        return NasKind.OTHER

    def mdm_tlvs(self) -> Sequence[tuple[str, str]]:
        """The `mdm-tlv=NAME=VALUE` pairs of a VPN headend as (name, value), names in lower case, both trimmed.

        Only the first `=` parts name and value, because values hold commas, blanks and `=` (ise.md section 4).
        """
        found = []
        for value in self.all("Cisco-AVPair"):
            if value[: len(MDM_TLV)].lower() == MDM_TLV:
                name, _, rest = value[len(MDM_TLV) :].partition("=")
                found.append((name.strip().lower(), rest.strip()))
        return found

    def av_pair(self, name: str) -> str:
        """The value of the first Cisco-AVPair `name=value`, empty text when there is none."""
        prefix = name + "="
        return next((v[len(prefix) :] for v in self.all("Cisco-AVPair") if v.startswith(prefix)), "")


def _without_tunnelled(pairs: Pairs) -> Pairs:
    """A TTLS client can put any attribute into its tunnel, a NAS-Port-Type or an mdm-tlv of its choice.

    Of what stands before the mark, its user name is kept, and the certificate, which no packet can carry.
    """
    names = [name for name, _ in pairs]
    if OUTER_REQUEST_MARK not in names:
        return pairs
    mark = names.index(OUTER_REQUEST_MARK)
    kept = [pair for pair in pairs[:mark] if pair[0] == "User-Name" or pair[0].startswith("TLS-Client-Cert-")]
    return (*kept, *pairs[mark + 1 :])


def _first(pairs: Pairs, name: str) -> str:
    return next((value for other, value in pairs if other == name), "")
