"""The attributes of an Accept as a whole: Class, what a network device can't be told, and the size of the packet."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm import authorization
from freeradius_mdm.authorization import Authorization, class_of
from freeradius_mdm.config.model import Config
from freeradius_mdm.errors import ReplyError
from freeradius_mdm.network_device import NetworkDevice
from freeradius_mdm.profiles.family import FAMILIES
from freeradius_mdm.profiles.render import ProfileError
from freeradius_mdm.reply import Operator, Pair
from freeradius_mdm.request import Request
from tests.builders import MAB, VPN, WIRED_EAP_TLS, config, request

ID = "0123456789abcdef01234567"
NO_REDIRECT = ('filter_id = "RESTRICTED"', 'redirect_acl = "REDIRECT"\nredirect_url = "enrolment"')


def given(read: Config, family: str = "cisco-ios-xe", enrolment: str = "") -> Authorization:
    return Authorization(
        config=read,
        device=NetworkDevice(FAMILIES[family]),
        left=14400,
        decision_id=ID,
        mac="005056A1B2C3",
        enrolment_address=lambda: enrolment,
    )


def sent(read: Config, profile: str, asked: Request, family: str = "cisco-ios-xe", enrolment: str = "") -> list[Pair]:
    return list(authorization.attributes(read.profiles[profile], asked, given(read, family, enrolment)))


def test_class() -> None:
    """ise.md section 5.8: octets with a prefix that no group policy bears, at most 60 bytes, beside any other Class.

    printf 'mdm:0123456789abcdef01234567' | od -An -tx1
    """
    hexadecimal = "6d646d3a" + "303132333435363738396162636465663031323334353637"
    assert class_of(ID) == Pair("Class", f"0x{hexadecimal}", Operator.ADD)


def test_every_accept_has_it_first(tmp_path: Path) -> None:
    read = config(tmp_path)
    for profile, asked, family in (
        ("Employee", request(*WIRED_EAP_TLS), "cisco-ios-xe"),
        ("Monitor", request(*MAB), "cisco-ios-xe"),
        ("Employee", request(*VPN), "cisco-asa"),
    ):
        assert sent(read, profile, asked, family)[0] == class_of(ID)


def test_a_profile_that_does_not_serve_the_family(tmp_path: Path) -> None:
    read = config(tmp_path)
    with pytest.raises(ProfileError, match="it serves cisco-ios-xe, cisco-asa, not hostapd"):
        sent(read, "Employee", request(*MAB), "hostapd")


def test_redirect_to_the_enrolment_page(tmp_path: Path) -> None:
    read = config(tmp_path, NO_REDIRECT)
    asked = request(*MAB, ("Cisco-AVPair", "audit-session-id=0A0000010000000FA1B2C3D4"))
    # ise.md section 5.1: always both.
    assert sent(read, "Restricted", asked, enrolment="https://portal.example/index")[1:3] == [
        Pair("Session-Timeout", 14400),
        Pair("Termination-Action", "RADIUS-Request"),
    ]
    assert sent(read, "Restricted", asked, enrolment="https://portal.example/index")[3:] == [
        Pair("Cisco-AVPair", "url-redirect-acl=REDIRECT", Operator.ADD),
        Pair(
            "Cisco-AVPair", "url-redirect=https://portal.example/index?sessionId=0A0000010000000FA1B2C3D4", Operator.ADD
        ),
    ]
    with pytest.raises(ProfileError, match="enrolment address is not known yet"):
        sent(read, "Restricted", asked)


def test_what_does_not_fit_beside_the_proxies_is_refused(tmp_path: Path) -> None:
    """RFC 2865 section 3: 4096 bytes; every Proxy-State of the request goes back (section 5.33)."""
    read = config(tmp_path)
    proxies = [("Proxy-State", "0x" + "41" * 250)] * 16  # 4032 bytes
    eap = request(*WIRED_EAP_TLS, *proxies)
    with pytest.raises(ReplyError, match="fit into one packet"):
        sent(read, "Employee", eap)
    assert sent(read, "Employee", request(*WIRED_EAP_TLS, *proxies[:10]))
