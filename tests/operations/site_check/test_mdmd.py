"""What mdmd's /v1/health means; its body is as service/health.py has it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from freeradius_mdm.config.model import Config
from freeradius_mdm.operations.site_check import mdmd
from tests import builders

HEALTH: Mapping[str, Any] = {
    "status": "ok",
    "servers": [{"name": "Intune", "breaker": "closed", "warm": True, "failure": ""}],
    "store": {"error": "", "unsaved_answers": 0},
    "journal": {"error": "", "segments": 1, "lag_bytes": 12, "rejects": 0},
    "coa": {"mode": "on", "open": 2, "alarms": [], "clients_error": ""},
    "cluster": {"mode": "alone"},
    "config": {"error": ""},
}


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/v1/health" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def config_at(directory: Path, port: int) -> Config:
    line = f'[service]\nlisten = "127.0.0.1:{port}"\n'
    config = builders.config(directory, ("[service]\n", line))
    config.service.state_directory.mkdir()
    return config


def control_socket(config: Config, mode: int = 0o600) -> None:
    path = config.service.state_directory / "control.sock"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    path.chmod(mode)


def found(directory: Path, changes: Mapping[str, Any], *, mode: int = 0o600) -> list[str]:
    with answering(json.dumps({**HEALTH, **changes}).encode()) as port:
        config = config_at(directory, port)
        control_socket(config, mode)
        return [f"{each.state} {each.check}: {each.text}" for each in mdmd.check(config)]


def test_a_healthy_one(tmp_path: Path) -> None:
    first, *rest = found(tmp_path, {})
    assert first.startswith("ok mdmd.health: mdmd answers at 127.0.0.1:")
    assert rest == [
        "ok mdmd.servers: Intune is ready to be asked",
        "ok mdmd.store: store and journal are in use, 12 bytes are still to be read",
        "ok mdmd.coa: 2 changes of authorization are open, no network device is in trouble",
        "ok mdmd.control: mdmd can be told what to do",
    ]


ALARM = {"client": "192.0.2.1", "code": "M1610", "detail": "no answer", "count": 3, "next": "see the device"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"config": {"error": "1 error\nline two"}},
            "error mdmd.health: mdmd refuses the present mdm.toml and goes on with the one before: 1 error line two",
        ),
        (
            {"servers": [{"name": "Intune", "breaker": "open", "warm": True, "failure": "M1210 no answer"}]},
            "error mdmd.servers: Intune: its breaker is open, it is not asked: M1210 no answer",
        ),
        (
            {"servers": [{"name": "Intune", "breaker": "closed", "warm": False, "failure": ""}]},
            "warning mdmd.servers: Intune: no token and address yet, the next device has to wait for them",
        ),
        ({"store": {"error": "disk full"}}, "error mdmd.store: answers can't be stored: disk full"),
        (
            {"journal": {"error": "not readable", "lag_bytes": None, "rejects": None}},
            "error mdmd.store: the journal can't be read: not readable",
        ),
        (
            {"journal": {"error": "", "lag_bytes": 0, "rejects": 4}},
            "warning mdmd.store: 4 journal lines could not be understood and were set aside",
        ),
        (
            {"coa": {"mode": "on", "open": 0, "alarms": [ALARM], "clients_error": ""}},
            "warning mdmd.coa: 192.0.2.1: M1610 no answer (3 times)",
        ),
        (
            {"coa": {"mode": "on", "open": 0, "alarms": [], "clients_error": "clients.conf: can't be read"}},
            "error mdmd.coa: FreeRADIUS's clients can't be read: clients.conf: can't be read",
        ),
        ({"coa": {"mode": "off"}}, "ok mdmd.coa: coa.mode is off: no network device is told of a change"),
        (
            {"cluster": {"mode": "cut_off", "reason": "Redis does not answer"}},
            "warning mdmd.cluster: this node is cut off from the others: Redis does not answer",
        ),
        ({"cluster": {"mode": "joined", "peers": [{}]}}, "ok mdmd.cluster: this node shares with 1 other"),
    ],
)
def test_what_it_reports(tmp_path: Path, changes: Mapping[str, Any], expected: str) -> None:
    assert expected in found(tmp_path, changes)


def test_many_alarms_are_not_all_told(tmp_path: Path) -> None:
    alarms = [{**ALARM, "client": f"192.0.2.{number}"} for number in range(9)]
    lines = found(tmp_path, {"coa": {"mode": "on", "open": 0, "alarms": alarms, "clients_error": ""}})
    assert sum("M1610" in line for line in lines) == 5
    assert "warning mdmd.coa: and 4 more network devices are in trouble" in lines


@pytest.mark.parametrize(("body", "status"), [(b"hello", 200), (b"{}", 200), (b"[]", 200), (b"no", 404)])
def test_another_service_in_its_place(tmp_path: Path, body: bytes, status: int) -> None:
    with answering(body, status) as port:
        (only,) = mdmd.check(config_at(tmp_path, port))
    assert only.text.startswith(f"mdmd does not answer at 127.0.0.1:{port} (")
    assert only.code == "M1825"


def test_nobody_listens(tmp_path: Path) -> None:
    with answering(b"") as port:
        pass
    (only,) = mdmd.check(config_at(tmp_path, port))
    assert "Connection refused" in only.text
    assert only.advice == "systemctl status mdmd; journalctl -u mdmd"


def test_a_control_socket_for_anybody(tmp_path: Path) -> None:
    assert found(tmp_path, {}, mode=0o666)[-1] == (
        "error mdmd.control: anybody may use the control socket, its mode is 0666"
    )


def test_no_control_socket(tmp_path: Path) -> None:
    with answering(json.dumps(HEALTH).encode()) as port:
        *_, last = mdmd.check(config_at(tmp_path, port))
    assert last.text == (
        "the control socket can't be used (No such file or directory): mdmctl refresh, coa and exempt don't work"
    )


def test_a_file_in_the_sockets_place(tmp_path: Path) -> None:
    with answering(json.dumps(HEALTH).encode()) as port:
        config = config_at(tmp_path, port)
        (config.service.state_directory / "control.sock").write_text("")
        *_, last = mdmd.check(config)
    assert last.text == "is no socket: mdmctl refresh, coa and exempt don't work"
