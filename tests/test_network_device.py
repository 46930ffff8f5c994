"""Whose vendor family it is: the client section's, else the default for the kind of access."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.codes import Code
from freeradius_mdm.config.model import Config, NetworkDevices
from freeradius_mdm.network_device import find
from freeradius_mdm.profiles.family import FAMILIES
from freeradius_mdm.request import NasKind
from tests.builders import MAB, VPN, WIRED_EAP_TLS, config, request

# What a strongSwan headend sends of its port: neither Tunnel-Client-Endpoint nor an mdm-tlv.
STRONGSWAN = (("User-Name", "host/x"), ("NAS-Port-Type", "Virtual"), ("Service-Type", "Framed-User"))


def in_use(tmp_path: Path, default_vpn: str | None = "cisco-asa") -> Config:
    names = ("cisco-ios-xe", "cisco-asa", "hostapd", "strongswan")
    devices = NetworkDevices(
        default=FAMILIES["cisco-ios-xe"],
        default_vpn=FAMILIES[default_vpn] if default_vpn else None,
        families={name: FAMILIES[name] for name in names},
    )
    return replace(config(tmp_path), network_devices=devices)


def named(family: str) -> tuple[str, str]:
    return ("MDM-Vendor-Family", family)


@pytest.mark.parametrize(
    ("pairs", "family"),
    [
        (WIRED_EAP_TLS, "cisco-ios-xe"),
        (MAB, "cisco-ios-xe"),
        (VPN, "cisco-asa"),
        ((*WIRED_EAP_TLS, named("")), "cisco-ios-xe"),  # a client section without the line
        ((*WIRED_EAP_TLS, named("hostapd")), "hostapd"),
        ((*STRONGSWAN, named("strongswan")), "strongswan"),
    ],
)
def test_found(tmp_path: Path, pairs: tuple[tuple[str, str], ...], family: str) -> None:
    device = find(request(*pairs), in_use(tmp_path))
    assert device.family is not None
    assert (device.family.name, device.refusal) == (family, None)


@pytest.mark.parametrize(
    ("pairs", "code", "text"),
    [
        (
            (*WIRED_EAP_TLS, named("aruba-cx")),
            Code.UNKNOWN_FAMILY,
            "mdm_family = aruba-cx is not in [network_devices] families",
        ),
        ((*WIRED_EAP_TLS, named("cisco")), Code.UNKNOWN_FAMILY, "mdm_family = cisco is no vendor family"),
        (
            (*WIRED_EAP_TLS, named("cisco-asa")),
            Code.WRONG_KIND_OF_ACCESS,
            "wired access from a device of family cisco-asa",
        ),
        ((*VPN, named("hostapd")), Code.WRONG_KIND_OF_ACCESS, "vpn access from a device of family hostapd"),
    ],
)
def test_refused(tmp_path: Path, pairs: tuple[tuple[str, str], ...], code: Code, text: str) -> None:
    assert find(request(*pairs), in_use(tmp_path)).refusal == (code, text)


def test_a_headend_has_to_be_named_when_there_is_no_default(tmp_path: Path) -> None:
    assert find(request(*VPN), in_use(tmp_path, None)).refusal == (
        Code.UNKNOWN_FAMILY,
        "a VPN request, and default_vpn is not set",
    )


def test_a_virtual_port_alone_is_vpn_only_for_a_vpn_family() -> None:
    assert request(*STRONGSWAN).nas_kind is NasKind.OTHER
    assert request(*STRONGSWAN, named("cisco-ios-xe")).nas_kind is NasKind.OTHER
    assert request(*STRONGSWAN, named("strongswan")).nas_kind is NasKind.VPN
