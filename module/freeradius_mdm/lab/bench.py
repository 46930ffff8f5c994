"""`mdm-lab bench`: radiusd's CPU time per EAP-TLS handshake, with the module and without it, in one run.

Two servers that differ in nothing but the module stand side by side and are asked in turn, so that the ratio holds
while the machine's speed drifts. CPU time is what the kernel charged to each radiusd; the client's is not in it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..errors import MdmError
from .cast import LAPTOP
from .processes import Process, deferred_interrupts, interrupted
from .radius import EapTlsSupplicant, LabRadiusError, RadiusClient, access
from .radius.tls import Certificates, TlsProfile
from .site import Settings, Site

_ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two servers."""

    name: str
    process: Process
    client: RadiusClient

    def cpu(self) -> float:
        """CPU seconds the process has used, user and system (proc(5), /proc/PID/stat fields 14 and 15)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> float:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(argv: Sequence[str]) -> int:
    """Print the figures; exit status 1 when a handshake did not end in an Accept."""
    parser = argparse.ArgumentParser(prog="mdm-lab bench", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, metavar="DIRECTORY")
    parser.add_argument("--handshakes", type=int, default=400, metavar="N", help="per round and server")
    arguments = parser.parse_args(argv)
    state, count = arguments.state, arguments.handshakes
    if count < 1:
        parser.error("--handshakes is 1 or more")
    try:
        with deferred_interrupts(), ExitStack() as stack:
            plain, module = _sides(state, stack)
            rounds = [(_batch(plain, state, count), _batch(module, state, count)) for _ in range(_ROUNDS)]
            memory = plain.resident(), module.resident()
    except (MdmError, LabRadiusError) as error:
        print(f"mdm-lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    report(rounds[1:], memory, count)  # the first round warms both up
    return 0


def _sides(state: Path, stack: ExitStack) -> tuple[Side, Side]:
    stock = state.parent / "stock-raddb"
    settings = Settings(stock_raddb=stock if stock.exists() else None)
    site = stack.enter_context(Site(state / "module", settings=settings))
    site.load_start_table()
    bare = Site(state / "plain", settings=settings)
    bare.prepare()
    bare.pki = site.pki
    bare.build_raddb(with_module=False)
    bare.start_radiusd()
    stack.callback(lambda: bare.radiusd.stop())
    clients = [stack.enter_context(each.client()) for each in (bare, site)]
    return Side("without the module", bare.radiusd, clients[0]), Side("with the module", site.radiusd, clients[1])


def _batch(side: Side, state: Path, handshakes: int) -> float:
    """CPU milliseconds per handshake over one batch."""
    pki = state / "module" / "pki"
    supplicant = EapTlsSupplicant(side.client, _profile(pki))
    port = access.WiredPort(mac="00-50-56-a1-b2-c3", session=access.audit_session_id("192.0.2.10", 1, 1_700_000_000))
    before = side.cpu()
    for _ in range(handshakes):
        if interrupted():
            raise KeyboardInterrupt
        result = supplicant.authenticate("host/laptop", port.dot1x())
        if not result.accepted:
            raise MdmError(f"{side.name}: a handshake was rejected; see radius.log below {state}")
    return (side.cpu() - before) * 1000 / handshakes


def _profile(pki: Path) -> TlsProfile:
    from .pki import LabPki

    lab = LabPki(pki).create()
    if not (pki / "bench.pem").exists():
        lab.client("bench", LAPTOP, sid="S-1-5-21-1-2-3-1104")
    return TlsProfile(Certificates(pki / "bench.pem", pki / "bench.key", lab.ca_file))


def report(rounds: Sequence[tuple[float, float]], memory: tuple[float, float], handshakes: int) -> None:
    """Print the figures. `rounds`: CPU milliseconds per handshake without and with the module; `memory`: MiB."""
    # The kernel counts in ticks of 10 ms, so that a very short round may seem to cost nothing.
    ratios = [module / plain for plain, module in rounds if plain] or [float("nan")]
    print(f"radiusd CPU per full EAP-TLS handshake, {len(rounds)} paired rounds of {handshakes} handshakes each")
    for name, index in (("without the module", 0), ("with the module", 1)):
        values = [pair[index] for pair in rounds]
        print(
            f"  {name:<20} median {statistics.median(values):.3f} ms  (min {min(values):.3f}, max {max(values):.3f}), "
            f"resident {memory[index]:.0f} MiB"
        )
    print(
        f"  ratio, pair by pair  median {statistics.median(ratios):.3f}  (min {min(ratios):.3f}, max {max(ratios):.3f})"
    )
