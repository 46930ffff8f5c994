"""What a network device says of the endpoint: ise.md sections 3 and 4."""

from __future__ import annotations

import pytest

from freeradius_mdm.codes import Code
from freeradius_mdm.config.model import IdentitySourceType
from freeradius_mdm.identity import network_device
from freeradius_mdm.identity.model import Finding
from tests.builders import DEVICE, MAB, OTHER, VPN, WIRED_EAP_TLS, patterns, request

USUAL = patterns(IdentitySourceType.VPN_DEVICE_ID)
ID = f"mdm-tlv=device-uid=ID:Intune:DeviceID:{DEVICE}"


def from_pairs(*values: str) -> Finding:
    found = request(*VPN, *(("Cisco-AVPair", value) for value in values))
    return network_device.from_vpn_pairs(found, USUAL)


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        # The captured request as it is: hashes of 40 and 64 digits are no device id, nor is one of 32.
        ([], ()),
        (["mdm-tlv=device-uid=0B7D3E915AC2846F17E0D5B39A6C48F2"], ()),
        (["mdm-tlv=device-uid=" + "0B7D3E91" * 5], ()),
        # In any device-uid pair, before or after the others, with blanks at the ends, twice.
        ([ID], (DEVICE,)),
        ([f"mdm-tlv=device-uid-global=ID:Intune:DeviceID:{DEVICE.upper()}"], (DEVICE,)),
        ([ID + "  "], (DEVICE,)),
        ([f"MDM-TLV=Device-UID= id:intune:deviceid:{DEVICE}"], (DEVICE,)),
        ([ID, ID], (DEVICE,)),
        # In another pair, or as another attribute, it is nothing.
        ([f"mdm-tlv=device-type=ID:Intune:DeviceID:{DEVICE}"], ()),
        ([f"device-uid=ID:Intune:DeviceID:{DEVICE}"], ()),
        # Not alone in its value.
        ([f"mdm-tlv=device-uid=x,ID:Intune:DeviceID:{DEVICE}"], ()),
        # A GUID without the prefix is no Intune id.
        ([f"mdm-tlv=device-uid={DEVICE}"], ()),
    ],
)
def test_vpn_device_id(values: list[str], ids: tuple[str, ...]) -> None:
    found = from_pairs(*values)
    assert (found.ids, found.refusal) == (ids, None)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([ID, f"mdm-tlv=device-uid=ID:Intune:DeviceID:{OTHER}"], Code.AMBIGUOUS_IDENTITY),
        (["mdm-tlv=device-uid=ID:Intune:DeviceID:{{DeviceId}}"], Code.VARIABLE_NOT_FILLED),
        (["mdm-tlv=device-uid=ID:Intune:DeviceID:0B7D3E915AC2846F17E0D5B39A6C48F2"], Code.MALFORMED_IDENTITY),
        ([f"mdm-tlv=device-uid=ID:Intune:DeviceID:{DEVICE},x"], Code.MALFORMED_IDENTITY),
    ],
)
def test_vpn_device_id_refused(values: list[str], code: Code) -> None:
    found = from_pairs(*values)
    assert found.ids == ()
    assert found.refusal is not None
    assert found.refusal[0] is code


def mac_of(*pairs: tuple[str, str], allow_randomised: bool = False) -> Finding:
    return network_device.from_mac(request(*pairs), allow_randomised=allow_randomised)


def test_wired_and_mab() -> None:
    assert mac_of(*WIRED_EAP_TLS).ids == ("005056A1B2C3",)
    assert mac_of(*MAB).ids == ("005056A1B2C3",)


def test_a_randomised_mac_is_noted_once() -> None:
    """MAB has it in User-Name and in Calling-Station-Id (IEEE Std 802, 8.2: bit 0x02 of the first octet)."""
    given = (("User-Name", "020000000001"), ("Calling-Station-Id", "02-00-00-00-00-01"))
    found = mac_of(*given, *(pair for pair in MAB if pair[0] not in ("User-Name", "Calling-Station-Id")))
    assert found.ids == ()
    assert found.notes == ((Code.RANDOMISED_MAC, "020000000001 is randomised: the MDM server can't know it"),)


def test_a_users_name_is_no_mac_without_call_check() -> None:
    assert mac_of(("User-Name", "005056a1b2c3"), ("NAS-Port-Type", "Ethernet")) == Finding()


def test_mab_where_user_name_and_calling_station_id_differ_is_refused() -> None:
    found = mac_of(*(("User-Name", "001122334455") if name == "User-Name" else (name, value) for name, value in MAB))
    assert found.ids == ()
    assert found.refusal is not None
    assert found.refusal[0] is Code.AMBIGUOUS_IDENTITY


def test_vpn_takes_the_mac_of_its_pairs_and_never_calling_station_id() -> None:
    station = [("Calling-Station-Id", "00-11-22-33-44-55") if pair[0] == "Calling-Station-Id" else pair for pair in VPN]
    assert mac_of(*station).ids == ("005056A1B2C3",)
    without = [pair for pair in station if "device-mac" not in pair[1]]
    assert mac_of(*without) == Finding()
    # The public MAC is the tunnel's, not the device's.
    assert any("device-public-mac" in value for _, value in without)


@pytest.mark.parametrize(
    ("text", "ids", "code"),
    [
        ("02-50-56-A1-B2-C3", (), Code.RANDOMISED_MAC),
        ("3333.0000.0001", (), Code.IGNORED_NAME),
        ("198.51.100.37", (), Code.IGNORED_NAME),
        ("00-50-56-A1-B2-C3:CORP", (), Code.IGNORED_NAME),
    ],
)
def test_macs_that_identify_nobody(text: str, ids: tuple[str, ...], code: Code) -> None:
    found = mac_of(("Calling-Station-Id", text), ("NAS-Port-Type", "Wireless-802.11"))
    assert (found.ids, found.refusal) == (ids, None)
    assert [note[0] for note in found.notes] == [code]


def test_randomised_macs_can_be_allowed_for_virtual_machines() -> None:
    pairs = (("Calling-Station-Id", "02-50-56-A1-B2-C3"), ("NAS-Port-Type", "Ethernet"))
    assert mac_of(*pairs, allow_randomised=True).ids == ("025056A1B2C3",)
