"""Building the images as `make docker-images` does, and looking into them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import docker
from docker.errors import ImageNotFound

ROOT = Path(__file__).parents[2]
TARGETS = ("freeradius", "mdmd", "redis", "lab")
NAME = "freeradius-mdm"
LABELS = {"SOURCE": "https://example.net/freeradius-mdm", "LICENSES": "test", "REVISION": "0123abc"}


class Images:
    """Four images with one tag. `client`: the engine."""

    def __init__(self, client: docker.DockerClient, tag: str) -> None:
        self.client = client
        self.tag = tag

    def name(self, target: str) -> str:
        return f"{NAME}/{target}:{self.tag}"

    def base(self) -> None:
        """Have the base image in the engine."""
        _run([str(ROOT / "docker/base.sh")], {})

    def build(self, repository: Path = ROOT, tag: str = "") -> None:
        """Build them from a repository; `tag` instead of our own."""
        _run([str(repository / "docker/build.sh")], {"IMAGES": NAME, "TAG": tag or self.tag, **LABELS})

    def get(self, target: str, tag: str = "") -> Any:
        """The SDK's image."""
        return self.client.images.get(f"{NAME}/{target}:{tag or self.tag}")

    def layers(self, target: str, tag: str = "") -> list[str]:
        """The digests of its layers, the base's first."""
        return list(self.get(target, tag).attrs["RootFS"]["Layers"])

    def run(self, target: str, *command: str, **options: Any) -> str:
        """Standard output of a program in it, run as its own user on a read-only root without a network."""
        program, *arguments = command
        settings = {"entrypoint": [program], "read_only": True, "network_mode": "none", "cap_drop": ["ALL"]} | options
        made = self.client.containers.run(self.name(target), arguments, remove=True, **settings)
        return str(made.decode())

    def remove(self, tag: str = "") -> None:
        """Take the tags away. What they were built of stays as the builder's cache."""
        for target in TARGETS:
            try:
                self.client.images.remove(f"{NAME}/{target}:{tag or self.tag}", noprune=True)
            except ImageNotFound:
                continue


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=1200
    )
    assert done.returncode == 0, done.stdout + done.stderr
