"""`mdm-lab run` and `mdm-lab demo`: the whole site, the cast signing in, and the table of what each got."""

from __future__ import annotations

import argparse
import errno
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import MdmError
from ..log_line import decision_line
from .cast import LAPTOP, TABLET, Member, expected_rows
from .processes import deferred_interrupts, interrupted
from .raddb import SECRET, VPN_PASSWORD, VPN_USER
from .radius import LabRadiusError, RadiusClient
from .site import Ports, Settings, Site
from .table import Row, differences, render


def run(argv: Sequence[str]) -> int:
    """Everything in the foreground until Ctrl-C; exit status 0."""
    arguments = _arguments("run", argv)
    ports = Ports(
        radius=arguments.radius_port,
        mdmd=arguments.mdmd_port,
        microsoft=arguments.microsoft_port,
        control=arguments.control_port,
        coa=arguments.radius_port + 2,
    )
    return _guarded(lambda: _run(Site(arguments.state, settings=_settings(arguments, ports)), arguments.devices))


def demo(argv: Sequence[str]) -> int:
    """The cast on free ports; exit status 1 when a row is not as expected.toml says."""
    arguments = _arguments("demo", argv)
    return _guarded(lambda: _demo(Site(arguments.state, settings=_settings(arguments, Ports())), arguments.devices))


def _arguments(name: str, argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"mdm-lab {name}", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, metavar="DIRECTORY", help="where everything is written")
    parser.add_argument("--devices", type=Path, metavar="FILE", help="what Intune knows, instead of data/devices.toml")
    if name == "run":
        parser.add_argument(
            "--radius-port", type=int, default=11812, metavar="PORT", help="accounting is one above, CoA two"
        )
        parser.add_argument("--mdmd-port", type=int, default=18650, metavar="PORT")
        parser.add_argument("--microsoft-port", type=int, default=18443, metavar="PORT", help="TLS, all host names")
        parser.add_argument("--control-port", type=int, default=18480, metavar="PORT", help="of the simulator")
    return parser.parse_args(argv)


def _settings(arguments: argparse.Namespace, ports: Ports) -> Settings:
    stock = arguments.state.parent / "stock-raddb"
    return Settings(ports=ports, stock_raddb=stock if stock.exists() else None)


def _guarded(action: Callable[[], int]) -> int:
    try:
        with deferred_interrupts():
            return action()
    except (MdmError, LabRadiusError, OSError) as error:
        print(f"mdm-lab: {error}", file=sys.stderr)
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            print("next: stop the other copy, or choose ports, see mdm-lab run --help", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(site: Site, devices: Path | None) -> int:
    print("starting the simulated Microsoft, mdmd and FreeRADIUS ...", flush=True)
    with site:
        shown = _sign_in_all(site, devices)[-1].decision.id
        print(_help(site), flush=True)
        while not interrupted():
            for name, process in (("FreeRADIUS", site.radiusd), ("mdmd", site.mdmd)):
                if not process.running():
                    raise MdmError(f"{name} has ended:\n{process.tail()}")
            shown = _print_new(site, shown)
            time.sleep(0.3)
        print("\nstopping ...", flush=True)
    return 0


def _demo(site: Site, devices: Path | None) -> int:
    with site:
        rows = _sign_in_all(site, devices)
    wrong = differences(rows, expected_rows())
    for sentence in wrong:
        print(f"NOT AS EXPECTED: {sentence}")
    print(f"{len(rows)} devices, {len(wrong)} differences from expected.toml")
    return 1 if wrong else 0


def _sign_in_all(site: Site, devices: Path | None) -> list[Row]:
    site.load_start_table(devices)
    rows: list[Row] = []
    print()
    with site.client() as client:
        for member in site.cast().members():
            rows.append(_sign_in(site, member, client, len(rows)))
            print(decision_line(rows[-1].decision), flush=True)
    print(f"\n{render(rows)}\n", flush=True)
    return rows


def _sign_in(site: Site, member: Member, client: RadiusClient, before: int) -> Row:
    reply = member.sign_in(client)
    return Row(member.name, member.arrives, reply, site.decisions(before + 1)[-1])


def _print_new(site: Site, shown: str) -> str:
    """Print the decisions that came after the one of that id; the id of the last one."""
    decisions = site.decisions()
    ids = [decision.id for decision in decisions]
    for decision in decisions[ids.index(shown) + 1 if shown in ids else 0 :]:
        print(decision_line(decision), flush=True)
    return ids[-1]


def _help(site: Site) -> str:
    """The exact commands for the reader's own devices."""
    eapol = site.directory / "eapol_test.conf"
    laptop = site.pki.directory / "laptop"
    eapol.write_text(
        "network={\n"
        "  key_mgmt=IEEE8021X\n  eap=TLS\n"
        f'  identity="host/my-laptop"\n  ca_cert="{site.pki.ca_file}"\n'
        f'  client_cert="{laptop}.pem"\n  private_key="{laptop}.key"\n'
        "}\n",
        encoding="utf-8",
    )
    port, control = site.ports.radius, site.ports.control
    lab, mdmctl = (Path(sys.executable).with_name(name) for name in ("mdm-lab", "mdmctl"))
    return "\n".join(
        [
            "Everything is up. In another terminal, as a compliant laptop:",
            f"  eapol_test -c {eapol} -a 127.0.0.1 -p {port} -s {SECRET} -M 00:50:56:a1:b2:c3 -N 61:d:15",
            "as a VPN headend with a managed tablet:",
            f"  printf '%s\\n' 'User-Name = {VPN_USER}' 'User-Password = {VPN_PASSWORD}' 'NAS-Port-Type = Virtual' \\",
            "    'Tunnel-Client-Endpoint = 198.51.100.37' \\",
            f"    'Cisco-AVPair = \"mdm-tlv=device-uid=ID:Intune:DeviceID:{TABLET}\"' \\",
            f"    'Message-Authenticator = 0x00' | radclient -x 127.0.0.1:{port} auth {SECRET}",
            "as the laptop on a switch port whose session stays and takes changes of authorization:",
            f"  {lab} radius hold --server 127.0.0.1:{port} --secret {SECRET} --coa-port {site.ports.coa} \\",
            f"    --cert {laptop}.pem --key {laptop}.key --ca {site.pki.ca_file} --identity host/my-laptop",
            "make the laptop non-compliant at the simulated Intune; it is asked within 15 minutes, or now:",
            f"  {lab} microsoft --control http://127.0.0.1:{control} device set {LAPTOP} compliant=false",
            f"  export MDM_CONFIG={site.raddb}/mods-config/mdm/mdm.toml",
            f"  {mdmctl} refresh {LAPTOP}",
            "look at it as its operator, `mdmctl --help` lists how:",
            f"  {mdmctl} live",
            f"Configuration: {site.mdm_toml}   FreeRADIUS: {site.raddb}   logs: {site.log_directory}",
            "Ctrl-C stops all of it.",
            "",
        ]
    )
