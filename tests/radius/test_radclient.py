"""Debian's radclient as an independent network device, with a VPN headend's request as it was captured (ise.md 4).

radclient knows FreeRADIUS's dictionaries, and believes only a reply whose authenticators are right.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from freeradius_mdm.lab.raddb import SECRET, UNSIGNED_CLIENT
from freeradius_mdm.lab.site import Site
from tests.radius import expect
from tests.radius.endpoint import Endpoint

pytestmark = pytest.mark.skipif(shutil.which("radclient") is None, reason="radclient is not installed")
NewEndpoint = Callable[[Site], Endpoint]
CAPTURED = """\
User-Name = "employee"
User-Password = "lab-password"
NAS-Port = 16384
NAS-IP-Address = 192.0.2.20
NAS-Port-Type = Virtual
Called-Station-Id = "203.0.113.10"
Calling-Station-Id = "198.51.100.37"
Tunnel-Client-Endpoint = "198.51.100.37"
Cisco-AVPair = "mdm-tlv=device-platform=win"
Cisco-AVPair += "mdm-tlv=device-mac={mac}"
Cisco-AVPair += "mdm-tlv=device-platform-version=10.0.19044 "
Cisco-AVPair += "mdm-tlv=device-public-mac={mac}"
Cisco-AVPair += "mdm-tlv=ac-user-agent=AnyConnect Windows 4.10.04065"
Cisco-AVPair += "mdm-tlv=device-type=VMware, Inc. VMware Virtual Platform"
Cisco-AVPair += "mdm-tlv=device-uid-global=5C1E0A77D94B63F2881A0C5E3D7F4B6920A1C8E4"
Cisco-AVPair += "mdm-tlv=device-uid={uid}"
Cisco-AVPair += "audit-session-id={session}"
Cisco-AVPair += "ip:source-ip=198.51.100.37"
Cisco-AVPair += "coa-push=true"
ASA-TunnelGroupName = "DefaultWEBVPNGroup"
ASA-ClientType = AnyConnect-Client-SSL-VPN
"""
HASH = "0B7D3E915AC2846F17E0D5B39A6C48F2E1570D3B8C964AF2D15E07B3C8A9640F"
SIGNED = "Message-Authenticator = 0x00\n"


def ask(site: Site, request: str) -> tuple[str, list[str]]:
    """Send one request; the reply's code, and its attributes as radclient prints them, signature and Class left out."""
    command = ["radclient", "-x", "-r", "1", "-t", "5", f"127.0.0.1:{site.ports.radius}", "auth", SECRET]
    done = subprocess.run(command, input=request, capture_output=True, text=True, check=False, timeout=20)
    _, _, received = done.stdout.partition("Received ")
    assert received, done.stdout + done.stderr
    attributes = re.findall(r"^\t(\S+ = .*)$", received, re.MULTILINE)
    signatures = [text for text in attributes if text.startswith("Message-Authenticator = 0x")]
    assert len(signatures) == 1
    # "mdm:" and 24 digits of the decision's id, in hexadecimal.
    classes = [text for text in attributes if re.fullmatch(r"Class = 0x6d646d3a(3[0-9]|6[1-6]){24}", text)]
    assert len(classes) == (received.split(" ", 1)[0] == "Access-Accept")
    kept = [re.sub(r"-[0-9a-f]{8}\"$", '-*"', text) for text in attributes if text not in signatures + classes]
    return received.split(" ", 1)[0], kept


PERMITTED = ['Cisco-AVPair = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-*"']


def test_a_laptop_as_captured(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(macs=[endpoint.mac])
    request = CAPTURED.format(mac=endpoint.mac, uid=HASH, session=endpoint.device_id[:24])

    assert ask(site, request + SIGNED) == ("Access-Accept", PERMITTED)

    made = expect.decision(site, audit_session_id=endpoint.device_id[:24])
    assert (made.identity, made.identity_source) == (endpoint.mac.replace("-", "").upper(), "mac")
    assert (made.access, made.method, made.user, made.nas_port) == ("vpn", "PAP", "employee", "16384")


def test_an_intune_id_unsigned_from_a_headend_that_is_let_off(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol()
    uid = f"ID:Intune:DeviceID:{endpoint.device_id}"
    request = CAPTURED.format(mac=endpoint.mac, uid=uid, session=endpoint.device_id[:24])

    assert ask(site, f"{request}Packet-Src-IP-Address = {UNSIGNED_CLIENT}\n") == ("Access-Accept", PERMITTED)

    made = expect.decision(site, audit_session_id=endpoint.device_id[:24])
    assert (made.identity, made.nas_name) == (endpoint.device_id, "lab-headend")


def test_a_reject_with_its_reason(site: Site, new_endpoint: NewEndpoint) -> None:
    uids = f"ID:Intune:DeviceID:{new_endpoint(site).device_id}"
    request = CAPTURED.format(mac="", uid=uids, session="x")
    request += f'Cisco-AVPair += "mdm-tlv=device-uid=ID:Intune:DeviceID:{new_endpoint(site).device_id}"\n'
    code, (said,) = ask(site, request + SIGNED)
    assert code == "Access-Reject"
    assert said.startswith('Reply-Message = "M1110 ')


def test_mac_authentication_bypass(site: Site, new_endpoint: NewEndpoint) -> None:
    endpoint = new_endpoint(site)
    endpoint.enrol(compliant=False, macs=[endpoint.mac])
    bare = endpoint.mac.replace("-", "")
    request = f"""\
User-Name = "{bare}"
User-Password = "{bare}"
Service-Type = Call-Check
NAS-Port-Type = Ethernet
Calling-Station-Id = "{endpoint.mac}"
"""
    assert ask(site, request + SIGNED) == (
        "Access-Accept",
        [
            "Tunnel-Type:1 = VLAN",
            "Tunnel-Medium-Type:1 = IEEE-802",
            'Tunnel-Private-Group-Id:1 = "666"',
            'Cisco-AVPair = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-QUARANTINE-*"',
            "Session-Timeout = 14400",
            "Termination-Action = RADIUS-Request",
        ],
    )
