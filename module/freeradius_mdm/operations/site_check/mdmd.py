"""mdmd itself: does it run, what has it to report, can it be told something?"""

from __future__ import annotations

import http.client
import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...config.model import Config
from ..codes import OperationCode
from .finding import Finding, Findings

_HEALTH = Findings("mdmd.health", OperationCode.SITE_MDMD)
_SERVERS = Findings("mdmd.servers", OperationCode.SITE_MDMD)
_STORE = Findings("mdmd.store", OperationCode.SITE_MDMD)
_COA = Findings("mdmd.coa", OperationCode.SITE_MDMD)
_CLUSTER = Findings("mdmd.cluster", OperationCode.SITE_MDMD)
_SOCKET = Findings("mdmd.control", OperationCode.SITE_MDMD)
_TIMEOUT = 5.0  # seconds
SOCKET = "control.sock"
_ALARMS = 5  # told at most


def check(config: Config | None) -> Iterator[Finding]:
    """GET /v1/health, taken apart."""
    if config is None:
        yield _HEALTH.skipped("mdm.toml has errors, and says where mdmd listens")
        return
    address = f"{config.service.listen_host}:{config.service.listen_port}"
    try:
        health = _get(config)
    except (OSError, http.client.HTTPException, ValueError) as error:
        what = f"mdmd does not answer at {address} ({error}): devices whose record is due get the rules for UnReachable"
        yield _HEALTH.error(what, "systemctl status mdmd; journalctl -u mdmd", address)
        return
    yield _health(health, address)
    yield from _servers(health)
    yield from _stores(health)
    yield from _coa(health)
    yield from _cluster(health)
    yield _socket(config.service.state_directory / SOCKET)


def _get(config: Config) -> Mapping[str, Any]:
    """Raises OSError, HTTPException and ValueError."""
    connection = http.client.HTTPConnection(config.service.listen_host, config.service.listen_port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/v1/health")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise ValueError(f"HTTP status {answer.status}; is that another service?")
        health = json.loads(body)
    finally:
        connection.close()
    if not isinstance(health, dict) or "servers" not in health:
        raise ValueError("its answer is not mdmd's; is that another service?")
    return health


def _health(health: Mapping[str, Any], address: str) -> Finding:
    error = health.get("config", {}).get("error")
    if error:
        what = f"mdmd refuses the present mdm.toml and goes on with the one before: {_first(error)}"
        return _HEALTH.error(what, "correct what is named above; mdmd takes it over by itself", address)
    return _HEALTH.ok(f"mdmd answers at {address}", address)


def _servers(health: Mapping[str, Any]) -> Iterator[Finding]:
    for server in health["servers"]:
        name, failure = server.get("name", ""), server.get("failure") or "nothing was asked so far"
        if server.get("breaker") != "closed":
            what = f"{name}: its breaker is {server.get('breaker')}, it is not asked: {failure}"
            yield _SERVERS.error(what, f"mdmctl test {name}")
        elif not server.get("warm"):
            what = f"{name}: no token and address yet, the next device has to wait for them"
            yield _SERVERS.warning(what, f"mdmctl test {name}")
        else:
            yield _SERVERS.ok(f"{name} is ready to be asked")


def _stores(health: Mapping[str, Any]) -> Iterator[Finding]:
    store, journal = health.get("store", {}), health.get("journal", {})
    if store.get("error"):
        what = f"answers can't be stored: {_first(store['error'])}"
        yield _STORE.error(what, "see the state directory's owner, mode and free space")
    if journal.get("error"):
        what = f"the journal can't be read: {_first(journal['error'])}"
        yield _STORE.error(what, "see the state directory's owner, mode and free space")
    if journal.get("rejects"):
        what = f"{journal['rejects']} journal lines could not be understood and were set aside"
        yield _STORE.warning(what, "are radiusd's and mdmd's package of the same release?")
    if not (store.get("error") or journal.get("error") or journal.get("rejects")):
        yield _STORE.ok(f"store and journal are in use, {journal.get('lag_bytes') or 0} bytes are still to be read")


def _coa(health: Mapping[str, Any]) -> Iterator[Finding]:
    coa = health.get("coa", {})
    if coa.get("mode") == "off":
        yield _COA.ok("coa.mode is off: no network device is told of a change")
        return
    if coa.get("clients_error"):
        what = f"FreeRADIUS's clients can't be read: {_first(coa['clients_error'])}"
        yield _COA.error(what, "usermod -a -G freerad mdmd, or correct coa.clients")
    alarms = coa.get("alarms", [])
    for alarm in alarms[:_ALARMS]:
        what = f"{alarm['client']}: {alarm['code']} {alarm['detail']} ({alarm['count']} times)"
        yield _COA.warning(what, alarm["next"] or "see the detail")
    if len(alarms) > _ALARMS:
        what = f"and {len(alarms) - _ALARMS} more network devices are in trouble"
        yield _COA.warning(what, "GET /v1/health of mdmd lists them all")
    if not alarms and not coa.get("clients_error"):
        yield _COA.ok(f"{coa.get('open', 0)} changes of authorization are open, no network device is in trouble")


def _cluster(health: Mapping[str, Any]) -> Iterator[Finding]:
    cluster = health.get("cluster", {})
    if cluster.get("mode") == "cut_off":
        what = f"this node is cut off from the others: {cluster.get('reason') or 'Redis can not be used'}"
        yield _CLUSTER.warning(what, "it goes on alone; see [cluster] and Redis's own log")
    elif cluster.get("mode") == "joined":
        peers = len(cluster.get("peers", []))
        yield _CLUSTER.ok(f"this node shares with {peers} other{'' if peers == 1 else 's'}")


def _socket(path: Path) -> Finding:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        what = f"the control socket can't be used ({error.strerror}): mdmctl refresh, coa and exempt don't work"
        return _SOCKET.warning(what, "restart mdmd: an older one may be running", str(path))
    if not stat.S_ISSOCK(mode):
        what = "is no socket: mdmctl refresh, coa and exempt don't work"
        return _SOCKET.error(what, "remove it and restart mdmd", str(path))
    if mode & 0o007:
        what = f"anybody may use the control socket, its mode is {stat.S_IMODE(mode):04o}"
        return _SOCKET.error(what, f"chmod o= {path}, and see who changed it", str(path))
    return _SOCKET.ok("mdmd can be told what to do", str(path))


def _first(text: str) -> str:
    return " ".join(text.split())[:300]
