"""Device ids in text: intune.md section 8."""

from __future__ import annotations

import pytest

from freeradius_mdm.codes import Code
from freeradius_mdm.config.model import IdentitySourceType
from freeradius_mdm.identity import device_id
from freeradius_mdm.identity.model import Finding
from tests.builders import DEVICE, OTHER, SID, patterns

URI = IdentitySourceType.CERTIFICATE_URI


@pytest.mark.parametrize(
    ("captured", "found"),
    [
        # Any case, braces tolerated.
        (DEVICE, DEVICE),
        (DEVICE.upper(), DEVICE),
        ("{" + DEVICE + "}", DEVICE),
        # A variable that the certificate profile did not fill in.
        ("{{DeviceId}}", Code.VARIABLE_NOT_FILLED),
        ("{{AAD_Device_ID}}", Code.VARIABLE_NOT_FILLED),
        # The zero GUID.
        ("00000000-0000-0000-0000-000000000000", Code.MALFORMED_IDENTITY),
        ("{00000000-0000-0000-0000-000000000000}", Code.MALFORMED_IDENTITY),
        # Half a brace, no dashes, too short, too long, something behind it, other digits, nothing.
        ("{" + DEVICE, Code.MALFORMED_IDENTITY),
        (DEVICE + "}", Code.MALFORMED_IDENTITY),
        (DEVICE.replace("-", ""), Code.MALFORMED_IDENTITY),
        (DEVICE[:-1], Code.MALFORMED_IDENTITY),
        (DEVICE + "0", Code.MALFORMED_IDENTITY),
        (DEVICE + "\n", Code.MALFORMED_IDENTITY),
        (DEVICE[:-1] + "\uff11", Code.MALFORMED_IDENTITY),
        ("", Code.MALFORMED_IDENTITY),
    ],
)
def test_read(captured: str, found: str | Code) -> None:
    got = device_id.read(captured)
    assert (got if isinstance(got, str) else got[0]) == found


@pytest.mark.parametrize(
    "value",
    [
        # Every form of the table; scheme and prefix in any case.
        f"ID:Microsoft Endpoint Manager:GUID:{DEVICE}",
        f"ID:Intune:GUID:{DEVICE}",
        f"IntuneDeviceId://{DEVICE}",
        f"IntuneDeviceID://{DEVICE.upper()}",
        f"id:microsoft endpoint manager:guid:{{{DEVICE}}}",
    ],
)
def test_usual_forms_of_uri_names(value: str) -> None:
    assert device_id.search([value], patterns(URI)) == Finding(ids=(DEVICE,))


@pytest.mark.parametrize(
    "value",
    [
        # Anchored at both ends.
        f"xID:Intune:GUID:{DEVICE}",
        f" ID:Intune:GUID:{DEVICE}",
        f"https://example.com/?ID:Intune:GUID:{DEVICE}",
        # Other names that certificates hold.
        SID,
        f"urn:uuid:{DEVICE}",
        DEVICE,
    ],
)
def test_names_that_are_passed_over(value: str) -> None:
    found = device_id.search([value], patterns(URI))
    assert (found.ids, found.refusal) == ((), None)
    assert [code for code, _ in found.notes] == [Code.IGNORED_NAME]


@pytest.mark.parametrize(
    "value",
    [
        # A name that says "device id" and holds none is refused, never passed over for a MAC.
        "ID:Intune:GUID:",
        f"ID:Intune:GUID: {DEVICE}",
        f"ID:Intune:GUID:{DEVICE} ",
        f"ID:Intune:GUID:{DEVICE}\n",
        f"ID:Intune:GUID:{DEVICE}, URI:ID:Intune:GUID:{OTHER}",
        "ID:Intune:GUID:laptop",
        "ID:Intune:GUID:" + "a" * 500,
        "ID:Intune:GUID:{}",
        "ID:Intune:GUID:%7B%7BDeviceId%7D%7D",
    ],
)
def test_malformed(value: str) -> None:
    found = device_id.search([value], patterns(URI))
    assert found.ids == ()
    assert found.refusal is not None
    assert found.refusal[0] is Code.MALFORMED_IDENTITY


def test_two_ids_are_refused_and_one_id_twice_is_one() -> None:
    one, same, other = f"ID:Intune:GUID:{DEVICE}", f"IntuneDeviceId://{DEVICE.upper()}", f"ID:Intune:GUID:{OTHER}"
    assert device_id.search([one, same], patterns(URI)).ids == (DEVICE,)
    refused = device_id.search([one, SID, other], patterns(URI))
    assert refused.ids == ()
    assert refused.refusal == (Code.AMBIGUOUS_IDENTITY, f"two different ids: {DEVICE} and {OTHER}")


def test_a_bare_pattern_passes_over_what_is_no_id() -> None:
    bare = patterns(IdentitySourceType.CERTIFICATE_CN)
    assert device_id.search([DEVICE.upper()], bare).ids == (DEVICE,)
    assert device_id.search(["Alice Example"], bare).refusal is None
    unfilled = device_id.search(["{{DeviceId}}"], bare).refusal
    assert unfilled is not None
    assert unfilled[0] is Code.VARIABLE_NOT_FILLED
