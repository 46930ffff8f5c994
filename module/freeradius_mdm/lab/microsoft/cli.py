"""Command line of the simulator: `mdm-lab microsoft serve|device|fault|journal|counters|clock|hosts|reset ...`.

`serve` runs until SIGINT or SIGTERM; everything else speaks to a running one over its control API.
Exit codes: 0 done, 1 refused by the simulator or not reachable, 2 wrong command line.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

from ..pki import LabPki
from . import startfile
from .simulator import SimulatedMicrosoft

_CONTROL = "http://127.0.0.1:9080"
_JOURNAL_FIELDS = ("host", "operation", "tenant", "app", "subject", "outcome", "path", "client_request_id")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except (OSError, ValueError, requests.RequestException) as error:
        print(f"mdm-lab microsoft: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mdm-lab microsoft", description=__doc__.splitlines()[0])
    address = os.environ.get("MDM_LAB_CONTROL", _CONTROL)
    parser.add_argument("--control", default=address, help="control API (MDM_LAB_CONTROL), default %(default)s")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_device(commands)
    _add_fault(commands)

    journal = commands.add_parser("journal", help="show requests, oldest first")
    journal.add_argument("--limit", type=int, default=50)
    journal.add_argument("--format", choices=("table", "json"), default="table")
    for name in _JOURNAL_FIELDS:
        journal.add_argument(f"--{name.replace('_', '-')}")
    journal.set_defaults(run=_journal)

    counters = commands.add_parser("counters", help="show counters")
    counters.set_defaults(run=lambda a: _show(_call(a, "GET", "/counters")))
    clock = commands.add_parser("clock", help="show or move the simulator's clock")
    clock.add_argument("--advance", help="a duration such as 4h")
    clock.set_defaults(run=_clock)
    hosts = commands.add_parser("hosts", help="lines for a hosts file")
    hosts.add_argument("--address", default="127.0.0.1")
    hosts.set_defaults(run=_hosts)
    reset = commands.add_parser("reset", help="everything as at the start")
    reset.set_defaults(run=lambda a: _show(_call(a, "POST", "/reset")))
    return parser


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser("serve", help="run the simulator")
    serve.add_argument("--start", type=Path, required=True, help="start table, TOML or JSON")
    serve.add_argument("--pki", type=Path, required=True, help="directory of the lab PKI, made if missing")
    serve.add_argument("--listen", default="127.0.0.1")
    serve.add_argument("--tls-port", type=int, default=0)
    serve.add_argument("--control-listen", default="127.0.0.1")
    serve.add_argument("--control-port", type=int, default=0)
    serve.add_argument("--proxy-port", type=int, default=0, help="forward proxy to the simulator")
    serve.set_defaults(run=_serve)


def _add_device(commands: Any) -> None:
    device = commands.add_parser("device", help="show or change devices").add_subparsers(required=True)
    for name in ("list", "show", "set", "remove"):
        command = device.add_parser(name)
        command.add_argument("--tenant", default="", help="GUID or domain, default the first")
        command.set_defaults(run=_device, action=name)
        if name != "list":
            command.add_argument("id", help="Intune device id")
        if name == "set":
            command.add_argument("values", nargs="*", metavar="FIELD=VALUE", help="compliant=false macs=A,B ...")


def _add_fault(commands: Any) -> None:
    fault = commands.add_parser("fault", help="switch personalities on and off").add_subparsers(required=True)
    on = fault.add_parser("on")
    on.add_argument("personality")
    on.add_argument("--tenant")
    on.add_argument("--host")
    on.add_argument("--path", help="prefix of path and query, or a pattern with *")
    on.add_argument("--nth", type=int, help="act from this matching call on")
    on.add_argument("--times", type=int, help="act that often")
    on.add_argument("--every", type=int, help="act on every n-th only")
    on.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    on.set_defaults(run=_fault_on)
    off = fault.add_parser("off")
    off.add_argument("which", nargs="?", default="", help="id or personality, default all")
    off.set_defaults(run=lambda a: _show(_call(a, "DELETE", f"/faults/{a.which}" if a.which else "/faults")))
    fault.add_parser("list").set_defaults(run=lambda a: _show(_call(a, "GET", "/faults")))
    fault.add_parser("names").set_defaults(run=_fault_names)


def _serve(arguments: argparse.Namespace) -> int:
    table = startfile.load(arguments.start)
    # Blocked before the start, so that every thread inherits it and the signal waits for us.
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with SimulatedMicrosoft(
        pki=LabPki(arguments.pki).create(),
        tenants=table.tenants,
        settings=table.settings,
        aliases=table.aliases,
        listen=arguments.listen,
        tls_port=arguments.tls_port,
        control_listen=arguments.control_listen,
        control_port=arguments.control_port,
        proxy_port=arguments.proxy_port,
    ) as simulator:
        ports = f"tls={simulator.address} control={simulator.control_url} proxy={simulator.proxy_url}"
        print(f"{ports} ca={simulator.ca_file}", flush=True)
        signal.sigwait(signals)
    return 0


def _device(arguments: argparse.Namespace) -> int:
    query = {"tenant": arguments.tenant} if arguments.tenant else {}
    if arguments.action == "list":
        return _show(_call(arguments, "GET", "/devices", query=query))
    path = f"/devices/{arguments.id}"
    if arguments.action == "set":
        values = dict(_pair(text) for text in arguments.values)
        return _show(_call(arguments, "PUT", path, values, query))
    return _show(_call(arguments, "GET" if arguments.action == "show" else "DELETE", path, query=query))


def _fault_on(arguments: argparse.Namespace) -> int:
    names = ("personality", "tenant", "host", "path", "nth", "times", "every")
    body = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    body["options"] = dict(text.split("=", 1) for text in arguments.option)
    return _show(_call(arguments, "POST", "/faults", body))


def _fault_names(arguments: argparse.Namespace) -> int:
    for row in _call(arguments, "GET", "/personalities"):
        print(f"{row['group']:<10} {row['name']:<18} {row['summary']}")
    return 0


def _journal(arguments: argparse.Namespace) -> int:
    query = {name: getattr(arguments, name) for name in _JOURNAL_FIELDS if getattr(arguments, name) is not None}
    entries = _call(arguments, "GET", "/journal", query=query | {"limit": str(arguments.limit)})
    if arguments.format == "json":
        return _show(entries)
    for entry in entries:
        line = f"{entry['time']:.3f} {entry['status']:>3} {entry['operation']:<15} {entry['took_ms']:>7.1f}ms"
        print(f"{line} {entry['method']} {entry['host']}{entry['path']} {entry['subject']} -> {entry['outcome']}")
    return 0


def _clock(arguments: argparse.Namespace) -> int:
    if arguments.advance is None:
        return _show(_call(arguments, "GET", "/clock"))
    return _show(_call(arguments, "PUT", "/clock", {"advance": arguments.advance}))


def _hosts(arguments: argparse.Namespace) -> int:
    for host in _call(arguments, "GET", "/hosts"):
        print(f"{arguments.address}\t{host}")
    return 0


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"not FIELD=VALUE: {text!r}")
    words: dict[str, Any] = {"true": True, "false": False, "none": None}
    if name in ("macs", "extra_macs"):
        return name, [mac for mac in value.split(",") if mac]
    return name, words.get(value.lower(), value) if name in ("registered", "compliant") else value


def _call(
    arguments: argparse.Namespace, method: str, path: str, body: Any = None, query: dict[str, str] | None = None
) -> Any:
    with requests.Session() as session:
        # A proxy of the environment has no business between us and the lab.
        session.trust_env = False
        answer = session.request(method, arguments.control + path, json=body, params=query, timeout=30)
    if answer.status_code >= 400:
        raise ValueError(answer.json().get("error", answer.text))
    return answer.json() if answer.content else None


def _show(value: Any) -> int:
    if value is not None:
        print(json.dumps(value, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
