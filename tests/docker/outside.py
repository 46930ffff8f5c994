"""The composition as network devices, endpoints, operators and Intune see it from outside of its containers.

Before it starts, its site gets what the tests need: quick rechecks, a long downloadable ACL, and the address that
everything on this machine comes from as a network device of its own, with the port that it takes changes of
authorization on.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from docker.errors import APIError

from freeradius_mdm.lab.pki import LabPki
from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, Server
from tests.docker.composition import PARTS, Composition
from tests.docker.images import Images
from tests.docker.intune import Intune
from tests.radius import acls

NODES = (1, 2)
WITHIN = 120.0  # seconds; far more than anything here takes
_PYTHON = "/opt/freeradius-mdm/.venv/bin/python"
_LOOK_EVERY = 0.25
# In the order in which they are started.
_ORDER = ("redis", "sentinel", "microsoft", "node", "mdmd", "radius")
_SETTINGS = {
    'recheck_interval = "15m"': 'recheck_interval = "2s"',
    "recheck_rate = 5": "recheck_rate = 50",
    "\n[cluster]\n": '\n[cluster]\ngone_after = "4s"\n',
    '# timeout = "30s"': 'timeout = "10s"',
}
_GET = """\
import sys, urllib.request as u
for path in sys.argv[1:]:
    print(u.urlopen("http://127.0.0.1:8650" + path, timeout=10).read().decode())
"""
_IDS = """\
import contextlib, sqlite3
with contextlib.closing(sqlite3.connect("file:/var/lib/freeradius-mdm/store.sqlite?mode=ro", uri=True, timeout=5)) as c:
    for row in c.execute("SELECT id, outcome, user, mac FROM decisions"):
        print(*(each or "-" for each in row), sep="\\t")
