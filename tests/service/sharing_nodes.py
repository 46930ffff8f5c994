"""Several mdmd processes that share a real Redis and one MDM server."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from freeradius_mdm.accounting import AccountingEvent, AccountingStatus
from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.journal import JournalWriter
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.schema import make_directory
from tests.store.samples import decision, key

from .cluster.real_redis import HOST, RealRedis
from .fakes import until_now
from .process import Site

GONE_AFTER = 3  # seconds, the shortest that [cluster] takes


def path(number: int) -> str:
    """What radiusd asks for during an authentication."""
    return f"/v1/endpoints/intune/intune/{key(number).value}?wait=10s"


class Node(Site):
    """One mdmd, and what it is told by its radiusd."""

    program = "tests/service/shared_mdmd.py"

    def __init__(self, name: str, directory: Path, redis_port: int, *, servers: str = "") -> None:
        self.name = name
        self._redis_port = redis_port
        self._servers = servers
        directory.mkdir()
        super().__init__(directory)

    def write_config(self, *, port: int = 0, change: tuple[str, str] = ("", "")) -> None:
        super().write_config(port=port, change=change)
        text = self.text(self.config.read_text())
        redis = f'"redis://{HOST}:{self._redis_port}"'
        cluster = f'[cluster]\nredis = {redis}\nnode = "{self.name}"\ngone_after = "{GONE_AFTER}s"\n'
        self.config.write_text(f"{text}\n{cluster}")

    def text(self, usual: str) -> str:
        """mdm.toml without `[cluster]`."""
        return usual.replace('read_timeout = "5s"\n', f'read_timeout = "5s"\n{self._servers}')

    def cluster(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/v1/health")["cluster"]
        return found

    def compliance(self, number: int) -> str:
        """What this node's store holds; "" when that is nothing."""
        reader = StoreReader(self.state / "store.sqlite")
        record = reader.record(key(number))
        reader.close()
        return "" if record is None or record.answer is None else record.answer.compliance.value

    def accepts(self, *numbers: int, at: float, first_decision: int = 0) -> None:
        """Its radiusd has let these devices in, each by a decision of its number, or by the next from a first one."""
        make_directory(self.state / "journal")
        for place, number in enumerate(numbers):
            made = decision(
                first_decision + place if first_decision else number,
                identity=key(number).value,
                at=at,
                server="intune",
                identity_kind="intune",
                client="192.0.2.10",
                mac=f"0050560000{number:02X}",
                audit_session_id=f"0A0A{first_decision:04X}{number:016X}",
                registration="Registered",
                compliance="Compliant",
                managed="True",
                request=(("User-Name", f"host/{number}"),),
            )
            JournalWriter(self.state / "journal").append("decision", made.to_json(), at)

    def accounts(self, status: AccountingStatus, number: int, *, at: float) -> None:
        """Its radiusd got an Accounting-Request about the session that the decision of that number opened somewhere."""
        make_directory(self.state / "journal")
        told = AccountingEvent(
            at,
            status,
            client="192.0.2.10",
            calling_station=f"00-50-56-00-00-{number:02X}",
            acct_session_id=f"{number:08X}",
            decision_ids=(f"{number:024x}",),
        )
        JournalWriter(self.state / "journal").append("accounting", told.to_json(), at)

    def sessions(self) -> dict[str, str]:
        """Id and home of each live session of this node."""
        found = self.get("/v1/sessions?state=live")["sessions"]
        return {each["id"]: each["node"] for each in found}

    def kill(self) -> None:
        self.end(signal.SIGKILL)


class Nodes:
    """`one` and `two`, the Redis between them, and what they ask the MDM server."""

    def __init__(self, directory: Path, *, servers: str = "", kind: type[Node] = Node) -> None:
        self.shared = directory / "shared"
        self.shared.mkdir()
        self.redis = RealRedis(directory / "redis").start()
        self.one = kind("one", directory / "one", self.redis.port, servers=servers)
        self.two = kind("two", directory / "two", self.redis.port, servers=servers)

    def start(self) -> None:
        for node in (self.one, self.two):
            self.start_one(node)
        self.joined()

    def start_one(self, node: Node) -> None:
        node.start(MDM_TEST_SHARED=str(self.shared), MDM_TEST_NODE=node.name)

    def joined(self) -> None:
        """Each sees the other."""
        for node in (self.one, self.two):
            until_now(lambda node=node: _sees_another(node.cluster()))

    def end(self) -> None:
        for node in (self.one, self.two):
            if node.process is not None and node.process.poll() is None:
                node.kill()
        self.redis.end()

    def asked(self, of: EndpointKey | None = None) -> list[str]:
        """Which node asked, in order."""
        found = [line.split() for line in self._lines("asked")]
        return [node for node, asked in found if of is None or asked == str(of)]

    def listed(self) -> list[str]:
        """Which node fetched the bulk list, in order."""
        return self._lines("listed")

    def set(self, file: str, text: str = "") -> None:
        temporary = self.shared / f".{file}"
        temporary.write_text(text)
        os.replace(temporary, self.shared / file)  # noqa: PTH105

    def unset(self, file: str) -> None:
        (self.shared / file).unlink()

    def ahead(self, seconds: float) -> float:
        """Set both wall clocks ahead of the world's; the moment there."""
        self.set("ahead", str(seconds))
        return time.time() + seconds

    def _lines(self, file: str) -> list[str]:
        return (self.shared / file).read_text().splitlines() if (self.shared / file).exists() else []


def _sees_another(state: dict[str, Any]) -> bool:
    return state["mode"] == "joined" and any(peer["alive"] for peer in state["peers"])
