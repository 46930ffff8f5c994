"""The codes of everything that can be wrong in a file we are configured by: M1850 to M1869.

Codes are stable: tools and tests may rely on them. A code says what kind of fault it is; `advice` is the next step
where whoever found the fault has no better one. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ConfigCode(StrEnum):
    """`Problem.code`."""

    UNREADABLE = "M1850"
    SYNTAX = "M1851"
    MISSING = "M1852"
    WRONG_TYPE = "M1853"
    DOES_NOT_FIT = "M1854"
    OUT_OF_RANGE = "M1855"
    UNKNOWN_KEY = "M1856"
    UNKNOWN_VALUE = "M1857"
    UNKNOWN_REFERENCE = "M1858"
    DUPLICATE = "M1859"
    CONTRADICTION = "M1860"
    INCOMPLETE = "M1861"
    NO_EFFECT = "M1862"
    NOT_EXPRESSIBLE = "M1863"
    DACL = "M1864"
    EXPOSED_SECRET = "M1865"  # noqa: S105
    RETIRED = "M1866"
    POLICY_GAP = "M1867"
    RADDB = "M1868"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, and the usual next step."""

    text: str
    advice: str


MEANINGS: Mapping[ConfigCode, Meaning] = {
    ConfigCode.UNREADABLE: Meaning(
        "a file can't be read", "check path, owner and mode: mdm.toml and dacls/ are read by radiusd and by mdmd"
    ),
    ConfigCode.SYNTAX: Meaning(
        "a file is no TOML", "look at that line and at the one before it for a missing quote, bracket or comma"
    ),
    ConfigCode.MISSING: Meaning("a setting is missing that has to be there", "add it to the table of the line named"),
    ConfigCode.WRONG_TYPE: Meaning(
        "a value is of another type", "text stands in quotes; numbers, true and false stand without"
    ),
    ConfigCode.DOES_NOT_FIT: Meaning(
        "a value has not the form that is wanted", "compare it with what is allowed: blanks, dots and slashes count"
    ),
    ConfigCode.OUT_OF_RANGE: Meaning(
        "a value is too small or too large", "write a value within the range, or remove the line for the default"
    ),
    ConfigCode.UNKNOWN_KEY: Meaning(
        "there is no setting of that name there", "correct the name, move the line to its own table, or remove it"
    ),
    ConfigCode.UNKNOWN_VALUE: Meaning(
        "a word is none of those that are allowed", "write one of those allowed, in quotes and spelled as it is there"
    ),
    ConfigCode.UNKNOWN_REFERENCE: Meaning(
        "a name stands for something that is not there", "correct the name, or add what it names"
    ),
    ConfigCode.DUPLICATE: Meaning("the same stands there twice", "rename or remove one of the two"),
    ConfigCode.CONTRADICTION: Meaning("two settings exclude each other", "change or remove one of the two"),
    ConfigCode.INCOMPLETE: Meaning(
        "a setting stands there without the one it needs", "add the other one, or remove this one"
    ),
    ConfigCode.NO_EFFECT: Meaning("a setting can never have an effect there", "remove the line"),
    ConfigCode.NOT_EXPRESSIBLE: Meaning(
        "network devices of that vendor family can't be told what a profile asks for",
        "leave it out for that family: [profiles.NAME.for.FAMILY] without = [...]",
    ),
    ConfigCode.DACL: Meaning("a downloadable ACL can't be served as it is", "mend that line of the file"),
    ConfigCode.EXPOSED_SECRET: Meaning(
        "a secret stands where others can read it", "move it to a file of its own that only its reader can open"
    ),
    ConfigCode.RETIRED: Meaning(
        "Microsoft has retired what is named there", "write what is allowed; the old one answers no more"
    ),
    ConfigCode.POLICY_GAP: Meaning(
        "the policy does not say what it has to say", "add the rule, the condition or the profile it asks for"
    ),
    ConfigCode.RADDB: Meaning(
        "FreeRADIUS's own configuration can't be followed",
        "mend that line; `freeradius -XC` (elsewhere `radiusd -XC`) shows how FreeRADIUS itself reads it",
    ),
}
