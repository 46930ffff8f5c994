"""The `[[identity]]` entries. Standard library only: radiusd imports this."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..compliance import IdKind
from . import retired
from .codes import ConfigCode
from .model import IdentitySource, IdentitySourceType, Pattern, Server
from .suggest import meant
from .table import Table
from .toml_text import shown

# The forms of intune.md section 8; each says whether it carries the Intune id or the Entra id.
DEFAULT_PATTERNS: dict[IdentitySourceType, tuple[tuple[str, IdKind], ...]] = {
    IdentitySourceType.CERTIFICATE_URI: (
        ("ID:Microsoft Endpoint Manager:GUID:{guid}", IdKind.INTUNE),
        ("ID:Intune:GUID:{guid}", IdKind.INTUNE),
        ("IntuneDeviceId://{guid}", IdKind.INTUNE),
    ),
    IdentitySourceType.VPN_DEVICE_ID: (("ID:Intune:DeviceID:{guid}", IdKind.INTUNE),),
    IdentitySourceType.CERTIFICATE_CN: (("{guid}", IdKind.INTUNE),),
    IdentitySourceType.MAC: (),
}
# Anything that is not a GUID is captured too, to be refused by name instead of passed over for a MAC.
_GUID_GROUP = r"(?P<guid>.*)"


def compile_pattern(text: str, kind: IdKind) -> Pattern:
    """A pattern from its configured text, in which `{guid}` stands once; compared without regard to case."""
    before, _, after = text.partition("{guid}")
    return Pattern(
        text, kind, re.compile(re.escape(before) + _GUID_GROUP + re.escape(after), re.IGNORECASE | re.DOTALL)
    )


def read_identity(tables: Sequence[Table], servers: Sequence[Server]) -> tuple[IdentitySource, ...]:
    """Every identity source, in the order of precedence; a MAC comes after every device id."""
    sources = tuple(_source(table, servers) for table in tables)
    for position, (table, source) in enumerate(zip(tables, sources, strict=True), 1):
        if source.type is IdentitySourceType.MAC and position < len(sources):
            allowed, hint = (
                "mac as the last [[identity]] entry",
                "move this entry behind the other [[identity]] entries",
            )
            table.problem(ConfigCode.CONTRADICTION, "source", "mac stands before a device id", allowed, hint)
    return sources


def _source(table: Table, servers: Sequence[Server]) -> IdentitySource:
    if "source" not in table:
        allowed = " or ".join(member.value for member in IdentitySourceType)
        table.problem(
            ConfigCode.MISSING, "source", "is missing", allowed, "say where in a request the identity is found"
        )
    named = not retired.tell_device_key(table, "source", " or ".join(IdentitySourceType))
    usual = IdentitySourceType.CERTIFICATE_URI
    kind = table.choice("source", IdentitySourceType, usual) if named else usual
    is_mac = kind is IdentitySourceType.MAC
    source = IdentitySource(
        type=kind,
        server=_server(table, servers),
        patterns=() if is_mac else _patterns(table, kind),
        allow_randomised=table.flag("allow_randomised", False) if is_mac else False,
    )
    table.finish()
    return source


def _server(table: Table, servers: Sequence[Server]) -> str:
    names = [server.name for server in servers]
    enabled = [server.name for server in servers if server.enabled]
    allowed = "the name of a [[servers]] entry: " + (", ".join(names) or "there is none")
    only = enabled or names  # that none is enabled is told elsewhere, once
    if "server" not in table and len(only) == 1:
        table.raw("server")
        return only[0]
    name = table.text("server", allowed=allowed + " (may be left out when exactly one is enabled)")
    if name and name not in names:
        table.problem(ConfigCode.UNKNOWN_REFERENCE, "server", f"{name!r} is not known", allowed, meant(name, names))
    return name


def _patterns(table: Table, kind: IdentitySourceType) -> tuple[Pattern, ...]:
    if "patterns" not in table:
        table.raw("patterns")
        return tuple(compile_pattern(text, id_kind) for text, id_kind in DEFAULT_PATTERNS[kind])
    entries = table.tables("patterns")
    if table.raw("patterns") == []:
        allowed = "at least one pattern, or no such line for the usual ones"
        table.problem(ConfigCode.DOES_NOT_FIT, "patterns", "is empty", allowed, "remove the line for the usual ones")
    return tuple(pattern for entry in entries if (pattern := _pattern(entry)))


def _pattern(entry: Table) -> Pattern | None:
    allowed = 'text with {guid} in it once, like "ID:Intune:GUID:{guid}"'
    text = entry.text("text", allowed=allowed)
    kind = entry.raw("id")
    usable = True
    if text and text.count("{guid}") != 1:
        what = (
            f"{text!r} has no {{guid}} in it" if "{guid}" not in text else f"{text!r} has {{guid}} in it more than once"
        )
        entry.problem(ConfigCode.DOES_NOT_FIT, "text", what, allowed, "put {guid} where the device id stands")
        usable = False
    if kind == IdKind.ENTRA:
        entry.problem(
            ConfigCode.NO_EFFECT,
            "id",
            "is the Entra id, which Intune's compliance service does not know: every device would look unmanaged",
            '"intune"',
            "put {{DeviceId}} into the Intune certificate profile, then write intune",
        )
    elif retired.tell_device_key(entry, "id", '"intune"'):
        pass
    elif kind is None:
        entry.problem(ConfigCode.MISSING, "id", "is missing", '"intune"', 'add id = "intune" to the pattern')
    elif kind != IdKind.INTUNE:
        entry.problem(ConfigCode.UNKNOWN_VALUE, "id", f"{shown(kind)} is not known", '"intune"')
    entry.finish()
    return compile_pattern(text, IdKind.INTUNE) if text and usable else None
