"""Images and a composition of the tests' own, in whatever engine answers; the scripts of docker/ make both.

`make test-docker` runs these (MDM_TEST_DOCKER=1). In `make test` they are skipped, because they build images and may
install and start an engine.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.docker.composition import Composition
from tests.docker.images import Images
from tests.docker.outside import Outside

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of an engine that answers."""
    if os.environ.get("MDM_TEST_DOCKER") != "1":
        pytest.skip("containers: `make test-docker` runs these")
    done = subprocess.run([ROOT / "docker/engine.sh", "start"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no container engine can be had: {done.stderr.strip()}")
    host = done.stdout.strip().removeprefix("export DOCKER_HOST=")
    if host != ":":
        os.environ["DOCKER_HOST"] = host
    client = docker.from_env(timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="session")
def images(engine: docker.DockerClient) -> Iterator[Images]:
    """The images of this checkout, with a tag of their own that is taken away at the end."""
    made = Images(engine, f"test-{uuid.uuid4().hex[:8]}")
    made.base()
    try:
        made.build()
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def composition(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composition]:
    """Two nodes, Redis and the simulated Microsoft, healthy, after the cast has signed in; gone after the module."""
    made = Composition(images, tmp_path_factory.mktemp("composition") / "site")
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture(scope="session")
def outside(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """One more composition, for what is driven from outside and what breaks down; each test leaves it whole."""
    directory = tmp_path_factory.mktemp("outside")
    composition = Composition(images, directory / "site")
    made = Outside(composition, images, directory)
    try:
        made.start()
        yield made
    finally:
        composition.down()
    assert made.left_behind() == []
