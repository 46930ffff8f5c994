"""Ways to Redis: Sentinel with a failover, TLS with the lab's certificates, passwords and users."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.config.model import ClusterSettings
from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.service.cluster.door import Backoff
from tests.service.fakes import until, until_now
from tests.store.samples import COMPLIANT, NONCOMPLIANT, key

from .nodes import nodes, session
from .real_redis import HOST, RealRedis, Sentinel, settings
from .test_leases import eventually


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[RealRedis, RealRedis, Sentinel]]:
    """A primary, its replica, and a Sentinel that watches them."""
    primary = RealRedis(tmp_path / "primary").start()
    # A replica of less than full data is no candidate; a test's failover must not wait a minute for a second try.
    replica = RealRedis(tmp_path / "replica", "--replicaof", HOST, str(primary.port), "--repl-diskless-sync-delay", "0")
    replica.start()
    until_now(lambda: "master_link_status:up" in replica.client_text("INFO", "replication"))
    sentinel = Sentinel(tmp_path / "sentinel", primary)
    yield primary, replica, sentinel
    sentinel.end()
    primary.end()
    replica.end()


async def _failover(
    primary: RealRedis, replica: RealRedis, sentinel: Sentinel, fail: Callable[[], object], joined: Callable[[], None]
) -> None:
    # The first Sentinel of the list is not there.
    both = [replace(settings(name, free_port(), sentinel.port), sentinel="main") for name in "ab"]
    async with nodes(*both, gone_after=30.0) as (a, b):
        assert a.cluster.state().redis == f"{HOST}:{primary.port}"
        await a.cluster.share_answer(key(1), COMPLIANT, time.time())
        await a.cluster.put_session(session("a"), "one")
        await a.sent()
        await eventually(lambda: a.cluster.hold("poll", 1.0, alone=False))
        token = a.cluster.token("poll")
        fail()
        await a.cut_off()
        later = time.time()
        await a.cluster.share_answer(key(2), NONCOMPLIANT, later)
        await until(lambda: a.cluster.state().redis == f"{HOST}:{replica.port}")
        await asyncio.gather(a.joined(), b.joined())
        joined()
        await until(lambda: key(2) in b.inbox.newest)
        assert await b.cluster.newer_answer(key(2), 0) is not None
        await until(lambda: a.inbox.asked_for_everything == 2)
        await a.sent()
        assert len(a.lines("cluster_cut_off")) == 1  # from the one to the other: one line each
        # The replica may not have heard of every lease: nobody else gets it before it has run out.
        while a.cluster.holds("poll"):
            assert not await b.cluster.hold("poll", 1.0, alone=False)
        await eventually(lambda: b.cluster.hold("poll", 1.0, alone=False))
        assert b.cluster.token("poll") > token


Pair = tuple[RealRedis, RealRedis, Sentinel]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_the_primary_fails(pair: Pair, number: signal.Signals) -> None:
    asyncio.run(_failover(*pair, lambda: pair[0].send(number), lambda: None))


def test_the_primary_does_not_know_that_it_is_none_any_more(pair: Pair) -> None:
    """It goes on answering for seconds (Sentinel tells it after 8); what Sentinel says counts."""

    def it_still_believes() -> None:
        assert pair[0].ask("ROLE")[0] == "master"

    asyncio.run(_failover(*pair, pair[2].fail_over, it_still_believes))


async def _no_sentinel(sentinel: Sentinel) -> None:
    unknown = replace(settings("a", sentinel.port), sentinel="other")
    nobody = replace(settings("b", free_port()), sentinel="main")
    async with nodes(unknown, nobody, joined=False) as (a, b):
        for node, reason in ((a, "knows no 'other'"), (b, "no Sentinel names the primary")):
            await until(lambda node=node: node.lines("cluster_cut_off"))
            assert reason in node.cluster.state().reason
            assert "Sentinels" in node.lines("cluster_cut_off")[0]


def test_sentinels_that_know_nothing(pair: Pair) -> None:
    asyncio.run(_no_sentinel(pair[2]))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> LabPki:
    pki = LabPki(tmp_path_factory.mktemp("pki")).create()
    pki.server("redis", [HOST])
    pki.server("elsewhere", ["redis.example"])
    pki.client("mdmd", None, common_name="mdmd")
    return pki


def _tls(pki: LabPki, directory: Path, name: str) -> RealRedis:
    """A Redis that wants a client's certificate, as Redis does unless told otherwise."""
    files = {"tls-cert-file": f"{name}.pem", "tls-key-file": f"{name}.key", "tls-ca-cert-file": "ca.pem"}
    options = [word for option, file in files.items() for word in (f"--{option}", str(pki.directory / file))]
    server = RealRedis(directory / "redis", *options, tls=True)
    server.client_options = {
        "ssl": True,
        "ssl_ca_certs": str(pki.ca_file),
        "ssl_certfile": str(pki.directory / "mdmd.pem"),
        "ssl_keyfile": str(pki.directory / "mdmd.key"),
        "ssl_check_hostname": False,
    }
    return server


