"""Picking the CRS record out of the tenant's endpoint list, and judging its address (intune.md section 3).

The list is data from the network: an address is checked before a token is sent there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

SERVICE = "ComplianceRetrievalService"
_RETIRED = re.compile(r"NACAPIService|Stateless_?Nac_?Service|/ciscodeviceinfo/", re.IGNORECASE)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class AddressRefused(ValueError):
    """A token must not be sent there. The text is one sentence for the operator."""


def pick(records: Iterable[object]) -> tuple[str, ...]:
    """The uris of the matching records, in the order of the list, without duplicates.

    providerName decides, whole and case-insensitively; then capability; then the legacy key serviceName.
    Never by substring (`PartnerComplianceService` is in the same list), by position or by the address.
    """
    entries = [record for record in records if isinstance(record, Mapping)]
    for key in ("providerName", "capability", "serviceName"):
        matching = [entry for entry in entries if _is_service(entry.get(key))]
        if matching:
            return tuple(dict.fromkeys(uri for entry in matching if isinstance(uri := entry.get("uri"), str)))
    return ()


def lists_only_nac_v1(records: Iterable[object]) -> bool:
    """True when the retired NAC 1.x service is listed; asked only once CRS was not found."""
    entries = [record for record in records if isinstance(record, Mapping)]
    return any(_is_retired(entry) for entry in entries)


def check(uri: str, suffixes: Sequence[str], allowed_hosts: Sequence[str]) -> str:
    """The address with one trailing slash cut off and its host in lower case. Raises AddressRefused.

    `suffixes` come with their leading dot; `allowed_hosts` are whole names, for labs and relays.
    """
    if not uri.isascii() or re.search(r"[\x00-\x20\x7f\\]", uri):
        raise AddressRefused("it holds characters that no address has")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise AddressRefused("it is no address") from None
    if parts.scheme != "https":
        raise AddressRefused("it is not https")
    if "@" in parts.netloc:
        raise AddressRefused("it holds user information")
    if "?" in uri or "#" in uri:
        raise AddressRefused("it holds a query or fragment")
    if port not in (None, 443) or parts.netloc.endswith(":"):
        raise AddressRefused("its port is not 443")
    host = _check_host((parts.hostname or "").lower(), suffixes, allowed_hosts)
    return f"https://{host}{_check_path(parts.path)}"


def is_outside(uri: str, suffixes: Sequence[str]) -> bool:
    """True for a host outside the cloud's own domain, which deserves a warning at start."""
    return not (urlsplit(uri).hostname or "").endswith(tuple(suffixes))


def _check_host(host: str, suffixes: Sequence[str], allowed_hosts: Sequence[str]) -> str:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        raise AddressRefused("its host is an IP address")
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise AddressRefused("its host is no DNS name")
    if host not in allowed_hosts and not host.endswith(tuple(suffixes)):
        raise AddressRefused(f"its host {host[:120]} does not end in {' or '.join(suffixes)}")
    return host


def _check_path(path: str) -> str:
    trimmed = path.removesuffix("/")
    if not _PATH.fullmatch(trimmed) or re.search(r"/\.{1,2}(?:/|$)", trimmed):
        raise AddressRefused("its path is not plain")
    return trimmed


def _is_service(value: object) -> bool:
    return isinstance(value, str) and value.lower() == SERVICE.lower()


def _is_retired(entry: Mapping[Any, Any]) -> bool:
    keys = ("providerName", "capability", "serviceName", "uri")
    return any(isinstance(value := entry.get(key), str) and _RETIRED.search(value) for key in keys)
