"""From the text of an ACL file to its ACEs, with everything that is wrong or worth a warning.

Lines that begin with `!`, `#` or `remark` stay here. A sequence number (`10 permit ...`, `sequence 10 permit ...`) is
dropped, since the download numbers entries itself, and refused where it would change the order. Standard library only:
radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .ace import Ace, parse
from .acl import LONGEST_ACE, MOST_ACES
from .kinds import AclType, MaskStyle, Refused
from .masks import host_bits, style_of
from .warn import Warning_, warnings_of

_REMARKS = ("!", "#")


@dataclass(frozen=True, slots=True)
class Checked:
    """An ACL's text, read. `faults` carry their line; with any of them the ACL is not served."""

    aces: tuple[Ace, ...]
    style: MaskStyle | None
    faults: tuple[Refused, ...]
    warnings: tuple[Warning_, ...]


def check(text: str, type_: AclType) -> Checked:
    """Read and check a whole ACL; every fault is told, not just the first."""
    aces: list[Ace] = []
    faults: list[Refused] = []
    sequence = 0
    for line, written in _lines(text):
        try:
            sequence, ace_text = _unnumbered(written, sequence)
            if ace_text:
                _printable(written)
                aces.append(_ace(ace_text, type_, line))
        except Refused as fault:
            faults.append(Refused(fault.what, fault.allowed, line))
    if not aces and not faults:
        faults.append(Refused("holds no access control entry", "one ACE a line, at least one", 1))
    if len(aces) > MOST_ACES:
        faults.append(Refused(f"has {len(aces)} entries", f"at most {MOST_ACES}", aces[MOST_ACES].line))
    style = None
    try:
        style = style_of(aces)
    except Refused as fault:
        faults.append(fault)
    if style is not None:
        faults += [fault for ace in aces for fault in host_bits(ace, style)]
    faults.sort(key=lambda fault: fault.line)
    warnings = () if faults else tuple(warnings_of(aces, type_, style))
    return Checked(tuple(aces), style, tuple(faults), warnings)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip(" \t\r")
        if stripped and not stripped.startswith(_REMARKS):
            yield number, stripped


def _printable(line: str) -> None:
    for character in line:
        if character != "\t" and not (character.isascii() and character.isprintable()):
            raise Refused(f"holds {character!a} (U+{ord(character):04X})", "printable ASCII, blanks and tabs")


def _unnumbered(text: str, last: int) -> tuple[int, str]:
    """The sequence number in force and the ACE without it, "" for a remark."""
    words = text.replace("\t", " ").split(" ")  # no other white space: it is refused, not taken for a blank
    words = [word for word in words if word]
    if words[0].lower() == "sequence" and len(words) > 1:
        words = words[1:]
    if words[0].isdecimal() and len(words) > 1:
        sequence = int(words[0]) if len(words[0]) <= 10 else 0
        if sequence <= last:
            what = f"has the sequence number {words[0]} after {last}"
            raise Refused(what, "ascending numbers from 1, or none: the order of the lines counts")
        last, words = sequence, words[1:]
    return last, "" if words[0].lower() == "remark" else " ".join(words)


def _ace(text: str, type_: AclType, line: int) -> Ace:
    first = text.split(" ", 1)[0].lower()
    if first in ("access-list", "ip", "ipv6", "extended"):
        raise Refused(
            f"begins with {first!r}, the device's command around an ACE", "the ACE alone, from permit or deny"
        )
    if len(text) > LONGEST_ACE[type_]:
        raise Refused(f"has {len(text)} characters", f"at most {LONGEST_ACE[type_]} in one ACE")
    return parse(text, type_, line)
