"""Beside a real mdmd: what it says of its servers, and the live log from radiusd's journal to the terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeradius_mdm.cli.main import main
from tests.service.fakes import until_now
from tests.service.process import Site
from tests.store.samples import key

from .terminal import Terminal


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end()


def test_servers(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.get(f"/v1/endpoints/intune/intune/{key().value}?wait=10s")
    until_now(lambda: site.get("/v1/health")["servers"][0]["warm"])
    assert main(["--config", str(site.config), "servers", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["trouble"] == ""
    (server,) = body["servers"]
    assert (server["name"], server["state"], server["records"], server["answered"]) == ("intune", "reachable", 1, 1)
    assert server["live"]["breaker"] == "closed"
    assert (server["live"]["in_flight"], server["live"]["backlog"], server["live"]["window"]) == (0, 0, "unknown")
    assert server["live"]["next_sweep"] > time.time()
    (site.directory / "down").touch()
    for number in range(2, 8):  # as many failures as open the breaker
        site.get(f"/v1/endpoints/intune/intune/{key(number).value}?wait=10s")
    assert main(["--config", str(site.config), "servers"]) == 0
    out = capsys.readouterr().out
    assert "unreachable, asked again in" in out
    assert "M1211 connection refused" in out


def test_the_live_log_outlives_mdmd(site: Site) -> None:
    site.journal(1)
    until_now(lambda: site.stored() == 1)
    with Terminal(["--config", str(site.config), "live"], columns=140, rows=30) as terminal:
        terminal.wait_for(lambda text: "host/1 " in text and "waiting for decisions" in text)
        site.journal(2)
        terminal.wait_for(lambda text: "host/2 " in text)
        assert site.end() == 0
        terminal.wait_for(lambda text: "mdmd does not answer" in text)
        site.journal(3)
        site.start()
        terminal.wait_for(lambda text: "host/3 " in text and "waiting for decisions" in text)
        terminal.press("\x03")
        assert terminal.wait() == 0
        assert [line.split()[3] for line in terminal.text.splitlines()[1:]] == ["host/1", "host/2", "host/3"]
