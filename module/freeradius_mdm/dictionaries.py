"""FreeRADIUS's dictionary: the attributes this server knows, with types, flags and the names of values.

rlm_python3 skips an unknown name and zeroes a value that does not fit its type, both without a word, so what goes out
is looked up here first. The format is that of FreeRADIUS 3.2 (dictionary(5)); a line that FreeRADIUS itself would
refuse never gets this far, since the server does not start with it, so what can't be read is passed over.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from .dictionary_attribute import Dictionary, DictionaryAttribute, ValueNames, VendorFormat

__all__ = ["Dictionary", "DictionaryAttribute", "ValueNames", "VendorFormat", "attribute_names", "load"]

_USUAL_FORMAT = VendorFormat()
# What FreeRADIUS takes for these when the dictionary says nothing: USR, Lucent, Starent.
_BUILT_IN_FORMATS = {429: VendorFormat(4, 0), 4846: VendorFormat(2, 1), 8164: VendorFormat(2, 2)}
_Stamp = tuple[int, int, int]
_cache: dict[tuple[Path, ...], tuple[dict[Path, _Stamp | None], Dictionary]] = {}


def load(*files: Path) -> Dictionary:
    """Read the files and what they `$INCLUDE`; the same object again while none of those changed.

    Raises OSError for a file that can't be read.
    """
    known = _cache.get(files)
    if known is None or any(_stamp(file) != stamp for file, stamp in known[0].items()):
        reader = _Reader()
        for file in files:
            reader.read(file)
        known = _cache[files] = (reader.stamps, reader.dictionary())
    return known[1]


def attribute_names(*files: Path) -> frozenset[str]:
    """Every ATTRIBUTE name of the files and of what they `$INCLUDE`. Raises OSError for a file that can't be read."""
    return frozenset(load(*files).attributes)


def _stamp(file: Path) -> _Stamp | None:
    try:
        status = os.stat(file)  # noqa: PTH116 this runs for hundreds of files
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


