"""From devices to a verdict (intune.md section 5, Answer check)."""

import pytest

from freeradius_mdm.compliance import Compliance, ComplianceAnswer, EndpointKey, IdKind, Managed, Registration
from freeradius_mdm.mdm.crs_answers import CrsDevice
from freeradius_mdm.mdm.crs_judge import WrongDevice, judge

GUID = "0d9f6f0e-53a4-4f0b-9d25-2a7e6f1c4b11"
OTHER = "6b1f0000-0000-4000-8000-000000000000"
MAC, OTHER_MAC = "005056A1B2C3", "005056FFFFFF"
ASKED_GUID = EndpointKey("intune", IdKind.INTUNE, GUID)
ASKED_MAC = EndpointKey("intune", IdKind.MAC, MAC)

YES = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.TRUE)
NO = ComplianceAnswer(Registration.REGISTERED, Compliance.NONCOMPLIANT, Managed.TRUE)
NO_STATUS = ComplianceAnswer(Registration.REGISTERED, Compliance.UNKNOWN, Managed.TRUE)
GONE = ComplianceAnswer(Registration.UNREGISTERED, Compliance.UNKNOWN, Managed.FALSE)
UNKNOWN = ComplianceAnswer(Registration.UNKNOWN, Compliance.UNKNOWN, Managed.UNKNOWN)


def device(
    *guids: str, registered: bool | None = True, compliant: bool | None = True, macs: tuple[str, ...] = ()
) -> CrsDevice:
    return CrsDevice(guids, registered, compliant, macs)


@pytest.mark.parametrize(
    ("registered", "compliant", "verdict"),
    [
        (True, True, YES),
        (True, False, NO),
        (True, None, NO_STATUS),
        (False, True, GONE),
        (False, False, GONE),
        (False, None, GONE),
        (None, True, UNKNOWN),
        (None, False, UNKNOWN),
        (None, None, UNKNOWN),
    ],
)
def test_truth_table(registered: bool | None, compliant: bool | None, verdict: ComplianceAnswer) -> None:
    assert judge(ASKED_GUID, [device(GUID, registered=registered, compliant=compliant)]) == verdict


def test_an_empty_list_is_not_enrolled() -> None:
    assert judge(ASKED_GUID, []) == GONE
    assert judge(ASKED_MAC, []) == GONE


def test_the_matching_one_of_several_counts() -> None:
    assert judge(ASKED_GUID, [device(OTHER), device(GUID, compliant=False)]) == NO


@pytest.mark.parametrize(
    "devices",
    [
        [device(OTHER)],
        [device(OTHER), device(OTHER.replace("6", "7"))],
        # Two ids in one entry: whose verdict is it?
        [device(GUID, OTHER)],
        # Says "compliant" and not about whom.
        [device()],
        [device(registered=None)],
        [device(OTHER, registered=False)],
    ],
)
def test_another_device_is_never_a_verdict(devices: list[CrsDevice]) -> None:
    with pytest.raises(WrongDevice, match=GUID):
        judge(ASKED_GUID, devices)


def test_an_entry_without_id_may_only_deny() -> None:
    assert judge(ASKED_GUID, [device(registered=False)]) == GONE


def test_twins_that_disagree_are_not_compliant() -> None:
    assert judge(ASKED_GUID, [device(GUID), device(GUID, compliant=False)]) == NO


def test_macs_come_along() -> None:
    assert judge(ASKED_GUID, [device(GUID, macs=(MAC, OTHER_MAC))]).macs == (MAC, OTHER_MAC)


@pytest.mark.parametrize(
    ("devices", "compliance"),
    [
        # The shape of the answer to a MAC is unknown: with MACs, with a guid only, with both.
        ([device(macs=(MAC,))], Compliance.COMPLIANT),
        ([device(GUID)], Compliance.COMPLIANT),
        ([device(GUID, macs=(OTHER_MAC, MAC), compliant=False)], Compliance.NONCOMPLIANT),
        # One dock, two laptops.
        ([device(GUID, macs=(MAC,)), device(OTHER, macs=(MAC,))], Compliance.COMPLIANT),
        ([device(GUID, macs=(MAC,)), device(OTHER, macs=(MAC,), compliant=False)], Compliance.NONCOMPLIANT),
        ([device(GUID, macs=(MAC,)), device(OTHER, macs=(MAC,), registered=False)], Compliance.NONCOMPLIANT),
        # A device with another MAC has no say.
        ([device(GUID, macs=(MAC,), compliant=False), device(OTHER, macs=(OTHER_MAC,))], Compliance.NONCOMPLIANT),
    ],
)
def test_by_mac(devices: list[CrsDevice], compliance: Compliance) -> None:
    assert judge(ASKED_MAC, devices).compliance is compliance


def test_a_device_with_another_mac_is_another_device() -> None:
    with pytest.raises(WrongDevice):
        judge(ASKED_MAC, [device(GUID, macs=(OTHER_MAC,))])
