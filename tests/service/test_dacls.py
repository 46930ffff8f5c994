"""mdmd keeps every version of a downloadable ACL that was in force, and makes the key."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freeradius_mdm.config.model import Service
from freeradius_mdm.dacl import MaskStyle
from freeradius_mdm.service.dacls import DaclKeeper
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.store.read import StoreReader
from freeradius_mdm.store.write import StoreWriter
from tests.download.acls import dacls, named

from .fakes import AT

DAY = 86400.0
OPEN = named("OPEN", "permit ip any any")


@dataclass
class Parts:
    directory: Path
    writer: StoreWriter
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.keeper = DaclKeeper(self.writer, EventLog(self.log, lambda: AT))
        self.reader = StoreReader(self.directory / "state" / "store.sqlite")
        self.service = Service("127.0.0.1", 0, self.directory / "state", 2.0, False)

    def events(self) -> list[str]:
        return [line.split("event=")[1].split(" ")[0] for line in self.log.getvalue().splitlines()]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path, StoreWriter(tmp_path / "state", busy_timeout=0.01))
    yield made
    made.reader.close()
    made.writer.close()


def test_what_is_in_force_is_stored_in_every_style(parts: Parts) -> None:
    net = "permit ip any 10.0.0.0 0.255.255.255"
    parts.keeper.keep(dacls(parts.directory / "dacls", OPEN="permit ip any any", NET=net), parts.service, AT)
    assert parts.reader.dacl_version(OPEN) == dict.fromkeys(MaskStyle, ("permit ip any any",))
    assert parts.reader.dacl_version(named("NET", net)) == {"wildcard": (net,)}
    turned = "permit ip any 10.0.0.0 255.0.0.0"
    assert parts.reader.dacl_version(named("NET", turned)) == {"netmask": (turned,)}
    assert parts.events() == ["dacl_key_made", "dacl_versions_stored"]


def test_a_change_keeps_the_older_version_for_its_time(parts: Parts) -> None:
    first = dacls(parts.directory / "dacls", OPEN="permit ip any any")
    for hours in range(25):
        parts.keeper.keep(first, parts.service, AT + hours * 3600)
    second = dacls(parts.directory / "dacls", OPEN="deny ip any any")
    changed = AT + DAY + 60
    parts.keeper.keep(second, parts.service, changed)
    # keep_old_dacls is seven days, and it was in force until a minute before the change.
    assert parts.keeper.forget(parts.service, changed + 7 * DAY) == 0
    assert parts.reader.dacl_version(OPEN) != {}
    assert parts.keeper.forget(parts.service, changed + 8 * DAY) == 4
    assert parts.reader.dacl_version(OPEN) == {}


def test_nothing_is_written_without_need(parts: Parts) -> None:
    first = dacls(parts.directory / "dacls", OPEN="permit ip any any")
    parts.keeper.keep(first, parts.service, AT)
    parts.writer.purge_dacls(AT + 1)
    parts.keeper.keep(first, parts.service, AT + 3599)
    assert parts.reader.dacl_version(OPEN) == {}
    parts.keeper.keep(first, parts.service, AT + 3600)
    assert parts.reader.dacl_version(OPEN) != {}
    # A clock that was set back must not stop it for as long.
    parts.writer.purge_dacls(AT + DAY)
    parts.keeper.keep(first, parts.service, AT - DAY)
    assert parts.reader.dacl_version(OPEN) != {}


def test_a_store_that_fails_is_told_once_and_tried_again(parts: Parts) -> None:
    first = dacls(parts.directory / "dacls", OPEN="permit ip any any")
    parts.writer._connection.execute("ALTER TABLE dacl_versions RENAME TO away")
    for later in range(3):
        parts.keeper.keep(first, parts.service, AT + later)
    parts.writer._connection.execute("ALTER TABLE away RENAME TO dacl_versions")
    parts.keeper.keep(first, parts.service, AT + 4)
    assert parts.events() == ["dacl_key_made", "dacl_versions_not_stored", "dacl_versions_stored"]
    assert parts.reader.dacl_version(OPEN) != {}


def test_the_key_is_made_once(parts: Parts) -> None:
    parts.keeper.keep(dacls(parts.directory / "dacls"), parts.service, AT)
    path = parts.directory / "state" / "dacl.key"
    key = path.read_bytes()
    assert (len(key), stat.S_IMODE(path.stat().st_mode)) == (32, 0o640)
    parts.keeper.keep(dacls(parts.directory / "dacls"), parts.service, AT + 1)
    assert path.read_bytes() == key
    path.unlink()
    parts.keeper.keep(dacls(parts.directory / "dacls"), parts.service, AT + 2)
    assert path.read_bytes() != key


def test_a_shared_key_is_never_made_here(parts: Parts) -> None:
    shared = parts.directory / "shared.key"
    service = Service("127.0.0.1", 0, parts.directory / "state", 2.0, False, dacl_key_file=shared)
    for later in range(2):
        parts.keeper.keep(dacls(parts.directory / "dacls"), service, AT + later)
    assert not shared.exists()
    assert parts.events().count("dacl_key_missing") == 1
    assert "copy it to every server" in parts.log.getvalue()
    assert not (parts.directory / "state" / "dacl.key").exists()


def test_a_key_that_can_not_be_made_is_told(parts: Parts) -> None:
    service = Service("127.0.0.1", 0, parts.directory / "nowhere", 2.0, False)
    parts.keeper.keep(dacls(parts.directory / "dacls"), service, AT)
    assert "nowhere/dacl.key: No such file or directory" in parts.log.getvalue()
