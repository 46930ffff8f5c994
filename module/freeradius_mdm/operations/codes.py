"""The codes of what goes wrong in an operator's own command: M1800 to M1849.

Codes are stable: tools and tests may rely on them. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class OperationCode(StrEnum):
    """`OperationError.code`."""

    WRONG_ARGUMENT = "M1800"
    NO_CONFIGURATION = "M1801"
    CONFIGURATION_FAULTY = "M1802"
    STORE_UNREADABLE = "M1803"
    MDMD_NOT_REACHED = "M1804"
    MDMD_REFUSED = "M1805"
    NOT_FOUND = "M1806"
    NOT_PERMITTED = "M1807"
    NOT_DONE = "M1808"


MEANINGS: Mapping[OperationCode, str] = {
    OperationCode.WRONG_ARGUMENT: "the command line is not understood",
    OperationCode.NO_CONFIGURATION: "there is no mdm.toml where it was looked for",
    OperationCode.CONFIGURATION_FAULTY: "mdm.toml has errors",
    OperationCode.STORE_UNREADABLE: "the store can't be read",
    OperationCode.MDMD_NOT_REACHED: "mdmd does not answer",
    OperationCode.MDMD_REFUSED: "mdmd did not do it",
    OperationCode.NOT_FOUND: "there is nothing of that name or id",
    OperationCode.NOT_PERMITTED: "the user who runs the command may not do that",
    OperationCode.NOT_DONE: "the command could not do what it was asked for",
}
