"""An answer as a line of words. The lines are written by hand, after the truth table of intune.md section 5."""

from __future__ import annotations

import pytest

from freeradius_mdm.compliance import (
    UNREGISTERED_ANSWER,
    Compliance,
    ComplianceAnswer,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from freeradius_mdm.service.cluster.protocol import SharedAnswer
from freeradius_mdm.service.cluster.wire import decode, encode

MAC = EndpointKey("intune", IdKind.MAC, "0011223344AA")
LINES = [
    (
        ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE, ("0011223344AA", "0011223344AB")),
        "1700000000.25 Registered Compliant True 0011223344AA,0011223344AB node-1",
    ),
    (
        ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.UNKNOWN),
        "1700000000.25 Registered NonCompliant Unknown - node-1",
    ),
    (UNREGISTERED_ANSWER, "1700000000.25 UnRegistered Unknown False - node-1"),
]


@pytest.mark.parametrize(("answer", "line"), LINES)
def test_both_ways(answer: ComplianceAnswer, line: str) -> None:
    assert encode(answer, 1_700_000_000.25, "node-1") == line
    assert decode("intune/mac/0011223344AA", line) == SharedAnswer(MAC, answer, 1_700_000_000.25, "node-1")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("intune/mac/0011223344AA", ""),
        ("intune/mac/0011223344AA", "1.0 Registered Compliant True -"),  # a word too few
        ("intune/mac/0011223344AA", "1.0 Registered Compliant True - a b"),  # and one too many
        ("intune/mac/0011223344AA", "nan Registered Compliant True - a"),
        ("intune/mac/0011223344AA", "inf Registered Compliant True - a"),
        ("intune/mac/0011223344AA", "-1.0 Registered Compliant True - a"),
        ("intune/mac/0011223344AA", "1.0 registered Compliant True - a"),
        ("intune/mac/0011223344AA", "1.0 Registered Compliant Yes - a"),
        ("intune/mac/0011223344AA", "1.0 Registered Compliant True 0011223344aa a"),
        ("intune/mac/0011223344AA", "1.0 Registered Compliant True " + ",".join(["0011223344AA"] * 6) + " a"),
        ("intune/mac/00:11:22:33:44:AA", "1.0 Registered Compliant True - a"),
        ("intune/serial/0011223344AA", "1.0 Registered Compliant True - a"),
        ("intune", "1.0 Registered Compliant True - a"),
    ],
)
def test_anything_else_is_refused(key: str, line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of them
        decode(key, line)
