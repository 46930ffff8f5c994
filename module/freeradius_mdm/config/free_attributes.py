"""The key `attributes` of a profile: any attribute of FreeRADIUS's dictionary, as ISE's Advanced Attributes Settings.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from ..dictionaries import Dictionary
from ..errors import ReplyError
from ..free_attributes import ALLOWED, FreeAttribute, parse_free
from ..reply import TYPES
from .codes import ConfigCode
from .table import Table


def read_free_attributes(
    table: Table, default: tuple[FreeAttribute, ...], dictionary: Dictionary | None
) -> tuple[FreeAttribute, ...]:
    """The texts of `attributes`; without a dictionary (mdmd) only their form is checked."""
    if "attributes" not in table:
        return default
    found = []
    for text in table.texts("attributes"):
        try:
            found.append(parse_free(text, dictionary, TYPES))
        except ReplyError as error:
            what = str(error).removesuffix(f": {ALLOWED}")
            what = what if text in what else f"{text!r}: {what}"
            table.problem(ConfigCode.DOES_NOT_FIT, "attributes", what, ALLOWED)
    return tuple(found)
