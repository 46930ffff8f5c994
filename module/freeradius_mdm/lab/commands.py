"""What the reader of `mdm-lab run` can do next: exact commands for devices of their own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from .cast import LAPTOP, TABLET
from .raddb import SECRET, VPN_PASSWORD, VPN_USER
from .site import Site
from .table import Row

_CISCO, _AVPAIR = 9, 1  # RFC 2865 section 5.26: vendor id, then type and length of its attribute


def commands(site: Site, rows: Sequence[Row]) -> str:
    """Several lines; `rows` are what the cast got. Writes the file that eapol_test wants."""
    laptop, eapol = site.pki.directory / "laptop", _eapol_test(site)
    port, control, server = site.ports.radius, site.ports.control, f"127.0.0.1:{site.ports.radius}"
    lab, mdmctl = (Path(sys.executable).with_name(name) for name in ("mdm-lab", "mdmctl"))
    endpoint = f"--server {server} --secret {SECRET}"
    lines = [
        "Everything is up. For mdmctl, in another terminal:",
        f"  export MDM_CONFIG={site.raddb}/mods-config/mdm/mdm.toml",
        "as a compliant laptop, once:",
        f"  eapol_test -c {eapol} -a 127.0.0.1 -p {port} -s {SECRET} -M 00:50:56:a1:b2:c9 -N 61:d:15 \\",
        f"    -N 26:x:{_avpair('audit-session-id=C000020A000000010000000A')}",
        "as a VPN headend with a managed tablet:",
        f"  printf '%s\\n' 'User-Name = {VPN_USER}' 'User-Password = {VPN_PASSWORD}' 'NAS-Port-Type = Virtual' \\",
        "    'Tunnel-Client-Endpoint = 198.51.100.37' \\",
        f"    'Cisco-AVPair = \"mdm-tlv=device-uid=ID:Intune:DeviceID:{TABLET}\"' \\",
        f"    'Message-Authenticator = 0x00' | radclient -x {server} auth {SECRET}",
        "as the laptop on a switch port whose session stays and takes changes of authorization:",
        f"  {lab} radius hold {endpoint} --coa-port {site.ports.coa} \\",
        f"    --cert {laptop}.pem --key {laptop}.key --ca {site.pki.ca_file} --identity host/my-laptop",
        "make the laptop non-compliant at the simulated Intune; it is asked within 15 minutes, or now:",
        f"  {lab} microsoft --control http://127.0.0.1:{control} device set {LAPTOP} compliant=false",
        f"  {mdmctl} refresh {LAPTOP}",
    ]
    acl = next((str(row.value("dacl")) for row in rows if str(row.value("dacl")).startswith("#ACSACL#")), None)
    if acl is not None:
        lines += ["as a switch that downloads an ACL it was told:", f"  {lab} radius dacl {endpoint} '{acl}'"]
    lines += [
        "look at it as its operator, `mdmctl --help` lists how:",
        f"  {mdmctl} live",
        f"Configuration: {site.mdm_toml}   FreeRADIUS: {site.raddb}   logs: {site.log_directory}",
        "Ctrl-C stops all of it.",
        "",
    ]
    return "\n".join(lines)


def _eapol_test(site: Site) -> Path:
    file, laptop = site.directory / "eapol_test.conf", site.pki.directory / "laptop"
    file.write_text(
        "network={\n"
        "  key_mgmt=IEEE8021X\n  eap=TLS\n"
        f'  identity="host/my-laptop"\n  ca_cert="{site.pki.ca_file}"\n'
        f'  client_cert="{laptop}.pem"\n  private_key="{laptop}.key"\n'
        "}\n",
        encoding="utf-8",
    )
    return file


def _avpair(text: str) -> str:
    """A Cisco-AVPair as the value of Vendor-Specific, in hex: eapol_test knows no vendor's attributes by name.

    Without the session id of a Cisco switch nobody could name the session in a change of authorization.
    """
    value = text.encode("ascii")
    return (_CISCO.to_bytes(4, "big") + bytes([_AVPAIR, 2 + len(value)]) + value).hex()
