"""A pasted request as the hooks would see it: values as FreeRADIUS prints them, and what policy.d/mdm puts beside them.

What the paste does not say and can't be looked up is assumed, and every assumption is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...dictionaries import Dictionary
from ...identity.certificate import PRINTED_ATTRIBUTE, URI_ATTRIBUTE
from ...nas_kind import NasKind
from ...profiles.family import FAMILIES
from ...request import FAMILY, Request
from ...request_record import NO_URI_NAMES, PLACE
from ..codes import OperationCode
from ..errors import OperationError
from .model import Origin, Subject
from .paste import Pasted
from .surroundings import Surroundings, is_address

_LONGEST = 1023  # bytes of a value that rlm_python3 hands on
_NUMBERS = {"byte", "short", "integer", "signed", "integer64"}
# EAP-Type as the eap module prints it, by the type in an EAP-Response (RFC 3748 section 5; IANA's EAP registry).
_EAP_TYPES = {1: "Identity", 13: "TLS", 21: "TTLS", 25: "PEAP", 26: "MSCHAPv2", 43: "FAST"}
_OF_MDM_CLIENT = ("MDM-Client-Name", "MDM-Client-Address", FAMILY)
_DOWNLOAD = re.compile(r"#ACSACL#", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PasteOptions:
    """What the operator says of the network device. `client`: its address, or its name in FreeRADIUS."""

    client: str = ""
    family: str = ""


def subject_of(pasted: Pasted, around: Surroundings, options: PasteOptions, name: str) -> Subject:
    """The subject. Raises OperationError for options that name nothing, and for what no policy decides."""
    pairs = [_canonical(each, around.dictionary) for each in pasted.pairs]
    request = Request(tuple(pairs))
    if _DOWNLOAD.match(request.first("User-Name")):
        raise OperationError(
            OperationCode.NO_AUTHENTICATION,
            "it asks for a downloadable ACL, which is not decided by the policy",
            allowed="an Access-Request of an endpoint or a user",
            next="the decision that named the ACL can be explained: mdmctl decisions",
        )
    assumptions: list[str] = []
    place = request.first(PLACE)
    seen_by_hooks = bool(place) or any(name in _OF_MDM_CLIENT for name, _ in pairs)
    own = _client(request, pasted.source, around, options, assumptions)
    pairs = [pair for pair in pairs if pair[0] not in (PLACE, NO_URI_NAMES, *own)]
    pairs += [pair for pair in own.items() if pair[1]]
    if not seen_by_hooks:
        pairs = _eap(pairs, request, assumptions)
    if request.first(PRINTED_ATTRIBUTE) and not request.first(URI_ATTRIBUTE) and around.dictionary is None:
        assumptions.append("FreeRADIUS's dictionary can't be read: it is taken to show no URI names one by one")
    return Subject(
        name=name,
        origin=Origin.PASTED,
        request=Request(tuple(pairs), control=((PLACE, place),) if place else ()),
        has_uri_attribute=any(request.first(each) for each in (URI_ATTRIBUTE, NO_URI_NAMES))
        or around.has_uri_attribute,
        assumptions=tuple(assumptions),
    )


def _canonical(pair: tuple[str, str, bool], dictionary: Dictionary | None) -> tuple[str, str]:
    """Name and value as rlm_python3 hands them over: numbers by name, octets in hexadecimal, cut where it cuts."""
    full_name, value, bare = pair
    name, colon, tag = full_name.partition(":")
    known = dictionary.find(name) if dictionary else None
    if known is not None:
        name = known.name
        if known.type in _NUMBERS and known.values.printed:
            number = int(value) if value.isdecimal() else known.values.numbers.get(value.lower())
            value = value if number is None else known.values.printed.get(number, value)
        elif known.type == "octets" and not (bare and value[:2].lower() == "0x"):
            value = "0x" + value.encode().hex()
    value = value.partition("\0")[0]
    whole = value.encode()
    return name + colon + tag, whole[:_LONGEST].decode("utf-8", "ignore") if len(whole) > _LONGEST else value


def _client(
    request: Request, source: str, around: Surroundings, options: PasteOptions, assumptions: list[str]
) -> dict[str, str]:
    """What `mdm_client` of policy.d/mdm would set beyond what the paste has of it."""
    own: dict[str, str] = {}
    if options.client:
        own = _chosen(options.client, around, assumptions)
    elif not (request.first("MDM-Client-Name") or request.first("MDM-Client-Address")):
        own = _looked_up(request, source, around, assumptions)
        if request.first(FAMILY):
            own.pop(FAMILY, None)
    if options.family:
        if options.family not in FAMILIES:
            raise OperationError(
                OperationCode.WRONG_ARGUMENT,
                f"{options.family[:40]!r} is no vendor family",
                allowed=", ".join(FAMILIES),
                next="it is what mdm_family says in the client section of FreeRADIUS",
            )
        own[FAMILY] = options.family
    if not own.get(FAMILY) and (options.client or not request.first(FAMILY)):
        own.pop(FAMILY, None)
        devices = around.config.network_devices
        default = devices.default_vpn if request.nas_kind is NasKind.VPN else devices.default
        assumptions.append(f"vendor family: {default.name if default else 'none'}, the default of mdm.toml")
    return own


def _chosen(text: str, around: Surroundings, assumptions: list[str]) -> dict[str, str]:
    by_address = is_address(text)
    client, why = around.client_at(text) if by_address else around.client_named(text)
    if client is None and not by_address:
        raise OperationError(
            OperationCode.NOT_FOUND,
            why,
            where=str(around.config.coa.clients),
            allowed="a client's address or its short name in FreeRADIUS",
            next="or say its family alone: --family NAME",
        )
    if client is None:
        assumptions.append(f"the network device: {text}; {why}")
        return {"MDM-Client-Address": text, FAMILY: ""}
    single = client.network.num_addresses == 1
    address = text if by_address else str(client.network.network_address) if single else ""
    if not address:
        assumptions.append(f"the network device: one of {client.network}")
    return {"MDM-Client-Name": client.shortname, "MDM-Client-Address": address, FAMILY: client.family}


def _looked_up(request: Request, source: str, around: Surroundings, assumptions: list[str]) -> dict[str, str]:
    """The client by the address that the request came from, or says that it came from."""
    told = {
        "the head above the request": source,
        "NAS-IP-Address": request.first("NAS-IP-Address"),
        "NAS-IPv6-Address": request.first("NAS-IPv6-Address"),
    }
    where, address = next(((where, text) for where, text in told.items() if is_address(text)), ("", ""))
    if not address:
        assumptions.append("the network device: nothing in the paste says which one it is; --client names it")
        return {}
    client, why = around.client_at(address)
    if client is None:
        assumptions.append(f"the network device: {address}, from {where}; {why}")
        return {"MDM-Client-Address": address}
    assumptions.append(f"the network device: {client.shortname}, {address}, from {where}")
    return {"MDM-Client-Name": client.shortname, "MDM-Client-Address": address, FAMILY: client.family}


def _eap(pairs: list[tuple[str, str]], request: Request, assumptions: list[str]) -> list[tuple[str, str]]:
    """What the eap module would have added by the time of the decision, as far as the paste tells."""
    if not request.is_eap:
        return pairs
    kind = request.first("EAP-Type") or _eap_type(request.first("EAP-Message"))
    certificate = bool(request.first("TLS-Client-Cert-Serial"))
    if certificate and kind in ("", "Identity"):
        assumptions.append("the EAP method: EAP-TLS, since there is a certificate")
        kind = "TLS"
    elif not certificate and kind in ("", "Identity", "TLS", "13"):
        assumptions.append(
            "the certificate: none, since the paste has none; of an EAP-TLS device paste the TLS-Client-Cert-... "
            "lines of the log too"
        )
        kind = ""  # EAP-TLS without one would be refused as a resumed session
    rest = [pair for pair in pairs if pair[0] != "EAP-Type"]
    return [*rest, ("EAP-Type", kind)] if kind else rest


def _eap_type(message: str) -> str:
    """The method of an EAP-Response, by its fifth byte."""
    octets = message.removeprefix("0x")
    if octets[:2] != "02" or len(octets) < 10:
        return ""
    return _EAP_TYPES.get(int(octets[8:10], 16), "")
