"""One mdmd without [cluster]: everything is permitted, nobody is told. And both implementations are whole."""

from __future__ import annotations

import asyncio
import inspect

from freeradius_mdm.service.cluster.alone import Alone
from freeradius_mdm.service.cluster.protocol import Cluster, ClusterMode, ClusterState
from freeradius_mdm.service.cluster.redis_cluster import RedisCluster
from tests.store.samples import COMPLIANT, key

from .nodes import MemoryInbox, session


async def _alone() -> None:
    alone: Cluster = Alone("only", lambda: 1_700_000_000.0)
    inbox = MemoryInbox()
    await alone.start(inbox)
    assert alone.node == "only"
    assert alone.state() == ClusterState(ClusterMode.ALONE, "only", 1_700_000_000.0)
    alone.tell_load(lambda: {"x": 3})
    assert alone.share("x") == 1.0
    await alone.share_answer(key(), COMPLIANT, 1.0)
    assert await alone.newer_answer(key(), 0.0) is None
    assert await alone.may_ask(key(), 60)
    assert await alone.may_ask(key(), 60)
    await alone.answer_failed(key())
    assert await alone.hold("poll:intune", 60, alone=False)
    assert alone.holds("poll:intune")
    assert alone.token("poll:intune") == 0
    await alone.put_session(session("only"), "one")
    await alone.drop_session("one")
    assert await alone.orphaned() == []
    assert await alone.claim_order("coa", 60, alone=False)
    await alone.settle_order("coa", "acked")
    await alone.announce("topic", "text")
    await alone.close()
    assert inbox.asked_for_everything == 0


def test_alone() -> None:
    asyncio.run(_alone())


def test_both_have_every_call_as_the_protocol_has_it() -> None:
    names = [name for name in vars(Cluster) if not name.startswith("_")]
    assert "claim_order" in names
    for name in names:
        if name == "node":
            continue
        wanted = inspect.signature(getattr(Cluster, name))
        for kind in (Alone, RedisCluster):
            assert inspect.signature(getattr(kind, name)) == wanted, (kind, name)
