"""What the domain's unit tests share: a small and complete mdm.toml, a server, and requests as devices cause them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from freeradius_mdm.compliance import (
    Compliance,
    ComplianceAnswer,
    ComplianceRecord,
    EndpointKey,
    IdKind,
    Managed,
    Registration,
)
from freeradius_mdm.config.identity import DEFAULT_PATTERNS, compile_pattern
from freeradius_mdm.config.model import AssertionMode, Cloud, Config, IdentitySourceType, Pattern, Server
from freeradius_mdm.config.reader import load
from freeradius_mdm.request import Request

DEVICE = "6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81"
OTHER = "0b7d3e91-5ac2-4846-b7e0-d5b39a6c48f2"
SID = "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1004336348-1177238915-682003330-1104"
URI = f"ID:Microsoft Endpoint Manager:GUID:{DEVICE}"
URI_ATTRIBUTE = "TLS-Client-Cert-Subject-Alt-Name-Uri"
PRINTED = "TLS-Client-Cert-X509v3-Subject-Alternative-Name"
KEY = EndpointKey("Intune", IdKind.INTUNE, DEVICE)
NOW = 1_700_000_000.0

Pairs = Iterable[tuple[str, str]]

TOML = """\
[service]
state_directory = "state"

[[servers]]
name = "Intune"
tenant = "contoso.example"
client_id = "11111111-2222-4333-8444-555555555555"
client_secret_file = "secret"

[network_devices]
default_vpn = "cisco-asa"

[[identity]]
source = "certificate-uri"

[[identity]]
source = "vpn-device-id"

[[identity]]
source = "mac"

[policy]
default_profile = "Reject"
monitor_profile = "Monitor"

[[rules]]
name = "Compliant"
when = { "MDM:DeviceCompliantStatus" = "Compliant", "MDM:MDMServerReachable" = "Reachable" }
profile = "Employee"

[[rules]]
name = "Quarantined"
when = { "MDM:DeviceCompliantStatus" = "NonCompliant" }
profile = "Quarantine"

[[rules]]
name = "Unreachable"
when = { "MDM:MDMServerReachable" = "UnReachable" }
profile = "Restricted"

[profiles.Employee]
vlan = 20
dacl = "OPEN"

[profiles.Employee.for.cisco-asa]
without = ["vlan"]

[profiles.Quarantine]
vlan = "QUARANTINE"

[profiles.Quarantine.for.cisco-asa]
without = ["vlan"]

[profiles.Restricted]
filter_id = "RESTRICTED"

[profiles.Monitor]

