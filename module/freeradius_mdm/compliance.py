"""What an MDM server says about an endpoint, in ISE's words.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class IdKind(StrEnum):
    """Which identifier of a device a value is (reference: intune.md section 8)."""

    INTUNE = "intune"  # Intune device id, managedDevices `id`, certificate variable {{DeviceId}}
    ENTRA = "entra"  # Entra device id, `azureADDeviceId`
    MAC = "mac"  # hardware address, 12 upper-case hexadecimal digits


class Registration(StrEnum):
    """MDM:DeviceRegisterStatus."""

    REGISTERED = "Registered"
    UNREGISTERED = "UnRegistered"
    UNKNOWN = "Unknown"


class Compliance(StrEnum):
    """MDM:DeviceCompliantStatus."""

    COMPLIANT = "Compliant"
    NONCOMPLIANT = "NonCompliant"
    UNKNOWN = "Unknown"


class Managed(StrEnum):
    """MDM:Managed, Intune's fourth attribute."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


_VALUE_SHAPE = {
    IdKind.INTUNE: re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    IdKind.ENTRA: re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    IdKind.MAC: re.compile(r"[0-9A-F]{12}"),
}


@dataclass(frozen=True, slots=True)
class EndpointKey:
    """One question to one MDM server.

    `server` is the `name` of a `[[servers]]` entry; `value` is a lower-case 8-4-4-4-12 GUID, or a MAC of
    12 upper-case hexadecimal digits. Anything else raises ValueError, so that only these enter a URL.
    """

    server: str
    kind: IdKind
    value: str

    def __post_init__(self) -> None:
        if not _VALUE_SHAPE[self.kind].fullmatch(self.value):
            raise ValueError(f"not a {self.kind.value} identifier: {self.value[:64]!r}")

    def __str__(self) -> str:
        return f"{self.server}/{self.kind.value}/{self.value}"


@dataclass(frozen=True, slots=True)
class ComplianceAnswer:
    """One answer of an MDM server. `macs` are 12 upper-case hexadecimal digits each, at most 5.

    Truth table: intune.md section 5, ise.md section 2.2.
    """

    registration: Registration
    compliance: Compliance
    managed: Managed
    macs: tuple[str, ...] = ()


UNKNOWN_ANSWER = ComplianceAnswer(Registration.UNKNOWN, Compliance.UNKNOWN, Managed.UNKNOWN)
UNREGISTERED_ANSWER = ComplianceAnswer(Registration.UNREGISTERED, Compliance.UNKNOWN, Managed.FALSE)


@dataclass(frozen=True, slots=True)
class ComplianceRecord:
    """What the store holds for a key: the last answer, and the last failure if it came after that answer.

    Times are seconds since the epoch. `answer` is None when the server has never answered for this key.
    """

    key: EndpointKey
    answer: ComplianceAnswer | None
    answered_at: float
    failed_at: float = 0.0
    failure: str = ""  # code and text of the failure, one line, free of secrets


class ComplianceSource(Protocol):
    """An MDM server that can be asked about one device at a time.

    Thread safe: mdmd calls `lookup` from many threads. Raises `errors.SourceError`, nothing else.
    """

    def lookup(self, key: EndpointKey) -> ComplianceAnswer:
        """Ask for one endpoint; waits at most the configured connect and read timeouts, retries included."""
        ...

    def warm_up(self) -> None:
        """Fetch tokens and addresses ahead of the first question; a failure raises SourceError."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