"""


class NotYet(AssertionError):
    """A program in a container did not do what it was asked."""


def until(condition: Callable[[], object], what: str, within: float = WITHIN) -> float:
    """Wait for a condition; returns how many seconds that took. `NotYet` inside it counts as no."""
    began = time.monotonic()
    why = ""
    while True:
        try:
            if condition():
                return time.monotonic() - began
        except NotYet as error:
            why = f": {error}"
        if time.monotonic() - began > within:
            raise AssertionError(f"{what}: not within {within:g} s{why}")
        time.sleep(_LOOK_EVERY)


class Outside:
    """`gateway`: this machine's address on the composition's network. `pki`: issues what endpoints show."""

    def __init__(self, composition: Composition, images: Images, directory: Path) -> None:
        self.composition = composition
        self.directory = directory
        self.gateway = f"{composition.network}.1"
        self.coa_port = free_port(socket.SOCK_DGRAM, "0.0.0.0")  # noqa: S104 the gateway is not there yet
        self.microsoft = Intune(f"http://127.0.0.1:{composition.ports['MDM_CONTROL_PORT']}")
        self.pki: LabPki
        self.secret = b""
        self._images = images
        self._known: dict[str, Any] = {}

    def start(self) -> None:
        """Everything, until both nodes see each other."""
        self._prepare()
        self.composition.up()
        self._known = self.composition.containers()
        until(self.whole, "both nodes are there and see each other")

    def client(self, node: int = 1, *, accounting: bool = False, retry: RetryPolicy | None = None) -> RadiusClient:
        """A RADIUS client of a node's published port."""
        port = self.composition.ports[f"MDM_{'ACCOUNTING' if accounting else 'RADIUS'}{node}_PORT"]
        return RadiusClient(Server("127.0.0.1", port, self.secret), retry or RetryPolicy(tries=1, wait=10.0))

    def api(self, node: int, path: str) -> Any:
        """What a node's mdmd says. Raises NotYet."""
        return self.several(node, path)[0]

    def several(self, node: int, *paths: str) -> list[Any]:
        """What it says to each of several questions. Raises NotYet."""
        said = self._program(f"mdmd{node}", "python3", "-I", "-S", "-c", _GET, *paths)
        return [json.loads(line) for line in said.splitlines()]

    def health(self, node: int) -> Any:
        """/v1/health of a node. Raises NotYet."""
        return self.api(node, "/v1/health")

    def decision(self, node: int, identifier: str) -> Any:
        """A decision, as soon as the node's store has it."""
        found: list[Any] = []

        def there() -> bool:
            found[:] = [self.api(node, f"/v1/decisions/{identifier}")]
            return True

        until(there, f"decision {identifier} is in the store of node {node}")
        return found[0]

    def stored(self, node: int) -> list[tuple[str, str, str, str]]:
        """id, outcome, user and MAC ("-" for nothing) of every decision, as soon as the journal has been read."""
        until(lambda: self.health(node)["journal"]["lag_bytes"] == 0, f"the journal of node {node} is in its store")
        lines = self._program(f"mdmd{node}", "python3", "-I", "-S", "-c", _IDS).splitlines()
        return [(*line.split("\t", 3),) for line in lines]  # type: ignore[misc]

    def whole(self) -> bool:
        """Whether everything runs, and both nodes have no trouble and see each other. Raises NotYet."""
        if any(self._state(service) not in ("healthy", "running") for service in PARTS):
            return False
        told = [self.health(node) for node in NODES]
        return all(
            each["status"] == "ok"
            and each["cluster"]["mode"] == "joined"
            and each["cluster"]["unsent"] == 0
            and [peer["alive"] for peer in each["cluster"]["peers"]] == [True]
            for each in told
        )

    def kill(self, *services: str) -> float:
        """SIGKILL to all of them at the same time; returns the moment, by the monotonic clock."""
        with ThreadPoolExecutor(len(services)) as pool:
            moment = time.monotonic()
            list(pool.map(lambda service: self._known[service].kill(), services))
        return moment

    def bring_back(self) -> None:
        """Start what does not run."""
        for service in sorted(PARTS, key=lambda part: (_ORDER.index(part.rstrip("0123456789")), part)):
            if self._state(service) not in ("healthy", "unhealthy", "starting", "running"):
                self._known[service].start()

    def redis_in_use(self, node: int) -> str:
        """redis1 or redis2: the one that a node is joined to, "" while it is cut off. Raises NotYet."""
        cluster = self.health(node)["cluster"]
        last = cluster["redis"].rpartition(":")[0].rpartition(".")[2] if cluster["mode"] == "joined" else ""
        return {"11": "redis1", "12": "redis2"}.get(last, "")

    def replication(self, service: str) -> dict[str, str]:
        """INFO replication of a Redis. Raises NotYet."""
        command = "REDISCLI_AUTH=$(cat /run/secrets/redis.password) redis-cli --user mdm info replication"
        said = self._program(service, "sh", "-c", command)
        return dict(line.strip().split(":", 1) for line in said.splitlines() if ":" in line)

    def forget(self, service: str) -> None:
        """Empty a stopped Redis's volume."""
        self._images.client.containers.run(
            self._images.name("redis"),
            ["/var/lib/redis", "-mindepth", "1", "-delete"],
            entrypoint=["find"],
            volumes={f"{self.composition.project}_{service}": {"bind": "/var/lib/redis"}},
            network_mode="none",
            remove=True,
        )

    def left_behind(self) -> list[str]:
        """Containers, networks, volumes and files of the composition that are still there."""
        chosen = {"filters": {"label": f"com.docker.compose.project={self.composition.project}"}}
        client = self._images.client
        found = [*client.containers.list(all=True, **chosen), *client.networks.list(**chosen)]
        found += client.volumes.list(**chosen)
        return [each.name for each in found] + [str(site) for site in [self.composition.site] if site.exists()]

    def _state(self, service: str) -> str:
        """As the health check has it, else as the engine has it."""
        self._known[service].reload()
        state = self._known[service].attrs["State"]
        return str(state.get("Health", {}).get("Status", "") or state["Status"]) if state["Running"] else "exited"

    def _program(self, service: str, *command: str) -> str:
        self._known[service].reload()
        if not self._known[service].attrs["State"]["Running"]:
            raise NotYet(f"{service} does not run")
        done = self._run(service, list(command))
        output, errors = (each.decode(errors="replace") if each else "" for each in done.output)
        if done.exit_code != 0:
            raise NotYet(f"{service}: {' '.join(command[:1])} ended with {done.exit_code}: {errors.strip()[-300:]}")
        return output

    def _run(self, service: str, command: list[str]) -> Any:
        """All commands only read, so that one can be run again where the SDK has lost its place in the output."""
        why: Exception | None = None
        for _ in range(3):
            try:
                return self._known[service].exec_run(command, demux=True)
            except (APIError, ValueError) as error:  # APIError: it has ended just now
                why = error
        raise NotYet(f"{service}: {why}")

    def _prepare(self) -> None:
        """Lay the site's files out as `lab.sh up` does, which leaves them alone then, and change some."""
        site = self.composition.site
        site.mkdir(parents=True)
        network = f"{self.composition.network}.0/24"
        self._as_root({}, _PYTHON, "-m", "freeradius_mdm.lab.containers", "prepare", "/site", "--network", network)
        self._copy_pki()
        self.secret = self.composition.secret()
        toml = (site / "config/mdm.toml").read_text(encoding="utf-8")
        for old, new in _SETTINGS.items():
            assert toml.count(old) == 1, f"mdm.toml has {toml.count(old)} of {old!r}"
            toml = toml.replace(old, new)
        clients = self._client("lab", network)
        clients += self._client("outside", self.gateway, f"mdm_coa_port = {self.coa_port}")
        long = "\n".join(acls.LONG) + "\n"
        self._put({"config/mdm.toml": toml, "config/dacls/LONG.acl": long, "secrets/clients.conf": clients})

    def _client(self, name: str, address: str, more: str = "") -> str:
        return (
            f"client {name} {{\n\tipaddr = {address}\n\tsecret = {self.secret.decode()}\n\tshortname = {name}\n"
            f"\trequire_message_authenticator = yes\n\t{more}\n}}\n"
        )

    def _copy_pki(self) -> None:
        mine = self.directory / "pki"
        mine.mkdir(parents=True)
        names = " ".join(f"/site/lab/pki/{name}" for name in ("ca.pem", "ca.key", "other-ca.pem", "other-ca.key"))
        command = f"cp {names} /mine/ && chown {os.getuid()}:{os.getgid()} /mine/*"
        self._as_root({str(mine): {"bind": "/mine"}}, "sh", "-c", command)
        self.pki = LabPki(mine).create()

    def _put(self, texts: Mapping[str, str]) -> None:
        """Files of the site; one that is there keeps its owner and mode."""
        stage = self.directory / "stage"
        for name, text in texts.items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_text(text, encoding="utf-8")
            (stage / name).chmod(0o644)
        self._as_root({str(stage): {"bind": "/stage", "mode": "ro"}}, "sh", "-c", "cp -r /stage/. /site/")
        shutil.rmtree(stage)

    def _as_root(self, volumes: dict[str, dict[str, str]], program: str, *arguments: str) -> None:
        """The site's files belong to the containers' users, so a container of root's writes them."""
        self._images.client.containers.run(
            self._images.name("lab"),
            list(arguments),
            entrypoint=[program],
            user="0:0",
            network_mode="none",
            volumes={str(self.composition.site): {"bind": "/site"}, **volumes},
            remove=True,
        )
