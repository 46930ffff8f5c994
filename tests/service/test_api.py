"""The API over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector, web

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.model import Config, Mode, NetworkDevices, Policy, Service
from freeradius_mdm.decision import Outcome
from freeradius_mdm.profiles.family import FAMILIES
from freeradius_mdm.service import coa_parts
from freeradius_mdm.service.api import Api, key_of
from freeradius_mdm.service.cluster.alone import Alone
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.exemptions import Exemptions
from freeradius_mdm.service.health import Health
from freeradius_mdm.service.journal_reader import JournalReader
from freeradius_mdm.service.polling import Polling
from freeradius_mdm.service.recheck.runner import Recheck
from freeradius_mdm.service.sessions import SessionKeeper
from freeradius_mdm.store.exemptions import ExemptionQueries
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.write import JournalPosition
from tests.store.samples import COMPLIANT, decision, key

from .fakes import AT, Bench, bench, down, server, until

GUID = key().value


@dataclass
class Running:
    bench: Bench
    client: ClientSession
    health: Health

    async def get(self, path: str) -> tuple[int, str, str | None]:
        async with self.client.get(path) as response:
            return response.status, await response.text(), response.headers.get("X-MDM-Result")


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Running]:
    servers = (server(), server("off", enabled=False))
    policy = Policy(Mode.ENFORCE, None, "none", ())
    service = Service("127.0.0.1", 0, directory, 0.05, False)
    config = Config(
        directory / "mdm.toml", service, servers, (), policy, {}, {}, NetworkDevices(FAMILIES["generic"], None, {}), {}
    )
    async with bench(directory, *servers) as b:
        (directory / "journal").mkdir()
        keeper = SessionKeeper(b.writer, EventLog(b.log, b.clock), AT, "radius1")
        journal = JournalReader(directory / "journal", b.writer, keeper, b.clock, lambda _: None)
        queries = StoreQueries(directory / "store.sqlite")
        recheck = Recheck(b.lookups, b.reader, EventLog(b.log, b.clock), b.clock)
        polling = Polling(b.lookups, recheck, b.reader, directory, EventLog(b.log, b.clock), b.clock)
        log = EventLog(b.log, b.clock)
        coa = coa_parts.make(
            directory / "store.sqlite", b.writer, keeper, b.recorder.settle, lambda: config, log, b.clock, b.clock
        )
        alone = Alone("radius1", b.clock)
        exemptions = Exemptions(
            b.writer, ExemptionQueries(directory / "store.sqlite"), coa.changes, lambda: config, log, b.clock
        )
        health = Health(b.lookups, b.recorder, journal, queries, keeper, recheck, polling, coa, exemptions, alone)
        runner = web.AppRunner(Api(b.lookups, queries, lambda: config, health.body, b.clock).application())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with ClientSession(base, connector=TCPConnector(limit=0)) as client:
            try:
                yield Running(b, client, health)
            finally:
                await runner.cleanup()


def run(directory: Path, test: Callable[[Running], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with running(directory) as r:
            await test(r)

    asyncio.run(asyncio.wait_for(whole(), 60))


def test_answered_failed_timeout(tmp_path: Path) -> None:
    async def test(r: Running) -> None:
        path = f"/v1/endpoints/intune/intune/{GUID}"
        r.bench.source.gate.clear()
        assert await r.get(f"{path}?wait=10ms") == (204, "", "timeout")
        assert await r.get(path) == (204, "", "timeout")  # the configured wait
        r.bench.source.gate.set()
        assert await r.get(f"{path}?wait=2000ms") == (204, "", "answered")
        assert await r.get(f"{path}?wait=0ms") == (204, "", "answered")
        r.bench.source.error = down()
        assert await r.get(f"/v1/endpoints/intune/intune/{key(2).value}?wait=2s") == (204, "", "failed")

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v1/endpoints/intune/intune/not-a-guid", 400, "not a intune identifier: 'not-a-guid'"),
        ("/v1/endpoints/intune/serial/1", 400, "KIND is one of intune, entra, mac"),
        ("/v1/endpoints/intune", 400, "the path ends in SERVER/KIND/VALUE"),
        (f"/v1/endpoints/intune/intune/{GUID}?wait=2000", 400, "'2000' is no duration"),
        (f"/v1/endpoints/intune/intune/{GUID}?wait=1h", 400, "wait is 30s at most"),
        (f"/v1/endpoints/intune/intune/{GUID}%FF", 400, "can't decode"),
        (f"/v1/endpoints/never/intune/{GUID}", 404, "no enabled MDM server is called 'never'"),
        (f"/v1/endpoints/off/intune/{GUID}", 404, "no enabled MDM server is called 'off'"),
        (f"/v1/records/intune/intune/{GUID}", 404, f"no MDM server was asked about intune/intune/{GUID} so far"),
        ("/v1/decisions?limit=0", 400, "limit is 1 to 1000"),
        ("/v1/decisions?colour=red", 400, "unknown: colour; allowed: limit, outcome, user"),
        ("/v1/decisions?outcome=maybe", 400, "'maybe' is not a valid Outcome"),
        ("/v1/decisions/0123", 404, "no decision of that id"),
        ("/v2/", 404, ""),
    ],
)
def test_refused(tmp_path: Path, path: str, status: int, text: str) -> None:
    async def test(r: Running) -> None:
        found = await r.get(path)
        assert found[0] == status
        assert text in found[1]

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"intune/intune/{GUID}", EndpointKey("intune", IdKind.INTUNE, GUID)),
        (f"intune%2Fintune%2F{GUID.replace('-', '%2d')}", EndpointKey("intune", IdKind.INTUNE, GUID)),
        ("i/entra/" + GUID.upper().replace("00", "AB"), EndpointKey("i", IdKind.ENTRA, GUID.replace("00", "ab"))),
        ("intune/mac/00%3A11%3a22:33:44:aa", EndpointKey("intune", IdKind.MAC, "0011223344AA")),
        ("intune/mac/0011.2233.44aa", EndpointKey("intune", IdKind.MAC, "0011223344AA")),
        ("intune/mac/00-11-22-33-44-AA", EndpointKey("intune", IdKind.MAC, "0011223344AA")),
    ],
)  # fmt: skip
def test_key_of(path: str, expected: EndpointKey) -> None:
    assert key_of(path) == expected


def test_encoded_slashes_reach_us(tmp_path: Path) -> None:
    """rlm_rest encodes every character of an expansion that is not a letter or a digit."""

    async def test(r: Running) -> None:
        port = r.client._base_url.port  # type: ignore[union-attr]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        path = f"/v1/endpoints/intune%2Fintune%2F{GUID}?wait=2000ms"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert head.startswith(b"HTTP/1.1 204")
        assert b"X-MDM-Result: answered" in head
        assert r.bench.source.asked == [key()]

    run(tmp_path, test)


def test_256_connections_that_stay(tmp_path: Path) -> None:
    async def test(r: Running) -> None:
        r.bench.source.gate.clear()
        path = f"/v1/endpoints/intune/intune/{GUID}?wait=20s"
        first = [asyncio.create_task(r.get(path)) for _ in range(256)]
        await until(lambda: r.bench.source.asked)
        r.bench.source.gate.set()
        assert {result for _, _, result in await asyncio.gather(*first)} == {"answered"}
        assert len(r.bench.source.asked) == 1
        again = await asyncio.gather(*(r.get(path) for _ in range(256)))
        assert {result for _, _, result in again} == {"answered"}

    run(tmp_path, test)


def test_record(tmp_path: Path) -> None:
    async def test(r: Running) -> None:
        r.bench.writer.put_answer(key(), COMPLIANT, AT - 60)
        status, text, _ = await r.get(f"/v1/records/intune/intune/{GUID}")
        assert status == 200
        assert json.loads(text) == {
            "server": "intune",
            "kind": "intune",
            "value": GUID,
            "answer": {
                "registration": "Registered",
                "compliance": "Compliant",
                "managed": "True",
                "macs": ["0011223344AA", "0011223344AB"],
            },
            "answered_at": AT - 60,
            "age": 60,
            "due_at": AT + 14340,
            "due": False,
            "failed_at": None,
            "failure": "",
        }
        r.bench.writer.put_failure(key(2), "M1211 down", AT)
        body = json.loads((await r.get(f"/v1/records/intune/intune/{key(2).value}"))[1])
        assert (body["answer"], body["due"], body["failure"]) == (None, True, "M1211 down")

    run(tmp_path, test)


def test_decisions(tmp_path: Path) -> None:
    async def test(r: Running) -> None:
        made = [decision(n, outcome=Outcome.REJECT if n == 2 else Outcome.ACCEPT) for n in range(5)]
        r.bench.writer.ingest(made, [], JournalPosition("a", 1, 1), AT)
        shown = json.loads((await r.get("/v1/decisions?limit=2"))[1])["decisions"]
        assert [each["user"] for each in shown] == ["host/4", "host/3"]
        older = json.loads((await r.get(f"/v1/decisions?limit=2&before={shown[-1]['seq']}"))[1])["decisions"]
        assert [each["user"] for each in older] == ["host/2", "host/1"]
        rejects = json.loads((await r.get("/v1/decisions?outcome=reject"))[1])["decisions"]
        assert [each["id"] for each in rejects] == [decision(2).id]
        one = json.loads((await r.get(f"/v1/decisions/{decision(3).id}"))[1])
        assert one["steps"] == [{"code": "M1101", "text": "endpoint identified", "at_ms": 0.5}]

    run(tmp_path, test)


def test_health(tmp_path: Path) -> None:
    async def test(r: Running) -> None:
        await until(lambda: r.bench.lookups.health()[0].warm)
        body = json.loads((await r.get("/v1/health"))[1])
        assert body["status"] == "ok"
        assert [each["name"] for each in body["servers"]] == ["intune"]
        assert body["journal"] == {"error": "", "segments": 0, "lag_bytes": 0, "rejects": 0}
        assert body["store"] == {"error": "", "unsaved_answers": 0}
        (tmp_path / "journal" / "20231114T22.jsonl").write_text("\nunread\n")
        r.bench.source.error = down(60.0)
        await r.get(f"/v1/endpoints/intune/intune/{GUID}?wait=2s")
        body = json.loads((await r.get("/v1/health"))[1])
        assert body["status"] == "degraded"
        assert body["journal"]["lag_bytes"] == 8
        (intune,) = body["servers"]
        assert (intune["breaker"], intune["failure"]) == ("open", "M1211 connection refused")
        assert (intune["last_failure"], intune["next_probe_in"]) == (AT, 60)

    run(tmp_path, test)


def test_a_store_that_can_not_be_read_is_503(tmp_path: Path) -> None:
    async def test(r: Running) -> None:
        (tmp_path / "store.sqlite").rename(tmp_path / "away")
        for path in ("/v1/decisions", f"/v1/records/intune/intune/{GUID}"):
            status, text, _ = await r.get(path)
            assert (status, "store" in text) == (503, True)
        assert (await r.get("/v1/health"))[0] == 200
        (tmp_path / "away").rename(tmp_path / "store.sqlite")

    run(tmp_path, test)
