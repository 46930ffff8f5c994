"""The dictionary's values for one request, and what unlang gets to see of them."""

from __future__ import annotations

from freeradius_mdm.identity.model import Identity
from freeradius_mdm.policy.values import RequestValues
from freeradius_mdm.record_state import RecordState, state_of
from freeradius_mdm.reply import List, Pair, encode
from tests.builders import DEVICE, KEY, NOW, VPN, WIRED_EAP_TLS, record, request, server

IDENTITY = Identity(KEY, "certificate-uri", True)


def state(age: float) -> RecordState:
    return state_of(record(NOW - age), server(), NOW, NOW)


def test_a_known_device() -> None:
    values = RequestValues(request(*WIRED_EAP_TLS), IDENTITY, state(3600))
    assert {name: tuple(values[name]) for name in values} == {
        "NAS:Kind": ("wired",),
        "MDM:IdentitySource": ("certificate-uri",),
        "MDM:IdentityProven": ("True",),
        "MDM:DeviceRegisterStatus": ("Registered",),
        "MDM:DeviceCompliantStatus": ("Compliant",),
        "MDM:Managed": ("True",),
        "MDM:MDMServerReachable": ("Reachable",),
        "MDM:MDMServerName": ("Intune",),
        "MDM:RecordSource": ("Cached",),
        "MDM:RecordAge": ("3600",),
    }
    assert values.published() == (
        Pair("MDM-Device-Register-Status", "Registered"),
        Pair("MDM-Device-Compliant-Status", "Compliant"),
        Pair("MDM-Managed", "True"),
        Pair("MDM-Server-Reachable", "Reachable"),
        Pair("MDM-Server-Name", "Intune"),
        Pair("MDM-Record-Source", "Cached"),
        Pair("MDM-Record-Age", 3600),
        Pair("MDM-Identity-Source", "certificate-uri"),
        Pair("MDM-Identity-Proven", "True"),
    )
    assert len(encode({List.REPLY: values.published()})["reply"]) == 9


def test_last_known_and_unknown() -> None:
    values = RequestValues(request(*WIRED_EAP_TLS), IDENTITY, state(20000))
    assert values.one("MDM:MDMServerReachable") == "UnReachable"
    assert values.one("MDM:RecordSource") == "LastKnown"
    assert values.one("MDM:DeviceCompliantStatus") == "Compliant"
    values = RequestValues(request(*WIRED_EAP_TLS), IDENTITY, state(100_000))
    assert values.one("MDM:MDMServerReachable") == "UnReachable"
    assert values.one("MDM:DeviceCompliantStatus") == "Unknown"
    assert "MDM:RecordSource" not in values
    assert "MDM:RecordAge" not in values


def test_nothing_to_ask_with_leaves_the_mdm_attributes_absent() -> None:
    # ise.md section 2.2, last row.
    values = RequestValues(request(*VPN), Identity(), None)
    assert dict(values) == {"NAS:Kind": ("vpn",), "MDM:IdentitySource": ("none",)}
    assert values.published() == (Pair("MDM-Identity-Source", "none"),)
    assert values.one("MDM:DeviceCompliantStatus") == ""


def test_radius_attributes() -> None:
    values = RequestValues(request(*WIRED_EAP_TLS, ("Tunnel-Client-Endpoint:0", "198.51.100.37")), Identity(), None)
    assert values["Radius:NAS-Port-Id"] == ["GigabitEthernet1/0/1"]
    assert values["Radius:nas-port-id"] == ["GigabitEthernet1/0/1"]
    assert values["Radius:Tunnel-Client-Endpoint"] == ["198.51.100.37"]
    assert values["Radius:Class"] == ()
    assert DEVICE not in str(dict(values))
