"""mdmd's part in downloadable ACLs: it keeps every version that was in force, and makes the key of their State."""

from __future__ import annotations

from collections.abc import Mapping

from ..config.model import Service
from ..dacl import Dacl
from ..download import key
from ..download.versions import versions
from ..errors import StoreError
from ..store.dacls import AclVersion
from ..store.write import StoreWriter
from .events import EventLog

REFRESH = 3600.0  # seconds; how exactly the store knows until when a version was in force
_SLACK = 2 * REFRESH


class DaclKeeper:
    """`keep` is to be called about once a second, in one thread at a time. It never raises for store or file."""

    def __init__(self, writer: StoreWriter, events: EventLog) -> None:
        self._writer = writer
        self._events = events
        self._kept: Mapping[str, Dacl] | None = None
        self._kept_at = 0.0
        self._store_error = ""
        self._key_error = ""

    def keep(self, dacls: Mapping[str, Dacl], service: Service, now: float) -> None:
        """Store what is in force when that changed, and every hour; make the key when there is none."""
        if dacls is self._kept and 0 <= now - self._kept_at < REFRESH:
            return
        self._look_after_key(service)
        found = [
            AclVersion(name, style.value, entries)
            for name, version in versions(dacls).items()
            for style, entries in version.items()
        ]
        try:
            self._writer.put_dacl_versions(found, now)
        except StoreError as error:
            if not self._store_error:
                self._events.error("dacl_versions_not_stored", error=error, next="it is tried again")
            self._store_error = str(error)
            return
        if dacls is not self._kept or self._store_error:
            self._events.info("dacl_versions_stored", count=len(found))
        self._store_error = ""
        self._kept, self._kept_at = dacls, now

    def forget(self, service: Service, now: float) -> int:
        """Delete what no session can hold any more; returns the number of versions. Raises StoreError."""
        return self._writer.purge_dacls(now - service.keep_old_dacls - _SLACK)

    def _look_after_key(self, service: Service) -> None:
        """A key of several servers is the operator's: made by each of them, there would be as many keys."""
        error = ""
        try:
            if service.dacl_key_file is None and key.make(service.dacl_key):
                self._events.info("dacl_key_made", file=service.dacl_key)
            elif not service.dacl_key.exists():
                error = f"{service.dacl_key} is not there"
        except OSError as failed:
            error = f"{service.dacl_key}: {failed.strerror}"
        if error and error != self._key_error:
            hint = "make it once, 32 random bytes, and copy it to every server; long ACLs are refused until then"
            self._events.error("dacl_key_missing", error=error, next=hint)
        self._key_error = error
