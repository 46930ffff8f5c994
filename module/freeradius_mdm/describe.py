"""A decision as it begins: who asked, from where, and what is known of the endpoint.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from dataclasses import replace

from . import mac
from .decision import Decision, Outcome
from .identity.model import Identity
from .identity.network_device import mac_texts
from .policy import dictionary
from .policy.values import RequestValues
from .record_state import RecordState
from .request import Request
from .request_record import recorded
from .trail import Trail


def draft(
    request: Request,
    identity: Identity,
    values: RequestValues,
    state: RecordState | None,
    trail: Trail,
    *,
    has_uri_attribute: bool,
) -> Decision:
    """What `describe` says, with the identity and the record's values."""
    key = identity.key
    return replace(
        describe(request, trail, with_request=False),
        request=recorded(request, has_uri_attribute=has_uri_attribute),
        identity=key.value if key else "",
        identity_kind=key.kind.value if key else "",
        identity_source=identity.source,
        identity_proven=identity.proven,
        server=key.server if key else "",
        registration=values.one(dictionary.REGISTER_STATUS),
        compliance=values.one(dictionary.COMPLIANT_STATUS),
        managed=values.one(dictionary.MANAGED),
        reachable=values.one(dictionary.REACHABLE),
        record_source=values.one(dictionary.RECORD_SOURCE),
        record_age=state.age if state else None,
    )


def describe(request: Request, trail: Trail, *, with_request: bool = True) -> Decision:
    """A decision that so far says only who asked from where, `with_request` what the whole request was."""
    macs = [digits for text in mac_texts(request) if (digits := mac.parse(text))]
    return Decision(
        id=trail.id,
        at=trail.started,
        outcome=Outcome.ACCEPT,
        user=request.first("User-Name"),
        mac=macs[0] if macs else "",
        access=request.nas_kind.value,
        method=_method(request),
        nas_address=request.first("NAS-IP-Address") or request.first("NAS-IPv6-Address"),
        nas_name=request.first("MDM-Client-Name") or request.first("NAS-Identifier"),
        client=request.first("MDM-Client-Address"),
        nas_identifier=request.first("NAS-Identifier"),
        nas_port=request.first("NAS-Port-Id") or request.first("NAS-Port"),
        nas_port_id=request.first("NAS-Port-Id"),
        calling_station=request.first("Calling-Station-Id"),
        called_station=request.first("Called-Station-Id"),
        acct_session_id=request.first("Acct-Session-Id"),
        request=recorded(request) if with_request else (),
        audit_session_id=request.av_pair("audit-session-id"),
        steps=tuple(trail.steps),
    )


_EAP_METHODS = {"TLS": "EAP-TLS", "13": "EAP-TLS", "PEAP": "PEAP", "25": "PEAP", "TTLS": "EAP-TTLS", "21": "EAP-TTLS"}


def _method(request: Request) -> str:
    if request.is_eap:
        return _EAP_METHODS.get(request.first("EAP-Type"), "EAP")
    if request.is_mab:
        return "MAB"
    return "MS-CHAPv2" if request.first("MS-CHAP2-Response") else "PAP"