[profiles.Reject]
access = "reject"
reply_message = "not allowed here"
"""


def write_toml(directory: Path, text: str = TOML) -> Path:
    """`mdm.toml` in a directory with the one dACL it names."""
    (directory / "dacls").mkdir(parents=True, exist_ok=True)
    (directory / "dacls" / "OPEN.acl").write_text("permit ip any any\n", encoding="utf-8")
    file = directory / "mdm.toml"
    file.write_text(text, encoding="utf-8")
    return file


def config(directory: Path, *changes: tuple[str, str]) -> Config:
    """TOML with some of its text replaced, read as radiusd reads it."""
    text = TOML
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is not there once"
        text = text.replace(old, new)
    return load(write_toml(directory, text))


def server(**changes: object) -> Server:
    """A server with the default intervals of DESIGN.md: 4 h, margin a tenth of it, 24 h, 10 min."""
    usual = Server(
        name="Intune",
        enabled=True,
        cloud_name="global",
        cloud=Cloud("login.example", "graph.example", "https://api.example//.default", (".example",)),
        tenant="contoso.example",
        client_id="11111111-2222-4333-8444-555555555555",
        certificate_file=None,
        key_file=None,
        key_passphrase_file=None,
        client_secret_file=Path("secret"),
        assertion_mode=AssertionMode.PS256,
        reauth_interval=14400.0,
        polling_interval=0.0,
        recheck_interval=900.0,
        refresh_margin=1440.0,
        last_known_for=86400.0,
        unreachable_retry=600.0,
        connect_timeout=2.0,
        read_timeout=5.0,
        max_concurrent=1,
        proxy=None,
        ca_file=None,
        allowed_crs_hosts=(),
        connect_to=None,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def record(answered_at: float, compliance: Compliance = Compliance.COMPLIANT) -> ComplianceRecord:
    """An answer about DEVICE: registered, managed, and compliant or not."""
    answer = ComplianceAnswer(Registration.REGISTERED, compliance, Managed.TRUE)
    return ComplianceRecord(KEY, answer, answered_at)


def request(*pairs: tuple[str, str], control: Pairs = (), reply: Pairs = (), session_state: Pairs = ()) -> Request:
    """The request that rlm_python3 would hand to a hook; empty lists arrive as None."""
    lists = {"request": pairs, "config": control, "reply": reply, "session-state": session_state}
    return Request.from_hook({name: tuple(values) or None for name, values in lists.items()})


WIRED_EAP_TLS = (
    ("User-Name", "host/laptop"),
    ("NAS-IP-Address", "192.0.2.10"),
    ("NAS-Port-Type", "Ethernet"),
    ("NAS-Port-Id", "GigabitEthernet1/0/1"),
    ("Calling-Station-Id", "00-50-56-A1-B2-C3"),
    ("Service-Type", "Framed-User"),
    ("EAP-Message", "0x0201"),
    ("EAP-Type", "TLS"),
    ("TLS-Client-Cert-Serial", "1f"),
    ("MDM-Client-Name", "switch"),
)
MAB = (
    ("User-Name", "005056a1b2c3"),
    ("NAS-IP-Address", "192.0.2.10"),
    ("NAS-Port-Type", "Ethernet"),
    ("Calling-Station-Id", "00-50-56-A1-B2-C3"),
    ("Service-Type", "Call-Check"),
)
# ise.md section 4, the captured request of an ASA with AnyConnect.
VPN = (
    ("User-Name", "employee"),
    ("NAS-Port", "16384"),
    ("NAS-IP-Address", "192.0.2.20"),
    ("NAS-Port-Type", "Virtual"),
    ("Called-Station-Id", "203.0.113.10"),
    ("Calling-Station-Id", "198.51.100.37"),
    ("Tunnel-Client-Endpoint:0", "198.51.100.37"),
    ("Cisco-AVPair", "mdm-tlv=device-platform=win"),
    ("Cisco-AVPair", "mdm-tlv=device-mac=00-50-56-a1-b2-c3"),
    ("Cisco-AVPair", "mdm-tlv=device-platform-version=10.0.19044 "),
    ("Cisco-AVPair", "mdm-tlv=device-public-mac=00-50-56-a1-b2-c3"),
    ("Cisco-AVPair", "mdm-tlv=ac-user-agent=AnyConnect Windows 4.10.04065"),
    ("Cisco-AVPair", "mdm-tlv=device-type=VMware, Inc. VMware Virtual Platform"),
    ("Cisco-AVPair", "mdm-tlv=device-uid-global=5C1E0A77D94B63F2881A0C5E3D7F4B6920A1C8E4"),
    ("Cisco-AVPair", "mdm-tlv=device-uid=0B7D3E915AC2846F17E0D5B39A6C48F2E1570D3B8C964AF2D15E07B3C8A9640F"),
    ("Cisco-AVPair", "audit-session-id=c6336401000040006720b1d4"),
    ("Cisco-AVPair", "ip:source-ip=198.51.100.37"),
    ("Cisco-AVPair", "coa-push=true"),
    ("ASA-TunnelGroupName", "DefaultWEBVPNGroup"),
    ("ASA-ClientType", "AnyConnect-Client-SSL-VPN"),
)


def patterns(kind: IdentitySourceType, *texts: str) -> tuple[Pattern, ...]:
    """The patterns with these texts, or the usual ones of that source."""
    usual = [text for text, _ in DEFAULT_PATTERNS[kind]]
    return tuple(compile_pattern(text, IdKind.INTUNE) for text in texts or usual)
