"""Device ids in a client certificate: the URI names of the SAN, or the subject's CN.

FreeRADIUS 3.2.7 and later gives one attribute per URI name. Before that there is only the extension as OpenSSL
prints it, in which `, URI:` may stand between two names or inside one, and which is cut at 1023 bytes
(freeradius.md section 5). That text is believed only when nothing else can be read into it.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..codes import Code
from ..config.model import Pattern
from ..request import LONGEST_WHOLE_VALUE, Request
from . import device_id
from .model import Finding, Note

URI_ATTRIBUTE = "TLS-Client-Cert-Subject-Alt-Name-Uri"
PRINTED_ATTRIBUTE = "TLS-Client-Cert-X509v3-Subject-Alternative-Name"
CN_ATTRIBUTE = "TLS-Client-Cert-Common-Name"


def from_uri_names(request: Request, patterns: Sequence[Pattern], *, has_uri_attribute: bool) -> Finding:
    """Device ids in the URI names. `has_uri_attribute`: this FreeRADIUS knows the attribute for them."""
    if has_uri_attribute:
        names = request.distinct(URI_ATTRIBUTE)
        if names and not request.first(PRINTED_ATTRIBUTE):
            # OpenSSL prints no extension with a NUL in a name, while the attribute ends at the NUL.
            return Finding(refusal=(Code.UNSAFE_CERTIFICATE_TEXT, "the names can't be printed, so one may be cut"))
        return _refuse_cut(names) or device_id.search(names, patterns)
    printed = request.distinct(PRINTED_ATTRIBUTE)
    if len(printed) > 1:
        return Finding(refusal=(Code.UNSAFE_CERTIFICATE_TEXT, "the extension appears more than once"))
    return _refuse_cut(printed) or (_from_printed(printed[0], patterns) if printed else Finding())


def from_common_name(request: Request, patterns: Sequence[Pattern]) -> Finding:
    """A device id that is the subject's CN."""
    names = request.distinct(CN_ATTRIBUTE)
    return _refuse_cut(names) or device_id.search(names, patterns)


def _refuse_cut(values: Sequence[str]) -> Finding | None:
    longest = max((len(value.encode()) for value in values), default=0)
    if longest <= LONGEST_WHOLE_VALUE:
        return None
    return Finding(refusal=(Code.CUT_CERTIFICATE_TEXT, f"a name of {longest} bytes may have been cut"))


def _from_printed(text: str, patterns: Sequence[Pattern]) -> Finding:
    """The printed extension, if it is device URIs of one id and at most the SID, and nothing else at all."""
    if not any(_looks_like(text, pattern) for pattern in patterns):
        return Finding(notes=((Code.IGNORED_NAME, f"{text[:80]!r} holds no device id"),))
    ids: list[str] = []
    sids = 0
    for name in _split(text):
        found = _device_uri(name, patterns)
        if isinstance(found, str):
            ids.append(found)
        elif found is not None:
            return Finding(refusal=found)
        elif name.startswith("URI:") and device_id.STRONG_MAPPING_SID.fullmatch(name[4:]) and sids == 0:
            sids += 1
        else:
            what = f"beside the device id stands {name[:80]!r}"
            return Finding(refusal=(Code.UNSAFE_CERTIFICATE_TEXT, what))
    notes: tuple[Note, ...] = ((Code.IGNORED_NAME, "the strong-mapping SID is no device id"),) if sids else ()
    return device_id.finding(ids, notes)


def _split(text: str) -> list[str]:
    """OpenSSL puts `, ` between names; the SID's own comma has no blank behind it."""
    return text.split(", ")


def _looks_like(text: str, pattern: Pattern) -> bool:
    before = pattern.text.partition("{guid}")[0].lower()
    return before in text.lower() if before else bool(device_id.GUID.search(text))


def _device_uri(name: str, patterns: Sequence[Pattern]) -> str | Note | None:
    if not name.startswith("URI:"):
        return None
    for pattern in patterns:
        match = pattern.regex.fullmatch(name[4:])
        if match and re.fullmatch(r"[0-9A-Za-z_{}-]+", match["guid"]):
            return device_id.read(match["guid"])
    return None
