"""`mdm-lab run` and `mdm-lab demo`: the whole site, the cast signing in, and the table of what each got."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import MdmError
from ..log_line import decision_line
from .cast import Member, expected_rows
from .commands import commands
from .ports import Ports
from .processes import deferred_interrupts, interrupted
from .radius import LabRadiusError, RadiusClient
from .site import Settings, Site
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
        return 1
    except KeyboardInterrupt:
        return 130


def _run(site: Site, devices: Path | None) -> int:
    print("starting the simulated Microsoft, mdmd and FreeRADIUS ...", flush=True)
    with site:
        rows = _sign_in_all(site, devices)
        shown = rows[-1].decision.id
        print(commands(site, rows), flush=True)
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