def _by_tls(name: str, server: RealRedis, pki: LabPki, **changes: Path | None) -> ClusterSettings:
    files = {
        "ca_file": pki.ca_file,
        "certificate_file": pki.directory / "mdmd.pem",
        "key_file": pki.directory / "mdmd.key",
    }
    return replace(settings(name, server.port), tls=True, **{**files, **changes})


async def _refused(which: ClusterSettings, *advice: str) -> None:
    async with nodes(which, joined=False) as (a,):
        await until(lambda: a.lines("cluster_cut_off"))
        (line,) = a.lines("cluster_cut_off")
        assert any(word in line for word in advice), line


def test_tls(pki: LabPki, tmp_path: Path) -> None:
    server = _tls(pki, tmp_path, "redis").start()

    async def run() -> None:
        async with nodes(_by_tls("a", server, pki), _by_tls("b", server, pki)) as (a, b):
            await a.cluster.share_answer(key(1), COMPLIANT, time.time())
            await until(lambda: key(1) in b.inbox.newest)
        await _refused(_by_tls("a", server, pki, ca_file=pki.other_ca_file), "ca_file")
        # TLS 1.3 tells a client only after the handshake that its certificate is missing.
        no_certificate = _by_tls("a", server, pki, certificate_file=None, key_file=None)
        await _refused(no_certificate, "certificate", "Connection")
        await _refused(replace(settings("a", server.port)), "next=")  # no TLS at all
        await _refused(_by_tls("a", server, pki, ca_file=tmp_path / "missing.pem"), "missing.pem", "No such file")

    try:
        asyncio.run(run())
    finally:
        server.end()


def test_tls_to_another_host(pki: LabPki, tmp_path: Path) -> None:
    server = _tls(pki, tmp_path, "elsewhere").start()
    try:
        asyncio.run(_refused(_by_tls("a", server, pki), "names in Redis's certificate"))
    finally:
        server.end()


def test_passwords_and_users(tmp_path: Path) -> None:
    (tmp_path / "right").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("wrong")
    (tmp_path / "empty").write_text("\n")
    server = RealRedis(tmp_path / "redis", "--requirepass", "correct horse")
    server.client_options = {"password": "correct horse"}
    server.start()
    # The least that a user of ours needs, as the README has it.
    rights = ("~mdm:*", "+@read", "+@write", "+@scripting", "+@connection", "+info", "+time", "+role")
    server.ask("ACL", "SETUSER", "mdm", "on", ">correct horse", *rights)
    server.ask("ACL", "SETUSER", "poor", "on", ">correct horse", "~mdm:*", "+@connection")

    async def run() -> None:
        plain = replace(settings("a", server.port), password_file=tmp_path / "right")
        named = replace(settings("b", server.port), password_file=tmp_path / "right", user="mdm")
        async with nodes(plain, named) as (a, b):
            await b.cluster.share_answer(key(1), COMPLIANT, time.time())
            await until(lambda: key(1) in a.inbox.newest)
            await b.cluster.put_session(session("b"), "one")
            await b.sent()
        for file, advice in (("wrong", "password_file"), ("empty", "is empty"), ("missing", "readable")):
            await _refused(replace(plain, password_file=tmp_path / file), advice)
        await _refused(settings("a", server.port), "password_file")
        await _refused(replace(named, user="poor"), "ACL")

    try:
        asyncio.run(run())
    finally:
        server.end()


def test_pauses_grow_and_are_never_in_step() -> None:
    backoff = Backoff(0.1, 5.0)
    pauses = [backoff.next() for _ in range(12)]
    for attempt, pause in enumerate(pauses):
        step = min(5.0, 0.1 * 2**attempt)
        assert step / 2 <= pause <= step
    assert len(set(pauses)) == 12
    backoff.reset()
    assert backoff.next() <= 0.1
