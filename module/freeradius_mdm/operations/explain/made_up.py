"""The least request that names an endpoint, where no request of it is there; what is assumed is said."""

from __future__ import annotations

from ...compliance import IdKind
from ...config.model import Config, IdentitySource, IdentitySourceType
from ...decision import Decision
from ...identity.certificate import CN_ATTRIBUTE, PRINTED_ATTRIBUTE, URI_ATTRIBUTE
from ...nas_kind import NasKind
from ...request import FAMILY, Pairs, Request
from ..codes import OperationCode
from ..errors import OperationError
from .model import Origin, Subject

_CERTIFICATES = (IdentitySourceType.CERTIFICATE_URI, IdentitySourceType.CERTIFICATE_CN)
_WIRED = (("NAS-Port-Type", "Ethernet"),)
_WIRELESS = (("NAS-Port-Type", "Wireless-802.11"),)
_VPN = (("NAS-Port-Type", "Virtual"), ("Tunnel-Client-Endpoint", "0.0.0.0"))  # noqa: S104 nothing listens
_PORTS = {NasKind.WIRED.value: _WIRED, NasKind.WIRELESS.value: _WIRELESS, NasKind.VPN.value: _VPN}
_EAP_TLS = (("EAP-Message", "0x"), ("EAP-Type", "TLS"), ("TLS-Client-Cert-Serial", "00"))


def of_endpoint(config: Config, kind: IdKind | None, value: str) -> Subject:
    """A wired endpoint that shows this identifier at the first source that can give it. `kind` None: any GUID.

    Raises OperationError when no source can.
    """
    source = next((each for each in config.identity if _gives(each, kind)), None)
    if source is None:
        known = ", ".join(each.type.value for each in config.identity)
        raise OperationError(
            OperationCode.NOT_FOUND,
            f"there is no decision about {value}, and no identity source could give it",
            where=str(config.file),
            allowed=f"what these can give: {known}",
            next="paste a request of the device: mdmctl explain -",
        )
    if source.type is IdentitySourceType.VPN_DEVICE_ID:
        how = "a VPN headend tells it"
    else:
        how = "wired, MAC authentication bypass" if source.type is IdentitySourceType.MAC else "wired, EAP-TLS"
    default = config.network_devices.default_vpn if _is_vpn(source) else config.network_devices.default
    return Subject(
        name=f"device {value}, of which there is no decision",
        origin=Origin.MADE_UP,
        request=Request((*(_VPN if _is_vpn(source) else _WIRED), *_pairs(source, value))),
        has_uri_attribute=True,
        assumptions=(
            f"how it comes: {how}, identified by {source.type.value}",
            f"the network device: family {default.name if default else 'none'}, nothing else of it is known",
        ),
    )


def of_decision(config: Config, made: Decision, name: str) -> Subject:
    """A decision whose request is not kept any more, from what it says of who asked and from where."""
    pairs: list[tuple[str, str]] = [*_PORTS.get(made.access, ())]
    told = {
        "User-Name": made.user,
        "NAS-IP-Address": made.nas_address,
        "NAS-Identifier": made.nas_identifier,
        "NAS-Port-Id": made.nas_port_id,
        "Calling-Station-Id": made.calling_station,
        "Called-Station-Id": made.called_station,
        "Acct-Session-Id": made.acct_session_id,
        "MDM-Client-Name": made.nas_name,
        "MDM-Client-Address": made.client,
        FAMILY: made.family,
    }
    pairs += [(attribute, value) for attribute, value in told.items() if value]
    if made.audit_session_id:
        pairs.append(("Cisco-AVPair", f"audit-session-id={made.audit_session_id}"))
    source = next((each for each in config.identity if each.type.value == made.identity_source), None)
    if source is not None and made.identity:
        pairs += [pair for pair in _pairs(source, made.identity) if pair not in pairs]
    elif made.method.startswith("EAP") or made.method == "PEAP":
        pairs.append(("EAP-Message", "0x"))
    return Subject(
        name=name,
        origin=Origin.MADE_UP,
        request=Request(tuple(pairs)),
        has_uri_attribute=True,
        decision=made,
        assumptions=(
            "its request is not kept any more, so that it was put together from what the decision says; "
            "rules that look at other attributes may come out differently",
        ),
    )


def _gives(source: IdentitySource, kind: IdKind | None) -> bool:
    if source.type is IdentitySourceType.MAC:
        return kind is IdKind.MAC
    return kind is not IdKind.MAC and (kind is None or any(each.kind is kind for each in source.patterns))


def _is_vpn(source: IdentitySource) -> bool:
    return source.type is IdentitySourceType.VPN_DEVICE_ID


def _pairs(source: IdentitySource, value: str) -> Pairs:
    """The attributes in which this source finds the value."""
    text = source.patterns[0].text.replace("{guid}", value) if source.patterns else value
    match source.type:
        case IdentitySourceType.CERTIFICATE_URI:
            return (*_EAP_TLS, (URI_ATTRIBUTE, text), (PRINTED_ATTRIBUTE, f"URI:{text}"))
        case IdentitySourceType.CERTIFICATE_CN:
            return (*_EAP_TLS, (CN_ATTRIBUTE, text))
        case IdentitySourceType.VPN_DEVICE_ID:
            return (("Cisco-AVPair", f"mdm-tlv=device-uid={text}"),)
        case IdentitySourceType.MAC:
            spelt = "-".join(value[at : at + 2] for at in range(0, 12, 2))
            return (
                ("User-Name", value.lower()),
                ("Calling-Station-Id", spelt),
                ("Service-Type", "Call-Check"),
            )
