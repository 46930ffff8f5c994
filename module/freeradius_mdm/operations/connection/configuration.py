"""mdm.toml as a connection test reads it: also a server that is switched off, and first of all its own settings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from ...config.model import Config, Server
from ...config.reader import load
from ...errors import ConfigError
from ..codes import OperationCode
from ..errors import OperationError
from . import edit
from .model import Outcome, StepState
from .walk import Walk


def read(file: Path, server: str = "") -> Config:
    """The configuration; a faulty one is read as if `server` were enabled, if that mends it.

    A server is tested before it is enabled, and a file without any enabled server is faulty. Raises ConfigError with
    what is wrong besides, OperationError for a server that is not there.
    """
    try:
        return load(file)
    except ConfigError as error:
        text = edit.with_enabled(edit.text_of(file), server, True) if server else None
        if text is None:
            raise error
        config = load(file, text=text)
    servers = tuple(replace(each, enabled=each.enabled and each.name != server) for each in config.servers)
    return replace(config, servers=servers)


def find(config: Config, name: str) -> Server:
    """The server of that name. Raises OperationError M1806."""
    found = next((server for server in config.servers if server.name == name), None)
    if found is None:
        raise OperationError(
            OperationCode.NOT_FOUND,
            f"no MDM server is called {name[:64]!r}",
            where=str(config.file),
            allowed=", ".join(server.name for server in config.servers),
            next="mdmctl servers lists them",
        )
    return found


def settings(walk: Walk) -> Outcome:
    """Whom it is about, and what the configuration warns of."""
    server = walk.server
    text = [
        f"tenant {server.tenant}, {server.cloud_name} cloud{'' if server.enabled else ', not enabled yet'}",
        f"file {walk.config.file}",
        f"client id {server.client_id}",
    ]
    if server.proxy:
        text.append(f"proxy {without_password(server.proxy)}")
    number = walk.config.servers.index(server) + 1
    own = re.compile(rf"\bservers\[{number}\]")
    warnings = [warning for warning in walk.config.warnings if own.search(warning)]
    state = StepState.WARNING if warnings else StepState.OK
    return Outcome((*text, *warnings), state)


def without_password(address: str) -> str:
    """A proxy's address as it may be printed."""
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}"
