"""The lock files: what pyproject.toml asks for is in them, each version with hashes, and the smaller in the larger."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WANTED = {
    "run.txt": PROJECT["dependencies"],
    "lab.txt": PROJECT["dependencies"] + EXTRAS["lab"],
    "dev.txt": PROJECT["dependencies"] + EXTRAS["lab"] + EXTRAS["dev"],
}


def pins(file: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Name to the line's requirement and its hashes."""
    text = (ROOT / "lock" / file).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        requirement = Requirement(line.split(" --hash=", 1)[0].strip())
        found[canonicalize_name(requirement.name)] = (requirement, re.findall(r"--hash=sha256:([0-9a-f]{64})\b", line))
    return found


@pytest.mark.parametrize("file", WANTED)
def test_what_pyproject_wants_is_pinned(file: str) -> None:
    locked = pins(file)
    for text in WANTED[file]:
        wanted = Requirement(text)
        requirement, _ = locked[canonicalize_name(wanted.name)]
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        assert wanted.specifier.contains(pin.version), f"{text}: make lock"


@pytest.mark.parametrize("file", WANTED)
def test_every_pin_has_hashes(file: str) -> None:
    for name, (requirement, hashes) in pins(file).items():
        assert hashes, name
        assert len(requirement.specifier) == 1


@pytest.mark.parametrize(("smaller", "larger"), [("run.txt", "lab.txt"), ("lab.txt", "dev.txt")])
def test_one_holds_the_other(smaller: str, larger: str) -> None:
    more = pins(larger)
    for name, (requirement, hashes) in pins(smaller).items():
        assert more[name][0].specifier == requirement.specifier
        assert set(hashes) == set(more[name][1])


def test_no_index_is_named() -> None:
    for file in WANTED:
        assert "://" not in (ROOT / "lock" / file).read_text(encoding="utf-8")
