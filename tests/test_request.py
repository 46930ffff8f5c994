"""The request as rlm_python3 hands it over."""

from __future__ import annotations

import pytest

from freeradius_mdm.request import NasKind, Request
from tests.builders import MAB, VPN, WIRED_EAP_TLS, request


def test_empty_lists_arrive_as_none() -> None:
    lists = {"request": None, "reply": None, "config": None, "session-state": None, "proxy-request": None}
    found = Request.from_hook(lists)
    assert (found.request, found.reply, found.control, found.session_state) == ((), (), (), ())
    assert found.first("User-Name") == ""
    assert found.nas_kind is NasKind.OTHER
    assert not found.is_eap
    assert not found.is_mab


def test_repeated_attributes_are_kept_in_order() -> None:
    found = request(("Cisco-AVPair", "one=1"), ("User-Name", "u"), ("Cisco-AVPair", "two=2"), ("Cisco-AVPair", "one=1"))
    assert found.all("Cisco-AVPair") == ["one=1", "two=2", "one=1"]
    assert found.distinct("Cisco-AVPair") == ("one=1", "two=2")
    assert found.all("Class") == ()


def test_names_are_found_in_any_case_and_with_any_tag() -> None:
    # FreeRADIUS 3.2.1 and 3.2.7, seen by running: a tagged attribute without a tag arrives as NAME:0.
    found = request(("Tunnel-Client-Endpoint:0", "198.51.100.37"), ("Tunnel-Client-Endpoint:3", "198.51.100.38"))
    assert found.all("Tunnel-Client-Endpoint") == ["198.51.100.37", "198.51.100.38"]
    assert found.first("tunnel-client-endpoint") == "198.51.100.37"


@pytest.mark.parametrize(
    ("pairs", "kind"),
    [
        # ise.md section 3: by name and by number, since a site's dictionary can rename values.
        ([("NAS-Port-Type", "Ethernet")], NasKind.WIRED),
        ([("NAS-Port-Type", "15")], NasKind.WIRED),
        ([("NAS-Port-Type", "Wireless-802.11")], NasKind.WIRELESS),
        ([("NAS-Port-Type", "19")], NasKind.WIRELESS),
        # Section 5.7: a Virtual port alone is also device administration.
        ([("NAS-Port-Type", "Virtual")], NasKind.OTHER),
        ([("NAS-Port-Type", "Virtual"), ("Tunnel-Client-Endpoint:0", "198.51.100.37")], NasKind.VPN),
        ([("NAS-Port-Type", "5"), ("Cisco-AVPair", "mdm-tlv=device-platform=win")], NasKind.VPN),
        ([("NAS-Port-Type", "Virtual"), ("Cisco-AVPair", "audit-session-id=1")], NasKind.OTHER),
        ([("ASA-TunnelGroupName", "DefaultWEBVPNGroup")], NasKind.VPN),
        # Nothing to tell by.
        ([("User-Name", "u")], NasKind.OTHER),
        ([("NAS-Port-Type", "Async")], NasKind.OTHER),
        # Whole requests.
        (WIRED_EAP_TLS, NasKind.WIRED),
        (VPN, NasKind.VPN),
    ],
)
def test_nas_kind(pairs: list[tuple[str, str]], kind: NasKind) -> None:
    assert request(*pairs).nas_kind is kind


@pytest.mark.parametrize(
    ("pairs", "is_mab"),
    [
        (MAB, True),
        ([("Service-Type", "10")], True),
        ([("Service-Type", "Framed-User")], False),
        # ise.md section 3: a user may be named like a MAC.
        ([("User-Name", "005056a1b2c3"), ("Calling-Station-Id", "005056a1b2c3")], False),
    ],
)
def test_mab(pairs: list[tuple[str, str]], is_mab: bool) -> None:
    assert request(*pairs).is_mab is is_mab


def test_mdm_tlvs_are_split_at_the_first_equals_sign_only() -> None:
    found = request(
        ("Cisco-AVPair", "mdm-tlv=device-platform-version=10.0.19044 "),
        ("Cisco-AVPair", "mdm-tlv=device-type=VMware, Inc. VMware Virtual Platform"),
        ("Cisco-AVPair", "MDM-TLV= Device-UID = a=b "),
        ("Cisco-AVPair", "mdm-tlv=device-mac"),
        ("Cisco-AVPair", "audit-session-id=mdm-tlv=no"),
    )
    assert found.mdm_tlvs() == [
        ("device-platform-version", "10.0.19044"),
        ("device-type", "VMware, Inc. VMware Virtual Platform"),
        ("device-uid", "a=b"),
        ("device-mac", ""),
    ]
    assert found.av_pair("audit-session-id") == "mdm-tlv=no"
    assert found.av_pair("url-redirect") == ""


def test_what_an_earlier_call_left_is_found_in_reply_then_session_state() -> None:
    state = [("MDM-Decision-Id", "from-state")]
    assert request(reply=[("MDM-Decision-Id", "from-reply")], session_state=state).handed_over("MDM-Decision-Id") == (
        "from-reply"
    )
    assert request(session_state=state).handed_over("MDM-Decision-Id") == "from-state"
    assert request().handed_over("MDM-Decision-Id") == ""


def test_what_the_client_may_say_in_a_request_is_not_control() -> None:
    assert request(("MDM-Waited", "yes")).control_value("MDM-Waited") == ""


def test_what_a_ttls_client_puts_into_its_tunnel_is_dropped() -> None:
    """RFC 5281 section 10: the tunnel carries any RADIUS attribute, so a client could name its own MAC or VPN id."""
    found = request(
        ("User-Name", "alice"),
        ("User-Password", "secret"),
        ("NAS-Port-Type", "Virtual"),
        ("ASA-TunnelGroupName", "CORP"),
        ("Calling-Station-Id", "00-11-22-33-44-55"),
        ("Cisco-AVPair", "mdm-tlv=device-uid=ID:Intune:DeviceID:6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81"),
        ("TLS-Client-Cert-Serial", "1f"),
        ("MDM-Outer-Request", "yes"),
        ("User-Name", "anonymous"),
        ("NAS-Port-Type", "Ethernet"),
        ("Calling-Station-Id", "00-50-56-A1-B2-C3"),
        ("EAP-Message", "0x0201"),
    )
    assert found.request == (
        ("User-Name", "alice"),
        ("TLS-Client-Cert-Serial", "1f"),
        ("User-Name", "anonymous"),
        ("NAS-Port-Type", "Ethernet"),
        ("Calling-Station-Id", "00-50-56-A1-B2-C3"),
        ("EAP-Message", "0x0201"),
    )
    assert found.nas_kind is NasKind.WIRED
    assert found.mdm_tlvs() == []
