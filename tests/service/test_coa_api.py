"""/v1/coa: the query string, and what is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from freeradius_mdm.service.api import _errors_as_text
from freeradius_mdm.service.coa_api import CoaApi
from freeradius_mdm.store.coa_orders import OrderQueries
from freeradius_mdm.store.write import StoreWriter
from tests.store.test_coa_orders import FULL, PLAIN


def asked(directory: Path, path: str) -> tuple[int, str]:
    """Status and text of the answer to a GET."""
    writer = StoreWriter(directory)
    writer.put_orders([FULL, PLAIN])
    writer.close()

    async def run() -> tuple[int, str]:
        application = web.Application(middlewares=[_errors_as_text])
        application.add_routes(CoaApi(OrderQueries(directory / "store.sqlite")).routes())
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


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [PLAIN.id, FULL.id]),
        ("?limit=1", [PLAIN.id]),
        ("?open=true", [FULL.id]),
        ("?open=false&client=192.0.2.20", [PLAIN.id]),
        ("?state=timeout&session_id=s1", [FULL.id]),
    ],
)
def test_list(query: str, ids: list[str], tmp_path: Path) -> None:
    status, text = asked(tmp_path, f"/v1/coa{query}")
    assert (status, [each["id"] for each in json.loads(text)["orders"]]) == (200, ids)


def test_an_order_shows_its_identifier_and_not_its_packet(tmp_path: Path) -> None:
    (order,) = json.loads(asked(tmp_path, "/v1/coa?open=true")[1])["orders"]
    assert (order["identifier"], order["attributes"]) == (7, ["Cisco-AVPair = x", "Class = 0x6d"])
    assert (order["state"], order["tried"], order["settled"]) == ("timeout", ["push", "bounce"], False)
    assert "packet" not in order


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?limit=0", "limit is 1 to 1000"),
        ("?stat=nak", "unknown: stat; allowed: limit, session_id, client, state, profile, open"),
        ("?state=lost", "state is one of planned, grace, sent"),
        ("?open=1", "open is true or false"),
    ],
)
def test_what_does_not_fit_is_told(query: str, said: str, tmp_path: Path) -> None:
    status, text = asked(tmp_path, f"/v1/coa{query}")
    assert status == 400
    assert text.startswith(said)
