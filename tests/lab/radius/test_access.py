"""What the network devices say: wired, wireless, VPN, accounting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freeradius_mdm.lab.radius import access, accounting, attributes, vpn
from freeradius_mdm.lab.radius.accounting import Session, Status, TerminateCause
from freeradius_mdm.lab.radius.attributes import Attribute, Attributes
from freeradius_mdm.lab.radius.errors import RequestError
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.wire import Code

SESSION = access.audit_session_id("192.0.2.10", 0x123, 0x6720B1D4)
GUID = "7f0c1a52-3f5e-4a5b-9d1f-0c6a2b1e4d3c"


def pairs(sent: Attributes) -> list[str]:
    return [str(value) for name, value in sent if name == "Cisco-AVPair"]


def test_audit_session_id() -> None:
    assert SESSION == "C000020A000001236720B1D4"
    assert access.audit_session_id("2001:db8::c000:20a", 0x123, 0x6720B1D4) == SESSION


@pytest.mark.parametrize("text", ["00-50-56-A1-B2-C3", "00:50:56:a1:b2:c3", "0050.56a1.b2c3", "005056a1b2c3"])
def test_mac(text: str) -> None:
    assert access.mac(text) == "00-50-56-A1-B2-C3"


@pytest.mark.parametrize("text", ["", "00-50-56-A1-B2", "00-50-56-A1-B2-CG", "00-50-56-A1-B2-C3-D4"])
def test_no_mac(text: str) -> None:
    with pytest.raises(RequestError, match="no MAC address"):
        access.mac(text)


def test_wired() -> None:
    port = access.WiredPort("005056a1b2c3", SESSION)
    sent = dict(port.dot1x())
    assert (sent["Service-Type"], sent["NAS-Port-Type"]) == (2, 15)
    assert (sent["Calling-Station-Id"], sent["NAS-Port-Id"]) == ("00-50-56-A1-B2-C3", "GigabitEthernet1/0/5")
    assert pairs(port.dot1x()) == ["service-type=Framed", f"audit-session-id={SESSION}", "method=dot1x"]
    assert dict(port.mab())["Service-Type"] == 10
    assert pairs(port.mab()) == ["service-type=Call Check", f"audit-session-id={SESSION}", "method=mab"]


def test_wireless() -> None:
    sent = access.WirelessStation("005056a1b2c3", SESSION, nas_address="2001:db8::1").dot1x()
    assert dict(sent)["Called-Station-Id"] == "00-1B-54-CC-DD-E0:corp"
    assert dict(sent)["NAS-Port-Type"] == 19
    assert dict(sent)["NAS-IPv6-Address"] == "2001:db8::1"
    assert "NAS-IP-Address" not in dict(sent)


def test_vpn_of_a_laptop() -> None:
    sent = vpn.VpnHeadend(started=0x6720B1D4).attributes(vpn.AnyConnectDevice())
    assert pairs(sent) == [
        "mdm-tlv=device-platform=win",
        "mdm-tlv=device-mac=00-50-56-a1-b2-c3",
        "mdm-tlv=device-platform-version=10.0.19044 ",
        "mdm-tlv=device-public-mac=00-50-56-a1-b2-c3",
        "mdm-tlv=ac-user-agent=AnyConnect Windows 4.10.04065",
        "mdm-tlv=device-type=VMware, Inc. VMware Virtual Platform",
        "mdm-tlv=device-uid-global=5C1E0A77D94B63F2881A0C5E3D7F4B6920A1C8E4",
        "mdm-tlv=device-uid=0B7D3E915AC2846F17E0D5B39A6C48F2E1570D3B8C964AF2D15E07B3C8A9640F",
        "audit-session-id=c0000214000040006720b1d4",
        "ip:source-ip=198.51.100.37",
        "coa-push=true",
    ]
    told = dict(sent)
    assert (told["ASA-TunnelGroupName"], told["ASA-ClientType"]) == ("DefaultWEBVPNGroup", 2)
    assert "Service-Type" not in told
    # a trailing space and a comma reach the wire
    encoded = attributes.encode(sent)[9, 1]
    assert encoded[2].endswith(b"10.0.19044 ")
    assert b"VMware, Inc. VMware" in encoded[5]


def test_vpn_of_a_phone() -> None:
    sent = pairs(vpn.mobile(GUID).attributes())
    assert f"mdm-tlv=device-uid=ID:Intune:DeviceID:{GUID}" in sent
    assert len(vpn.intune_uid(GUID)) == 55
    assert not any("mac" in pair for pair in sent)
    assert not any("device-uid" in pair for pair in pairs(vpn.mobile(None).attributes()))


def test_vpn_pairs_can_be_repeated() -> None:
    device = replace(vpn.AnyConnectDevice(), macs=("a", "b"), uid=None, extra=("device-uid=x", "device-uid=y"))
    sent = pairs(device.attributes())
    assert [pair for pair in sent if "device-mac=" in pair] == ["mdm-tlv=device-mac=a", "mdm-tlv=device-mac=b"]
    assert sent[-2:] == ["mdm-tlv=device-uid=x", "mdm-tlv=device-uid=y"]


def test_accounting() -> None:
    reply = Reply(
        code=Code.ACCESS_ACCEPT,
        attributes=(
            Attribute("User-Name", None, "renamed"),
            Attribute("Class", None, b"1"),
            Attribute("Class", None, b"2"),
        ),
        eap_code=None,
        has_mppe_keys=False,
        has_message_authenticator=True,
        message_authenticator_first=True,
        length=100,
    )
    port = access.WiredPort("005056a1b2c3", SESSION)
    session = Session("nemo", "000000A1", port.dot1x(), reply, framed_address="192.0.2.77")
    start = session.attributes(Status.START)
    assert dict(start)["User-Name"] == "renamed"
    assert [value for name, value in start if name == "Class"] == [b"1", b"2"]
    assert "Acct-Session-Time" not in dict(start)
    assert "Framed-MTU" not in dict(start)
    assert dict(session.attributes(Status.INTERIM, seconds=60))["Acct-Session-Time"] == 60
    stop = dict(session.attributes(Status.STOP, seconds=90, cause=TerminateCause.IDLE_TIMEOUT))
    assert (stop["Acct-Status-Type"], stop["Acct-Session-Time"], stop["Acct-Terminate-Cause"]) == (2, 90, 4)
    attributes.encode(stop.items())


@pytest.mark.parametrize(
    ("client_type", "session_type"),
    [(vpn.ClientType.ANYCONNECT_SSL, 1), (vpn.ClientType.ANYCONNECT_IKEV2, 2), (vpn.ClientType.CLIENTLESS, 3)],
)
def test_vpn_accounting(client_type: vpn.ClientType, session_type: int) -> None:
    headend = vpn.VpnHeadend(started=0, client_type=client_type)
    sent = accounting.vpn_access(headend, vpn.AnyConnectDevice())
    assert (dict(sent)["ASA-SessionType"], dict(sent)["Service-Type"]) == (session_type, 2)
    assert "mdm-tlv=device-platform=win" in pairs(sent)
