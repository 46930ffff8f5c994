"""Sites for the end-to-end tests: a real radiusd, a real mdmd, and the simulated Microsoft, on free ports.

`MDM_TEST_CHROOT=DIR` runs radiusd in a chroot of another Debian; everything else stays on this machine.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freeradius_mdm.lab.radiusd import Host
from freeradius_mdm.lab.site import Settings, Site
from tests.radius.endpoint import Endpoint

_macs = itertools.count(0x00505600_0000)
MakeSite = Callable[..., Site]
# Tests make records older than they are; mdmd's own questions would renew those behind their backs.
QUIET = {"recheck_rate": "0"}


def _host() -> Host:
    chroot = os.environ.get("MDM_TEST_CHROOT")
    return Host(Path(chroot) if chroot else None)


def _stock() -> Path | None:
    """The copy that `make setup` made, because only root can read the original."""
    copy = Path(os.environ.get("MDM_LAB_STATE", ".state")) / "stock-raddb"
    return copy if copy.exists() and not os.environ.get("MDM_TEST_CHROOT") else None


@pytest.fixture(scope="session")
def new_site() -> MakeSite:
    """A site that is not started yet, for what has to lie in its directory first: `new_site(directory, toml={...})`."""

    def make(directory: Path, **settings: object) -> Site:
        return Site(directory, _host(), Settings(stock_raddb=_stock(), **settings))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests that only sign devices in; each brings devices of its own."""
    with Site(tmp_path_factory.mktemp("site"), _host(), Settings(stock_raddb=_stock(), toml=dict(QUIET))) as running:
        yield running


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site of one test file's own: its tests may disturb it, and leave it as they found it."""
    with Site(tmp_path_factory.mktemp("site"), _host(), Settings(stock_raddb=_stock(), toml=dict(QUIET))) as running:
        yield running


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """A site of the test's own, for tests that stop or reconfigure something. `make_site(toml={...}, ...)`."""
    sites: list[Site] = []

    def make(**settings: object) -> Site:
        directory = tmp_path / f"site{len(sites)}"
        settings["toml"] = QUIET | settings.get("toml", {})  # type: ignore[operator]
        made = Site(directory, _host(), Settings(stock_raddb=_stock(), **settings))  # type: ignore[arg-type]
        sites.append(made.__enter__())
        return made

    yield make
    for made in reversed(sites):
        made.__exit__(None, None, None)


@pytest.fixture
def new_endpoint() -> Callable[[Site], Endpoint]:
    """A device that no other test has: its own id, certificate and MAC; Intune does not know it yet."""

    def make(at: Site) -> Endpoint:
        number = next(_macs)
        digits = f"{number:012x}"
        return Endpoint(at, str(uuid.uuid4()), "-".join(digits[i : i + 2] for i in range(0, 12, 2)))

    return make
