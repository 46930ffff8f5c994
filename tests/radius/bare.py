"""A FreeRADIUS with nothing in it but a python3 hook that returns what a test wrote down, in `-f` with threads.

So what rlm_python3 and FreeRADIUS's encoder make of a list of pairs can be seen without the rest of this project.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from freeradius_mdm.lab import radiusd
from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.lab.raddb import OVERLAY
from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, Server, attributes
from freeradius_mdm.lab.radius.wire import WirePacket

_SECRET = "bare-secret-0123456789"  # noqa: S105 of a server on the loopback address
Encoded = Sequence[tuple[str, str, str]]

_HOOK = """
import json, os
HERE = os.path.dirname(__file__)
with open(HERE + "/lists.json", encoding="utf-8") as file:
    LISTS = json.load(file)

def _user(lists):
    return next(value for name, value in lists["request"] if name == "User-Name")

def authorize(lists):
    return 8, {"reply": tuple(tuple(pair) for pair in LISTS[int(_user(lists))])}

def post_auth(lists):
    line = json.dumps([_user(lists), lists["reply"]]) + "\\n"
    log = os.open(HERE + "/seen.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(log, line.encode())
    os.close(log)
    return 2
"""
_CONFIGURATION = """
prefix = /usr
libdir = /usr/lib/freeradius
logdir = {log}
run_dir = {log}
max_requests = 16384
proxy_requests = no
log {{
	destination = files
	file = {log}/radius.log
}}
security {{
	reject_delay = 0
	status_server = no
}}
thread pool {{
	start_servers = 2
	max_servers = 2
}}
modules {{
	python3 bare {{
		python_path = "{directory}"
		module = bare_hook
		mod_authorize = ${{.module}}
		func_authorize = authorize
		mod_post_auth = ${{.module}}
		func_post_auth = post_auth
		pass_all_vps_dict = yes
	}}
}}
client all {{
	ipaddr = 127.0.0.1
	secret = {secret}
	require_message_authenticator = yes
}}
server default {{
	listen {{
		type = auth
		ipaddr = 127.0.0.1
		port = {port}
	}}
	authorize {{
		bare
		update control {{
			&Auth-Type := Accept
		}}
	}}
	post-auth {{
		bare
		update reply {{
			&Message-Authenticator !* ANY
			&Message-Authenticator ^= 0x00
		}}
	}}
}}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one list: the reply list as the hook in post-auth saw it, and the packet."""

    seen: tuple[tuple[str, str], ...]
    packet: WirePacket

    @property
    def raw(self) -> list[tuple[int, bytes]]:
        """Every attribute but Message-Authenticator as (number, octets), in wire order, vendors' not taken apart."""
        found, at, octets = [], 20, self.packet.octets
        while at < len(octets):
            number, length = octets[at], octets[at + 1]
            if number != 80:
                found.append((number, octets[at + 2 : at + length]))
            at += length
        return found


@contextmanager
def running(host: radiusd.Host, directory: Path, lists: Sequence[Encoded]) -> Iterator[BareServer]:
    """The server; request number N gets `lists[N]` as its reply."""
    port = free_port(socket.SOCK_DGRAM)
    raddb, log = directory / "raddb", directory / "log"
    for made in (raddb, log):
        made.mkdir(parents=True)
    values = {"log": log, "directory": directory, "secret": _SECRET, "port": port}
    (raddb / "radiusd.conf").write_text(_CONFIGURATION.format(**values), encoding="utf-8")
    overlay = (OVERLAY / "dictionary.mdm").read_text(encoding="utf-8")
    (raddb / "dictionary").write_text(overlay, encoding="utf-8")
    (directory / "bare_hook.py").write_text(_HOOK, encoding="utf-8")
    (directory / "lists.json").write_text(json.dumps(lists), encoding="utf-8")
    host.share(directory)
    try:
        process = radiusd.start(host, raddb, log)
        try:
            yield BareServer(directory, port)
        finally:
            process.stop()
    finally:
        host.close()


class BareServer:
    """Asks the server, and tells what its hook saw."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self._server = Server("127.0.0.1", port, _SECRET.encode())

    def ask(self, number: int, proxy_states: Sequence[bytes] = ()) -> Answer:
        """The answer to a request that gets that list; the request carries these Proxy-States."""
        with RadiusClient(self._server, RetryPolicy(tries=1, wait=10.0)) as client:
            encoded = attributes.encode((("User-Name", str(number)),))
            if proxy_states:
                encoded[33] = list(proxy_states)
            packet = client.exchange_wire(client.access_request(encoded, password="x"))  # noqa: S106 no secret
        return Answer(self._seen(number), packet)

    def _seen(self, number: int) -> tuple[tuple[str, str], ...]:
        """The last of that number; the line was written before the answer was sent."""
        lines = (self._directory / "seen.jsonl").read_text(encoding="utf-8").splitlines()
        seen = [reply for user, reply in map(json.loads, lines) if user == str(number)]
        return tuple((name, value) for name, value in seen[-1] or ())
