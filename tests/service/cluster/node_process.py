"""A node as a process of its own: node_process.py NAME PORT DIRECTORY. It writes what it does into files there.

It renews the lease `poll` and acts under it, takes over orphans, and carries out orders. With MDM_TEST_PAUSE the
process stops itself, as SIGSTOP would, after it was told that it holds the lease and before it acts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from freeradius_mdm.service.cluster.redis_cluster import RedisCluster
from freeradius_mdm.service.events import EventLog
from tests.service.cluster.nodes import KEEP, SHORT, MemoryInbox
from tests.service.cluster.real_redis import settings
from tests.store.samples import COMPLIANT, key

TTL = 0.4
GONE_AFTER = 1.5


class Files:
    """One line a write, so that nothing is mixed and nothing is lost when the process is killed."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name

    def tell(self, file: str, *words: object) -> None:
        with (self._directory / file).open("a") as out:
            out.write(" ".join(map(str, (self._name, *words))) + "\n")


async def main(name: str, port: int, directory: Path) -> None:
    files = Files(directory, name)
    events = EventLog(sys.stderr, time.time)
    timing = replace(SHORT, gone_after=GONE_AFTER)
    node = RedisCluster(settings(name, port), lambda _: KEEP, events, time.time, time.monotonic, timing)
    inbox = MemoryInbox()
    await node.start(inbox)
    pause = "MDM_TEST_PAUSE" in os.environ
    told = 0
    round_ = 0
    while not (directory / f"end-{name}").exists():
        round_ += 1
        if await node.hold("poll", TTL, alone=False):
            files.tell("granted", node.token("poll"))
            if pause:
                pause = False
                files.tell("pausing", os.getpid())
                os.kill(os.getpid(), signal.SIGSTOP)
                files.tell("awake", node.holds("poll"))
            if node.holds("poll"):
                files.tell("acted", node.token("poll"))
        for orphan in await node.orphaned():
            files.tell("took", orphan.node, orphan.id)
            await node.put_session(orphan.json, orphan.id)
        for number in range(round_, round_ + 5):
            if await node.claim_order(f"coa-{number}", 60, alone=False):
                files.tell("sent", number)
                await node.settle_order(f"coa-{number}", "acked")
        await node.share_answer(key(round_ % 50), COMPLIANT, time.time())
        if round_ <= 20:
            await node.put_session(json.dumps({"node": name}), f"{name}-{round_}")
        if len(inbox.got) > told:
            told = len(inbox.got)
            files.tell("got", told)
        if round_ == 30:
            files.tell("ready")
        await asyncio.sleep(0.01)
    await node.close()
    files.tell("closed")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