class _Reader:
    """Reads line by line; a later definition of a name replaces an earlier one, as in FreeRADIUS."""

    def __init__(self) -> None:
        self.stamps: dict[Path, _Stamp | None] = {}
        self._attributes: dict[str, DictionaryAttribute] = {}  # by name in lower case
        self._numbers: dict[tuple[int, tuple[int, ...]], ValueNames] = {}
        self._oids: dict[str, tuple[int, ...]] = {}
        self._vendors: dict[str, int] = {}
        self._formats: dict[int, VendorFormat] = {}
        self._values: list[list[str]] = []
        self._extended: set[int] = set()
        self._latest: dict[tuple[int, bool, tuple[int, ...]], str] = {}  # by place on the wire
        self._older: dict[str, tuple[int, bool, tuple[int, ...]]] = {}  # names of a place that has got another one

    def read(self, file: Path) -> None:
        if file in self.stamps:
            return
        self.stamps[file] = _stamp(file)
        vendor, extended = 0, False
        tlvs: list[tuple[int, ...]] = []
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            words = (line.partition("#")[0] if "#" in line else line).split()
            if len(words) < 2:
                continue
            match words[0].upper():
                case "VALUE":
                    self._values.append(words)
                case "ATTRIBUTE":
                    self._attribute(words, vendor, extended, tlvs[-1] if tlvs else ())
                case "VENDOR":
                    self._vendor(words)
                case "BEGIN-VENDOR":
                    vendor = self._vendors.get(words[1].lower(), 0)
                    extended = len(words) > 2 and words[2][:7].lower() in ("format=", "parent=")
                case "END-VENDOR":
                    vendor, extended = 0, False
                case "BEGIN-TLV":
                    tlvs.append(self._oids.get(words[1].lower(), ()))
                case "END-TLV":
                    del tlvs[-1:]
                case "$INCLUDE":
                    self.read(file.parent / words[1])
                case "$INCLUDE-" | "$-INCLUDE":
                    self._read_if_there(file.parent / words[1])
                case "VALUE-ALIAS":
                    self._alias(words)

    def _read_if_there(self, file: Path) -> None:
        if file.exists():
            self.read(file)
        else:
            self.stamps[file] = None  # so that its coming into being is noticed

    def _vendor(self, words: list[str]) -> None:
        number = _number(words[2]) if len(words) > 2 else None
        if number is None:
            return
        self._vendors[words[1].lower()] = number
        chosen = _BUILT_IN_FORMATS.get(number, _USUAL_FORMAT)
        if len(words) > 3 and words[3].lower().startswith("format="):
            parts = words[3][7:].split(",")
            if len(parts) >= 2 and parts[0].isdigit() and parts[1].isdigit():
                chosen = VendorFormat(int(parts[0]), int(parts[1]), parts[2:] == ["c"])
        self._formats[number] = chosen

    def _attribute(self, words: list[str], vendor: int, extended: bool, parent: tuple[int, ...]) -> None:
        if len(words) < 4:
            return
        name, numbers, type_ = words[1], words[2], words[3].lower()
        oid = tuple(_number(part) or 0 for part in numbers.split("."))
        if not vendor and len(oid) > 1 and oid[0] in self._extended:
            extended = True
        oid = parent + oid
        tagged, encrypted, flags = False, 0, frozenset[str]()
        if len(words) > 4:
            options = words[4].split(",")
            tagged = "has_tag" in options or "has_tag=1" in options
            encrypted = next((int(o[8:]) for o in options if o.startswith("encrypt=") and o[8:].isdigit()), 0)
            vendor = vendor or self._vendors.get(words[4].lower(), 0)  # the vendor's name, in older files
            flags = frozenset(options)
        length = None
        if type_.startswith("octets["):
            type_, length = "octets", _number(type_[7:].rstrip("]"))
        if type_ in ("extended", "long-extended"):
            self._extended.add(oid[0])
        values = self._numbers.get((vendor, oid))
        if values is None:
            values = self._numbers[vendor, oid] = ValueNames()
        key = name.lower()
        self._oids[key] = oid
        place = (vendor, extended, oid)
        if place in self._latest:
            self._older[self._latest[place]] = place
        self._older.pop(key, None)
        self._latest[place] = key
        self._attributes[key] = DictionaryAttribute(
            name=name,
            number=oid[0],
            vendor=vendor,
            type=_TYPE_ALIASES.get(type_, type_),
            tagged=tagged,
            encrypted=encrypted,
            values=values,
            depth=len(oid),
            length=length,
            extended=extended,
            flags=flags,
            format=self._formats.get(vendor, _USUAL_FORMAT) if vendor else _USUAL_FORMAT,
        )

    def _alias(self, words: list[str]) -> None:
        mine, other = (self._attributes.get(word.lower()) for word in (words[1], words[-1]))
        if mine and other:
            self._attributes[mine.name.lower()] = replace(mine, values=other.values)

    def dictionary(self) -> Dictionary:
        """What was read. A VALUE may stand before its ATTRIBUTE, so values are put in last."""
        for words in self._values:
            found = self._attributes.get(words[1].lower())
            number = _number(words[3]) if len(words) > 3 else None
            if found is not None and number is not None:
                found.values.numbers[words[2].lower()] = number
                found.values.printed[number] = words[2]
        for key, place in self._older.items():
            older, newer = self._attributes[key], self._attributes[self._latest[place]]
            if _shape(older) == _shape(newer):
                self._attributes[key] = replace(older, newer_name=newer.name)
            else:
                self._attributes[key] = replace(older, overlaid_by=newer.name)
        return Dictionary({found.name: found for found in self._attributes.values()}, self._attributes)


def _shape(attribute: DictionaryAttribute) -> tuple[object, ...]:
    """What says how a value is written into a packet."""
    return attribute.type, attribute.tagged, attribute.encrypted, attribute.length


# FreeRADIUS 3.2's other words for the same.
_TYPE_ALIASES = {
    "uint8": "byte",
    "uint16": "short",
    "uint32": "integer",
    "uint64": "integer64",
    "int32": "signed",
    "cidr": "ipv4prefix",
}


def _number(text: str) -> int | None:
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return None
