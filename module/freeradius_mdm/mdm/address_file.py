"""The last good CRS address on disk, so that an outage of Graph alone does not stop CRS after a restart.

One small JSON file per server, replaced atomically, mode 0600. It is a cache: any fault in it means "nothing known",
and what it holds is checked again like an address from the network.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..log_line import quote as quoted
from .json_text import read_json

log = logging.getLogger(__name__)
_LARGEST = 8192  # bytes


@dataclass(frozen=True, slots=True)
class SavedAddress:
    """`owner` ties the address to tenant and Graph host. `found_at`: epoch seconds."""

    owner: str
    uri: str
    found_at: float


class AddressFile:
    """`STATE_DIRECTORY/crs-address-SERVER.json`."""

    def __init__(self, state_directory: Path, server_name: str) -> None:
        self.path = state_directory / f"crs-address-{quote(server_name, safe='')}.json"

    def read(self, owner: str) -> SavedAddress | None:
        """What was saved for this owner; None when nothing usable is there. Never raises."""
        try:
            with self.path.open("rb") as file:
                data = read_json(file.read(_LARGEST))
            saved = SavedAddress(str(data["owner"]), str(data["uri"]), float(data["found_at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return saved if saved.owner == owner else None

    def write(self, saved: SavedAddress) -> None:
        """Replace the file. A disk that can't be written is logged: the address in memory still serves."""
        data = {"owner": saved.owner, "uri": saved.uri, "found_at": saved.found_at}
        temporary = None
        try:
            # mkstemp makes it 0600.
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name + ".")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except OSError as error:
            log.warning("event=address_not_saved file=%s error=%s", self.path, quoted(error.strerror))
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
