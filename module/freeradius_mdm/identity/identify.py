"""Asking the configured sources in their order. Standard library only: radiusd imports this."""

from __future__ import annotations

from collections.abc import Sequence

from ..codes import Code
from ..compliance import EndpointKey, IdKind
from ..config.model import IdentitySource, IdentitySourceType
from ..request import Request
from . import certificate, network_device
from .model import Finding, Identity, Note

# Value of control attribute MDM-Place, set by sites-available/mdm-eap-tls.
INSIDE_EAP_TLS = "eap-tls"
_EAP_TLS = {"TLS", "13"}  # in case a site calls mdm_decide from a server of its own
_PROOF = {IdentitySourceType.CERTIFICATE_URI, IdentitySourceType.CERTIFICATE_CN}


def identify(request: Request, sources: Sequence[IdentitySource], *, has_uri_attribute: bool) -> Identity:
    """The first source that gives an id wins; a refusal at any source before that is final."""
    notes: list[Note] = []
    is_eap_tls = request.control_value("MDM-Place") == INSIDE_EAP_TLS or request.first("EAP-Type") in _EAP_TLS
    if is_eap_tls and not request.first("TLS-Client-Cert-Serial"):
        return Identity(refusal=(Code.RESUMED_WITHOUT_CERTIFICATE, "EAP-TLS without a certificate to be seen"))
    for source in sources:
        found = _ask(source, request, has_uri_attribute)
        notes += found.notes
        if found.refusal:
            return Identity(refusal=found.refusal, source=source.type.value, notes=tuple(notes))
        if found.ids:
            kind = IdKind.MAC if source.type is IdentitySourceType.MAC else source.patterns[0].kind
            return Identity(
                key=EndpointKey(source.server, kind, found.ids[0]),
                source=source.type.value,
                proven=source.type in _PROOF,
                notes=tuple(notes),
            )
    return Identity(notes=(*notes, (Code.NO_IDENTITY, "no source gave an identifier")))


def _ask(source: IdentitySource, request: Request, has_uri_attribute: bool) -> Finding:
    match source.type:
        case IdentitySourceType.CERTIFICATE_URI:
            return certificate.from_uri_names(request, source.patterns, has_uri_attribute=has_uri_attribute)
        case IdentitySourceType.CERTIFICATE_CN:
            return certificate.from_common_name(request, source.patterns)
        case IdentitySourceType.VPN_DEVICE_ID:
            return network_device.from_vpn_pairs(request, source.patterns)
        case IdentitySourceType.MAC:
            return network_device.from_mac(request, allow_randomised=source.allow_randomised)
