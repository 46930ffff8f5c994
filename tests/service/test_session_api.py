"""/v1/sessions: the query string, and what is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from freeradius_mdm.service.api import _errors_as_text
from freeradius_mdm.service.session_api import SessionApi, filter_of
from freeradius_mdm.store.coa_orders import OrderQueries
from freeradius_mdm.store.sessions import SessionFilter, SessionQueries
from freeradius_mdm.store.write import StoreWriter
from tests.store.test_sessions import FULL, PLAIN


def asked(directory: Path, path: str) -> tuple[int, str]:
    """Status and text of the answer to a GET."""

    async def run() -> tuple[int, str]:
        store = directory / "store.sqlite"
        application = web.Application(middlewares=[_errors_as_text])
        application.add_routes(SessionApi(SessionQueries(store), OrderQueries(store)).routes())
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            base = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with ClientSession(base) as client, client.get(path) as response:
                return response.status, await response.text()
        finally:
            await runner.cleanup()

    return asyncio.run(run())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    writer = StoreWriter(tmp_path)
    writer.put_sessions([FULL, PLAIN])
    writer.close()
    return tmp_path


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/v1/sessions", [FULL.id, PLAIN.id]),
        ("/v1/sessions?limit=1", [FULL.id]),
        ("/v1/sessions?mac=0050.56a1.b2c3", [FULL.id]),
        ("/v1/sessions?nas=switch&state=live", [FULL.id]),
        ("/v1/sessions?nas=switch&state=ended", []),
        ("/v1/sessions?state=authorized", [PLAIN.id]),
    ],
)
def test_list(directory: Path, path: str, ids: list[str]) -> None:
    status, text = asked(directory, path)
    assert (status, [each["id"] for each in json.loads(text)["sessions"]]) == (200, ids)


def test_one_in_full(directory: Path) -> None:
    status, text = asked(directory, f"/v1/sessions/{FULL.id}")
    body = json.loads(text)
    assert status == 200
    assert (body["state"], body["former_acct_session_ids"]) == ("started", ["0000001A", "0000001B"])
    assert (body["session_timeout"], body["timer_ends_at"], body["user"]) == (14400, 1_700_014_460.5, "host/é")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v1/sessions/0123", 404, "no session of that id is in the store"),
        ("/v1/sessions?limit=0", 400, "limit is 1 to 1000"),
        ("/v1/sessions?limit=ten", 400, "limit is 1 to 1000"),
        ("/v1/sessions?limit=" + "9" * 5000, 400, "limit is 1 to 1000"),
        ("/v1/sessions?colour=red", 400, "unknown: colour; allowed: limit, mac, identity, user, nas, rule, profile"),
        ("/v1/sessions?state=up", 400, "state is one of authorized, started, ended, live"),
        ("/v1/sessions?mac=zz", 400, "mac is the address of one station, for example 00-50-56-A1-B2-C3"),
    ],
)
def test_refused(directory: Path, path: str, status: int, text: str) -> None:
    found = asked(directory, path)
    assert (found[0], found[1].startswith(text)) == (status, True), found


def test_a_store_that_can_not_be_read(directory: Path) -> None:
    (directory / "store.sqlite").rename(directory / "away")
    assert asked(directory, "/v1/sessions")[0] == 503


def test_filter() -> None:
    assert filter_of({}) == (SessionFilter(), 100)
    assert filter_of({"mac": "00:50:56:a1:b2:c3", "limit": "7"}) == (SessionFilter(mac="005056A1B2C3"), 7)
