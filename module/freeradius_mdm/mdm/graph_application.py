"""An application's own entry in Microsoft Graph: what was uploaded to it, under which name, and until when.

Microsoft Graph v1.0, resource types application, keyCredential and passwordCredential. It needs the permission that
discovery needs too (Application.Read.All).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .codes import MdmCode
from .failures import one_line
from .graph import Graph
from .http import HttpClient
from .tokens import Tokens

_SELECT = "displayName,keyCredentials,passwordCredentials"
_ABSENT = (MdmCode.GRAPH_FAULT, "the application is registered in another tenant")


@dataclass(frozen=True, slots=True)
class UploadedKey:
    """A certificate of the entry. `sha1`: upper-case hexadecimal, "" when the entry does not tell. `ends`: None so."""

    name: str
    sha1: str
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class UploadedSecret:
    """A client secret of the entry. `hint`: its first three characters; `id` is what people paste by mistake."""

    name: str
    id: str
    hint: str
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class ApplicationEntry:
    """`name` is the application's own, which has nothing to do with a certificate."""

    name: str
    keys: tuple[UploadedKey, ...]
    secrets: tuple[UploadedSecret, ...]


class GraphApplication:
    """Thread safe. Every failure is a SourceError."""

    def __init__(self, graph_host: str, http: HttpClient, tokens: Tokens, clock: Callable[[], float]) -> None:
        self._graph = Graph(graph_host, http, tokens, clock)

    def fetch(self, client_id: str) -> ApplicationEntry:
        """The entry of the application that has this client id, a GUID."""
        url = f"https://{self._graph.host}/v1.0/applications(appId='{client_id}')?$select={_SELECT}"
        data = self._graph.read(url, what="an application", absent=_ABSENT)
        return ApplicationEntry(
            _text(data, "displayName"),
            tuple(_key(entry) for entry in _entries(data, "keyCredentials")),
            tuple(_secret(entry) for entry in _entries(data, "passwordCredentials")),
        )


def _entries(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed = data.get(key)
    return [entry for entry in listed[:100] if isinstance(entry, dict)] if isinstance(listed, list) else []


def _key(entry: Mapping[str, Any]) -> UploadedKey:
    return UploadedKey(_text(entry, "displayName"), _thumbprint(entry), _moment(entry.get("endDateTime")))


def _secret(entry: Mapping[str, Any]) -> UploadedSecret:
    name, identifier, hint = (_text(entry, key) for key in ("displayName", "keyId", "hint"))
    return UploadedSecret(name, identifier.lower(), hint, _moment(entry.get("endDateTime")))


def _thumbprint(entry: Mapping[str, Any]) -> str:
    """From the certificate itself when it came, else from customKeyIdentifier.

    That one is the thumbprint unless whoever uploaded it chose another, and it is seen both as 40 hexadecimal digits
    and as base64 of 20 octets.
    """
    certificate = _octets(entry.get("key"))
    if certificate:
        return hashlib.sha1(certificate, usedforsecurity=False).hexdigest().upper()
    text = _text(entry, "customKeyIdentifier")
    if re.fullmatch(r"[0-9A-Fa-f]{40}", text):
        return text.upper()
    octets = _octets(text)
    return octets.hex().upper() if len(octets) == 20 else ""


def _octets(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        return b""


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return one_line(value, 120) if isinstance(value, str) else ""
