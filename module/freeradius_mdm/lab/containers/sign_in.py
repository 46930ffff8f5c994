"""The cast of `make run`, against two nodes in containers; decisions are read from the volumes that the nodes write."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ...decision import Decision
from ...log_line import decision_line
from ...store.query import StoreQueries
from ..cast import Cast, Member, expected_rows
from ..pki import LabPki
from ..processes import wait_for
from ..radius import RadiusClient, RetryPolicy, Server
from ..table import Row, differences, render

LAB = Path("/lab")
STATE = Path("/state")
_AGAIN = "compliant laptop"


def cast() -> int:
    """Everybody signs in at the first node, the laptop at the second too. Exit status 1 when a row is unexpected."""
    with tempfile.TemporaryDirectory() as directory:
        members = Cast(_pki(Path(directory))).members()
        rows: list[Row] = []
        for member in members:
            rows.append(_sign_in(1, member))
            print(decision_line(rows[-1].decision), flush=True)
        print(f"\n{render(rows)}\n", flush=True)
        wrong = differences(rows, expected_rows())
        there = _sign_in(2, next(member for member in members if member.name == _AGAIN))
    print(f"{_AGAIN} at the second node:\n{decision_line(there.decision)}\n")
    known = (there.decision.rule, there.decision.record_source)
    if known != ("Compliant", "Cached"):
        wrong.append(f"{_AGAIN} at the second node: {known}, expected the first node's answer")
    for sentence in wrong:
        print(f"NOT AS EXPECTED: {sentence}")
    print(f"{len(rows)} devices, {len(wrong)} differences from expected.toml", flush=True)
    return 1 if wrong else 0


def _pki(directory: Path) -> LabPki:
    """The lab's authorities, with a place of its own for what is issued."""
    for name in ("ca.pem", "ca.key", "other-ca.pem", "other-ca.key"):
        shutil.copy(LAB / "pki" / name, directory / name)
    return LabPki(directory).create()


def _sign_in(node: int, member: Member) -> Row:
    secret = (LAB / "radius.secret").read_text(encoding="ascii").strip()
    before = _newest(node)
    with RadiusClient(Server(f"radius{node}", 1812, secret.encode()), RetryPolicy(tries=1, wait=10.0)) as client:
        reply = member.sign_in(client)
    wait_for(lambda: _newest(node) != before, f"{member.name}: its decision is in the store of node {node}")
    decision = _newest(node)
    assert decision is not None
    return Row(member.name, member.arrives, reply, decision)


def _newest(node: int) -> Decision | None:
    found = StoreQueries(STATE / str(node) / "store.sqlite").decisions(limit=1)
    return found[0].decision if found else None
