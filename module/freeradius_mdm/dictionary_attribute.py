"""What FreeRADIUS's dictionary says of an attribute. Standard library only: radiusd imports this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ValueNames:
    """Names of an attribute's numbers. A number with several names is printed by its last one, as FreeRADIUS does."""

    numbers: dict[str, int] = field(default_factory=dict)  # by name in lower case
    printed: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VendorFormat:
    """How many bytes a vendor's attribute has for its number and its length; `continued`: one more for WiMAX's flag."""

    number: int = 1
    length: int = 1
    continued: bool = False


@dataclass(frozen=True, slots=True)
class DictionaryAttribute:
    """One ATTRIBUTE. `vendor`: 0 for the RFCs' own; `number`: of the attribute itself, or of the TLV it stands in.

    `type`: the dictionary's word in lower case, `octets` also for `octets[16]`, whose length is `length`.
    `encrypted`: 0 for none, else FreeRADIUS's method 1 to 3. `depth`: 1, more inside a TLV. `extended`: an attribute
    of RFC 6929's space. `flags`: the other words, such as `array` and `concat`. `newer_name`: of the same attribute, if
    it has one; FreeRADIUS 3.2.7 shows that in a list, 3.2.1 the name that was used. `overlaid_by`: a later attribute of
    the same number and another type; FreeRADIUS 3.2.7 then writes values of this one in the type of that one.
    """

    name: str
    number: int
    vendor: int
    type: str
    tagged: bool = False
    encrypted: int = 0
    values: ValueNames = field(default_factory=ValueNames)
    depth: int = 1
    length: int | None = None
    extended: bool = False
    flags: frozenset[str] = frozenset()
    format: VendorFormat = field(default_factory=VendorFormat)
    newer_name: str = ""
    overlaid_by: str = ""

    @property
    def sent(self) -> bool:
        """False for what never leaves the server: FreeRADIUS sends no number above 255 without a vendor."""
        return bool(self.vendor) or self.extended or self.number <= 255


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Every attribute by its name as written there; `find` is for names as somebody else writes them."""

    attributes: Mapping[str, DictionaryAttribute]
    _by_lower_name: Mapping[str, DictionaryAttribute]

    def find(self, name: str) -> DictionaryAttribute | None:
        """The attribute of that name, without regard to case, as FreeRADIUS looks it up."""
        return self._by_lower_name.get(name.lower())
