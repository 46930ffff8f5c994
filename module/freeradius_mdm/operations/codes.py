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
    # connection/: what `mdmctl test`, `enable` and `disable` end with.
    CLOCK_WRONG = "M1810"
    TEST_NOT_PASSED = "M1811"
    NOT_CHANGED = "M1812"
    EXEMPTION_REFUSED = "M1835"
    EXEMPTION_TIME = "M1836"
    COA_REFUSED = "M1837"
    # site_check/: what `mdmctl check` finds.
    SITE_CONFIGURATION = "M1820"
    SITE_RELEASE = "M1821"
    SITE_RADDB = "M1822"
    SITE_REFUSED = "M1823"
    SITE_PERMISSION = "M1824"
    SITE_MDMD = "M1825"
    SITE_REPLY = "M1826"
    SITE_LOOPBACK = "M1827"
    SITE_SECRET = "M1828"  # noqa: S105
    SITE_COA = "M1829"
    # certificate/
    CERTIFICATE_IN_THE_WAY = "M1840"
    CERTIFICATE_UNUSABLE = "M1841"
    CERTIFICATE_NOT_UPLOADED = "M1842"
    CERTIFICATE_NOT_SWITCHED = "M1843"
    CERTIFICATE_NOTED = "M1844"
    # explain/
    SEVERAL_MEANT = "M1830"
    REQUEST_UNREADABLE = "M1831"
    NO_AUTHENTICATION = "M1832"


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
    OperationCode.CLOCK_WRONG: "this machine's clock and Microsoft's are too far apart",
    OperationCode.TEST_NOT_PASSED: "an MDM server is not enabled before it has passed its connection test",
    OperationCode.NOT_CHANGED: "mdm.toml could not be changed",
    OperationCode.CERTIFICATE_IN_THE_WAY: "a file is there that a new certificate or key would replace",
    OperationCode.CERTIFICATE_UNUSABLE: "a certificate or its key can't be used",
    OperationCode.CERTIFICATE_NOT_UPLOADED: "Entra does not know the new certificate yet",
    OperationCode.CERTIFICATE_NOT_SWITCHED: "the certificate in use could not be replaced",
    OperationCode.CERTIFICATE_NOTED: "a certificate in use, or its key, wants attention",
    OperationCode.SEVERAL_MEANT: "several decisions could be meant",
    OperationCode.REQUEST_UNREADABLE: "a pasted request can't be read",
    OperationCode.NO_AUTHENTICATION: "the request is none that the policy decides",
    OperationCode.EXEMPTION_REFUSED: "the exemption can't be made or ended",
    OperationCode.EXEMPTION_TIME: "the end of the exemption is not understood",
    OperationCode.COA_REFUSED: "the order to the network device can't be given",
    OperationCode.SITE_CONFIGURATION: "mdm.toml or a downloadable ACL has an error, or says what is probably not meant",
    OperationCode.SITE_RELEASE: "this release of FreeRADIUS has a trap",
    OperationCode.SITE_RADDB: "FreeRADIUS's configuration is not as the policy needs it",
    OperationCode.SITE_REFUSED: "FreeRADIUS refuses its own configuration",
    OperationCode.SITE_PERMISSION: "a file can't be used by whom it is for, or can by others",
    OperationCode.SITE_MDMD: "mdmd does not run, or has something to report",
    OperationCode.SITE_REPLY: "a real FreeRADIUS sends another reply than was meant",
    OperationCode.SITE_LOOPBACK: "the request over the loopback address could not be made",
    OperationCode.SITE_SECRET: "there is no shared secret for a network device",
    OperationCode.SITE_COA: "a network device does not take changes of authorization",
}
