"""Values that the tests of the store and of the service share."""

from __future__ import annotations

from freeradius_mdm.compliance import Compliance, ComplianceAnswer, EndpointKey, IdKind, Managed, Registration
from freeradius_mdm.decision import Decision, Outcome, Step

COMPLIANT = ComplianceAnswer(
    Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE, ("0011223344AA", "0011223344AB")
)
NONCOMPLIANT = ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)


def key(number: int = 1, server: str = "intune") -> EndpointKey:
    """A different Intune device for each number."""
    return EndpointKey(server, IdKind.INTUNE, f"00000000-0000-0000-0000-{number:012x}")


def decision(number: int = 1, **changes: object) -> Decision:
    """A different decision for each number, all of them at the same moment unless `at` is given."""
    fields: dict[str, object] = {
        "id": f"{number:024x}",
        "at": 1_700_000_000.0,
        "outcome": Outcome.ACCEPT,
        "user": f"host/{number}",
        "mac": "0011223344AA",
        "identity": key(number).value,
        "rule": "compliant",
        "profile": "corporate",
        "attributes": (("Tunnel-Private-Group-Id:1", "20"), ("Session-Timeout", "14400")),
        "steps": (Step("M1101", "endpoint identified", 0.5),),
    }
    return Decision(**{**fields, **changes})  # type: ignore[arg-type]
