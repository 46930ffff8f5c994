"""ISE's MDM dictionary: every spelling of ise.md section 2.1 is read, one is written."""

from __future__ import annotations

import pytest

from freeradius_mdm.policy import dictionary


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        # Spellings changed between ISE releases, and exports have their own.
        ("MDM:DeviceRegisterStatus", "MDM:DeviceRegisterStatus"),
        ("MDM:DeviceRegistrationStatus", "MDM:DeviceRegisterStatus"),
        ("MDM:MDMEnrolled", "MDM:DeviceRegisterStatus"),
        ("MDM:DeviceCompliantStatus", "MDM:DeviceCompliantStatus"),
        ("MDM:DeviceComplianceStatus", "MDM:DeviceCompliantStatus"),
        ("MDM:MDM_Compliant", "MDM:DeviceCompliantStatus"),
        ("MDM:MDMCompliant", "MDM:DeviceCompliantStatus"),
        ("MDM:MDMServerReachable", "MDM:MDMServerReachable"),
        ("MDM:MDMServerName", "MDM:MDMServerName"),
        ("MDM:Managed", "MDM:Managed"),
        ("MDM:RecordSource", "MDM:RecordSource"),
        ("NAS:Kind", "NAS:Kind"),
        # In any case.
        ("mdm:devicecompliantstatus", "MDM:DeviceCompliantStatus"),
        # RADIUS attributes by their own name.
        ("Radius:Called-Station-Id", "Radius:Called-Station-Id"),
        ("RADIUS:Called-Station-Id", "Radius:Called-Station-Id"),
        ("Radius:Attr-26.9999.1", "Radius:Attr-26.9999.1"),
    ],
)
def test_find(spelling: str, name: str) -> None:
    found = dictionary.find(spelling)
    assert found is not None
    assert found.name == name
    assert found.available


@pytest.mark.parametrize(
    "name",
    [
        "MDM:JailBrokenStatus",
        "MDM:MDMJailBroken",
        "MDM:PinLockStatus",
        "MDM:DiskEncryptionStatus",
        "MDM:DaysSinceLastCheckin",
        "MDM:MDMFailureReason",
        "MDM:Manufacturer",
        "MDM:Model",
        "MDM:OsVersion",
        "MDM:PhoneNumber",
        "MDM:SerialNumber",
        "MDM:UDID",
        "MDM:IMEI",
        "MDM:MEID",
    ],
)
def test_known_in_ise_and_never_given_by_intunes_nac_service(name: str) -> None:
    found = dictionary.find(name)
    assert found is not None
    assert not found.available
    assert found.name not in dictionary.allowed_names()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "MDM:",
        "DeviceCompliantStatus",
        "MDM:Nonsense",
        "Radius:",
        "Radius:Tunnel-Type:1",
        "Radius:NAS Port",
        # What a rule compares is written into the record, so no password.
        "Radius:User-Password",
        "Radius:Cleartext-Password",
    ],
)
def test_no_attribute(name: str) -> None:
    assert dictionary.find(name) is None
