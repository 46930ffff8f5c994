"""The four images: who runs in them, what is in them and what is not, and what a change of code costs."""

from __future__ import annotations

import re
import shutil
import tarfile
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.docker.images import LABELS, ROOT, TARGETS, Images

USERS = {"freeradius": "950", "mdmd": "951", "redis": "952", "lab": "951"}
# Megabytes. The base has 78, FreeRADIUS's packages with what Debian makes them need 94, Python 35, the lock file's 52.
CEILINGS = {"freeradius": 195, "mdmd": 185, "redis": 100, "lab": 200}
WRITABLE = {
    "freeradius": {"/run/freeradius", "/var/lib/freeradius-mdm", "/var/lib/freeradius-mdm/journal"},
    "mdmd": {"/var/lib/freeradius-mdm", "/var/lib/freeradius-mdm/journal"},
    "redis": {"/run/redis", "/var/lib/redis"},
    "lab": {"/var/lib/freeradius-mdm", "/var/lib/freeradius-mdm/journal"},
}
# An armoured key and not its mention in a library.
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")


@pytest.mark.parametrize("target", TARGETS)
def test_labels(images: Images, target: str) -> None:
    """The annotations of the OCI image specification (annotations.md); the last three are what the build was told."""
    labels = images.get(target).labels
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert labels["org.opencontainers.image.title"] == f"freeradius-mdm {target}"
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.revision"] == LABELS["REVISION"]
    assert labels["org.opencontainers.image.source"] == LABELS["SOURCE"]
    assert labels["org.opencontainers.image.licenses"] == LABELS["LICENSES"]
    assert labels["org.opencontainers.image.description"]


@pytest.mark.parametrize("target", TARGETS)
def test_nobody_is_root(images: Images, target: str) -> None:
    assert images.run(target, "id", "-u").strip() == USERS[target]


@pytest.mark.parametrize("target", TARGETS)
def test_only_its_state_is_its_own(images: Images, target: str) -> None:
    """With a writable root, so that what counts is who owns what: code, configuration and programs are root's."""
    places = "/boot /etc /home /media /mnt /opt /root /run /srv /usr /var"
    shell = f"find {places} -xdev -writable \\( -type f -o -type d \\) 2>/dev/null || true"
    found = set(images.run(target, "sh", "-c", shell, read_only=False).split())
    assert found - {"/run/lock", "/var/tmp", "/var/lock"} == WRITABLE[target]  # noqa: S108 everybody's


@pytest.mark.parametrize("target", TARGETS)
def test_size(images: Images, target: str) -> None:
    assert images.get(target).attrs["Size"] / 1_000_000 < CEILINGS[target]


@pytest.mark.parametrize("target", TARGETS)
def test_no_key_in_any_layer(images: Images, target: str, tmp_path: Path) -> None:
    """Of `docker save`, so that a file which a later layer has removed counts too."""
    archive = tmp_path / "image.tar"
    with archive.open("wb") as file:
        for chunk in images.get(target).save():
            file.write(chunk)
    layers = files = 0
    with tarfile.open(archive) as image:
        for member in image:
            if not member.isfile() or not (content := image.extractfile(member)):
                continue
            try:
                with tarfile.open(fileobj=content) as layer:
                    layers += 1
                    files += _search(layer)
            except tarfile.ReadError:
                continue  # a description in JSON
    assert layers >= 4
    assert files > 2000


def _search(layer: tarfile.TarFile) -> int:
    """How many files there were to look into."""
    files = 0
    for entry in layer:
        if entry.isfile() and (content := layer.extractfile(entry)):
            files += 1
            octets = content.read()
            # The keys that libgnutls and libssh2 test themselves with are everybody's.
            assert octets.startswith(b"\x7fELF") or not PRIVATE_KEY.search(octets), entry.name
    return files


def test_versions(images: Images) -> None:
    assert "Version 3.2.7" in images.run("freeradius", "freeradius", "-v")
    assert images.run("mdmd", "python3", "--version").startswith("Python 3.13.")


def test_exactly_what_the_lock_file_names(images: Images) -> None:
    code = "import importlib.metadata as m\nfor d in m.distributions(): print(f'{d.name.lower()}=={d.version}')"
    python = "/opt/freeradius-mdm/.venv/bin/python"
    debian13 = {"python_version": "3.13", "python_full_version": "3.13.5"}
    for target, file in (("mdmd", "run.txt"), ("lab", "lab.txt")):
        lines = (ROOT / "lock" / file).read_text(encoding="utf-8").splitlines()
        pins = [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[a-z]", line)]
        wanted = {f"{pin.name}{pin.specifier}" for pin in pins if not pin.marker or pin.marker.evaluate(debian13)}
        assert set(images.run(target, python, "-c", code).replace("_", "-").split()) == wanted


def test_the_lab_is_in_its_own_image_only(images: Images) -> None:
    for target in TARGETS:
        found = images.run(
            target, "sh", "-c", "ls /opt/freeradius-mdm/module/freeradius_mdm 2>/dev/null || true"
        ).split()
        assert ("lab" in found) == (target == "lab")
        assert ("hooks.py" in found) == (target != "redis")


def test_programs_run_on_a_read_only_root(images: Images) -> None:
    assert images.run("mdmd", "mdmd", "--help").startswith("usage: mdmd")
    assert images.run("lab", "mdm-lab", "microsoft", "--help").startswith("usage: mdm-lab microsoft")
    assert images.run("redis", "redis-server", "--version").startswith("Redis server")


def test_start_says_what_it_wants(images: Images) -> None:
    """FreeRADIUS's image without the tmpfs that its start needs."""
    container = images.client.containers.create(images.name("freeradius"), read_only=True, network_mode="none")
    try:
        container.start()
        assert container.wait(timeout=30)["StatusCode"] == 1
        said = container.logs().decode()
    finally:
        container.remove(force=True)
    assert said == (
        "start: /run/freeradius can't be written. Next: --tmpfs /run/freeradius:uid=950,gid=950,mode=0750\n"
    )


def test_a_change_of_code_rebuilds_the_last_layer_only(images: Images, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for part in ("docker", "freeradius", "lock", "module", "pyproject.toml"):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, repository / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, repository / part)
    changed = f"{images.tag}-changed"
    with (repository / "module/freeradius_mdm/errors.py").open("a", encoding="utf-8") as file:
        file.write(f"# {changed}\n")
    try:
        started = time.monotonic()
        images.build(repository, changed)
        took = time.monotonic() - started
        for target in ("freeradius", "mdmd", "lab"):
            before, after = images.layers(target), images.layers(target, changed)
            assert before[:-1] == after[:-1]
            assert before[-1] != after[-1]
        assert images.layers("redis") == images.layers("redis", changed)
        assert took < 60, f"{took:.0f} s"
    finally:
        images.remove(changed)
