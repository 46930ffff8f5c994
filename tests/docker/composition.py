"""docker/lab.sh with a project, a network, ports and a directory of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import uuid
from pathlib import Path
from typing import Any

from freeradius_mdm.lab.processes import free_port
from freeradius_mdm.lab.radius import RadiusClient, RetryPolicy, Server
from tests.docker.images import NAME, ROOT, Images

PARTS = ("radius1", "radius2", "mdmd1", "mdmd2", "node1", "node2", "redis1", "redis2", "sentinel1", "sentinel2")
PARTS += ("sentinel3", "microsoft")


class Composition:
    """`output`: what `up` printed. `ports`: this machine's, by the name of compose.yaml's variable."""

    def __init__(self, images: Images, site: Path) -> None:
        self.client = images.client
        self.site = site
        self.project = f"mdm-test-{uuid.uuid4().hex[:8]}"
        udp = socket.SOCK_DGRAM
        self.ports = {f"MDM_{name}{node}_PORT": free_port(udp) for name in ("RADIUS", "ACCOUNTING") for node in (1, 2)}
        self.ports["MDM_CONTROL_PORT"] = free_port()
        self.network = self._free_network()
        self.output = ""
        self._environment = {
            "MDM_SITE": str(site),
            "MDM_PROJECT": self.project,
            "MDM_NETWORK": self.network,
            "IMAGES": NAME,
            "MDM_IMAGES": NAME,
            "MDM_TAG": images.tag,
            **{name: str(port) for name, port in self.ports.items()},
        }

    def _free_network(self) -> str:
        taken = {
            config.get("Subnet", "")
            for network in self.client.networks.list()
            for config in (network.attrs["IPAM"]["Config"] or [])
        }
        return next(f"10.213.{n}" for n in range(100, 250) if f"10.213.{n}.0/24" not in taken)

    def lab(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`docker/lab.sh ARGUMENTS`; with `check` a failure fails the test with all it said."""
        done = subprocess.run(
            [ROOT / "docker/lab.sh", *arguments],
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def up(self) -> None:
        """Everything, until the cast has signed in as expected."""
        self.output = self.lab("up").stdout

    def down(self) -> None:
        """Nothing of it stays."""
        self.lab("down")

    def containers(self) -> dict[str, Any]:
        """Those of the project, by service; ended ones too."""
        found = self.client.containers.list(all=True, filters={"label": f"com.docker.compose.project={self.project}"})
        return {each.labels["com.docker.compose.service"]: each for each in found}

    def container(self, service: str) -> Any:
        """The one of a service, as it is now."""
        return self.containers()[service]

    def health(self, service: str) -> str:
        """starting, healthy or unhealthy; "" without a health check."""
        made = self.container(service)
        made.reload()
        return str(made.attrs["State"].get("Health", {}).get("Status", ""))

    def secret(self) -> bytes:
        """The RADIUS secret of the lab's network."""
        return (self.site / "lab/radius.secret").read_bytes().strip()

    def radius(self, node: int) -> RadiusClient:
        """A RADIUS client on this machine, of the node's published port."""
        server = Server("127.0.0.1", self.ports[f"MDM_RADIUS{node}_PORT"], self.secret())
        return RadiusClient(server, RetryPolicy(tries=1, wait=10.0))
