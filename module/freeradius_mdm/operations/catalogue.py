"""Every code this package can show, with its meaning and the next step, in one list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .. import codes
from ..config import codes as config_codes
from ..mdm import aadsts
from ..mdm import codes as mdm_codes
from .code_advice import ADVICE
from .codes import MEANINGS, OperationCode
from .errors import OperationError

FAMILIES = {
    "M10": "the request",
    "M11": "the endpoint's identity",
    "M12": "the MDM server",
    "M13": "the policy",
    "M14": "the reply",
    "M15": "downloadable ACLs",
    "M16": "change of authorization",
    "M17": "VPN",
    "M180": "mdmctl",
    "M181": "mdmctl test, enable, disable",
    "M182": "mdmctl check",
    "M183": "mdmctl explain, exempt, coa",
    "M184": "mdmctl cert",
    "M185": "the configuration",
    "M186": "the configuration",
    "M19": "our own store, journal and configuration",
    "AADSTS": "Microsoft Entra's refusals of a token",
}
_FEWEST = 4  # digits of an AADSTS number


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """`family`: what it is about. `next`: the usual next step, "" where there is nothing to do."""

    code: str
    family: str
    meaning: str
    next: str


def entries() -> tuple[CodeEntry, ...]:
    """Ours, by number."""
    return tuple(sorted(_entries(), key=lambda entry: entry.code))


def find(text: str) -> tuple[CodeEntry, ...]:
    """One code, all whose code begins so (`M16`), or an AADSTS number of Entra's. Raises OperationError M1806."""
    wanted = text.strip().upper()
    entra = re.fullmatch(rf"(?:AADSTS)?([0-9]{{{_FEWEST},}})", wanted)
    if entra and int(entra[1]) in aadsts.ADVICE:
        return (_entra(int(entra[1])),)
    found = tuple(entry for entry in entries() if re.fullmatch(r"M[0-9]+", wanted) and entry.code.startswith(wanted))
    if not found:
        raise OperationError(
            OperationCode.NOT_FOUND,
            f"there is no code {text[:40]!r}",
            allowed="M and four digits, the beginning of such a code, or an AADSTS number",
            next="mdmctl codes lists them all",
        )
    return found


def _entries() -> Iterator[CodeEntry]:
    for code, meaning in codes.MEANINGS.items():
        yield _entry(code, meaning.text, meaning.advice)
    for mdm_code, text in mdm_codes.CODES.items():
        yield _entry(mdm_code, text.text, text.advice)
    for config_code, kind in config_codes.MEANINGS.items():
        yield _entry(config_code, kind.text, kind.advice)
    for own_code, said in MEANINGS.items():
        yield _entry(own_code, said, ADVICE.get(own_code, "read the reason in the message"))


def _entry(code: str, meaning: str, advice: str) -> CodeEntry:
    return CodeEntry(str(code), FAMILIES.get(code[:4]) or FAMILIES.get(code[:3], ""), meaning, advice)


def _entra(number: int) -> CodeEntry:
    # What it means in Microsoft's words stands in the message; it changes, the remedy does not.
    return CodeEntry(f"AADSTS{number}", FAMILIES["AADSTS"], "Entra refused a token", aadsts.ADVICE[number])
