"""MAC addresses in every notation a network device or a client uses.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re

_SEPARATED = re.compile(r"[0-9A-Fa-f]{2}([-:. ])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}")
_CISCO = re.compile(r"[0-9A-Fa-f]{4}([.:-])[0-9A-Fa-f]{4}\1[0-9A-Fa-f]{4}")
_HALVES = re.compile(r"[0-9A-Fa-f]{6}[-:][0-9A-Fa-f]{6}")
_BARE = re.compile(r"[0-9A-Fa-f]{12}")
_NOBODY = {"0" * 12, "F" * 12}


def parse(text: str) -> str | None:
    """12 upper-case hexadecimal digits, or None for text that is no station's address.

    Read: `aa-bb-cc-dd-ee-ff` with `-`, `:`, `.` or blanks, `aabb.ccdd.eeff`, `aabbcc-ddeeff`, bare, any case.
    A group address, all zeros and all ones belong to no station.
    """
    text = text.strip()
    if not any(shape.fullmatch(text) for shape in (_SEPARATED, _CISCO, _HALVES, _BARE)):
        return None
    digits = re.sub(r"[^0-9A-Fa-f]", "", text).upper()
    is_group = int(digits[1], 16) & 1
    return None if is_group or digits in _NOBODY else digits


def is_randomised(digits: str) -> bool:
    """Locally administered (bit 0x02 of the first octet): a private Wi-Fi address, or a virtual machine's."""
    return bool(int(digits[1], 16) & 2)
