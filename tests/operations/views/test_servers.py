"""MDM servers: from the store alone, and with what mdmd says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.compliance import EndpointKey, IdKind
from freeradius_mdm.config.model import Service
from freeradius_mdm.operations.views.mdmd import MdmdState, ask
from freeradius_mdm.operations.views.servers import ServerState, Waiting, servers, waiting

from .samples import COMPLIANT, LAPTOP, NONCOMPLIANT, NOW, TABLET, Site, accepted, closed_port, make_site, waited

OLD = EndpointKey("Former", IdKind.INTUNE, "00000000-0000-0000-0000-000000000009")
LANE: dict[str, Any] = {
    "name": "Intune",
    "breaker": "closed",
    "next_probe_in": 0.0,
    "in_flight": 2,
    "warm": True,
    "last_success": NOW - 3,
    "last_failure": NOW - 4000,
    "failure": "M1201 no connection in 2 s",
}
RECHECK = {"server": "Intune", "backlog": 7, "queries_per_second": 0.4, "rate": 5.0}
POLL = {"server": "Intune", "window": "open", "next_sweep": NOW + 900, "failure": ""}


def health(**lane: Any) -> MdmdState:
    return MdmdState({"servers": [{**LANE, **lane}], "recheck": [RECHECK], "polling": [POLL]})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An answer is due after 12960 s, as in test_devices.py."""
    made = make_site(tmp_path)
    with made.writer() as writer:
        writer.put_answer(LAPTOP, COMPLIANT, NOW - 12_959)
        writer.put_answer(TABLET, NONCOMPLIANT, NOW - 12_960)
        writer.put_failure(TABLET, "M1202 no answer in 5 s", NOW - 60)
        writer.put_failure(EndpointKey("Intune", IdKind.MAC, "001B54AA0001"), "M1232 throttled", NOW - 90)
        writer.put_answer(OLD, COMPLIANT, NOW - 90_000)
    return made


def test_without_mdmd_the_store_and_the_configuration_tell(site: Site) -> None:
    found = servers(site.config, MdmdState(trouble="mdmd does not answer"), NOW)
    (row,) = found.servers
    assert (row.name, row.cloud, row.tenant, row.state) == ("Intune", "global", "contoso.example", "not known")
    assert (row.records, row.answered, row.due, row.failing) == (3, 2, 1, 2)
    assert (row.last_answer, row.last_failure, row.failure) == (NOW - 12_959, NOW - 60, "M1202 no answer in 5 s")
    assert row.live is None
    assert [(each.server, each.records) for each in found.former] == [("Former", 1)]
    assert found.trouble == "mdmd does not answer"


def test_with_mdmd(site: Site) -> None:
    (row,) = servers(site.config, health(), NOW).servers
    assert (row.state, row.last_answer) == (ServerState.REACHABLE, NOW - 3)
    assert (row.last_failure, row.failure) == (NOW - 60, "M1202 no answer in 5 s")  # the store's is the later one
    assert row.live is not None
    assert (row.live.in_flight, row.live.backlog, row.live.rate) == (2, 7, 5.0)
    assert (row.live.window, row.live.next_sweep) == ("open", NOW + 900)


@pytest.mark.parametrize(
    ("lane", "state"),
    [
        ({"breaker": "open"}, ServerState.UNREACHABLE),
        ({"breaker": "half-open"}, ServerState.PROBING),
        ({"warm": False}, ServerState.NOT_WARM),
        ({"name": "another"}, ServerState.NOT_KNOWN),
    ],
)
def test_states(site: Site, lane: dict[str, Any], state: ServerState) -> None:
    assert servers(site.config, health(**lane), NOW).servers[0].state is state


def test_a_disabled_server(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    site.put()
    config = replace(site.config, servers=(replace(site.config.servers[0], enabled=False),))
    (row,) = servers(config, MdmdState({"servers": [], "recheck": [], "polling": []}), NOW).servers
    assert (row.enabled, row.state, row.records) == (False, ServerState.DISABLED, 0)


def test_how_long_authentications_waited() -> None:
    """Nearest rank: of 4 values the median is the second, and the 99th percentile the last."""
    decisions = [waited(1, 120.0), waited(2, 340.0), waited(3, 90.0), waited(4, 200.0), accepted(5)]
    decisions += [waited(6, 2000.0, answered=False)]
    assert waiting(decisions) == Waiting(answered=4, given_up=1, p50_ms=120.0, p99_ms=340.0, over_felt=1)
    assert waiting([accepted(1)]) == Waiting(0, 0, None, None, 0)


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """An HTTP server that gives this to everybody; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def service(port: int) -> Service:
    return Service("127.0.0.1", port, Path("state"), 2.0, False)


def test_asking_mdmd() -> None:
    with answering(200, json.dumps({"servers": [LANE]}).encode()) as port:
        state = ask(service(port))
    assert state.answers
    assert state.part("servers", "Intune", "name") == LANE


@pytest.mark.parametrize(("status", "body"), [(404, b"not here"), (200, b"{}"), (200, b"<html>"), (200, b"[1]")])
def test_something_else_answers(status: int, body: bytes) -> None:
    with answering(status, body) as port:
        state = ask(service(port))
    assert (state.answers, state.trouble) == (
        False,
        f"what answers at 127.0.0.1:{port} is not this mdmd: HTTP {status}",
    )


def test_nothing_answers() -> None:
    port = closed_port()
    assert ask(service(port)).trouble == f"mdmd does not answer at 127.0.0.1:{port}: Connection refused"
