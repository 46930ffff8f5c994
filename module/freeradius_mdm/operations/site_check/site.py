"""The site as the checks see it: its files, FreeRADIUS's configuration as a tree, who runs what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...config.coa import clients_beside
from ...config.model import Config
from ...raddb.tree import Pair, Section
from .freeradius import Account, FreeRadius, account_of

PYTHON_MODULE = "freeradius_mdm.hooks"


@dataclass(frozen=True, slots=True)
class Site:
    """`config` is None when mdm.toml is faulty; `top` is None when FreeRADIUS's configuration can't be read.

    `raddb`: the directory of radiusd.conf. `server` is None where there is no FreeRADIUS.
    """

    config_file: Path
    config: Config | None
    raddb: Path
    server: FreeRadius | None
    top: Section | None

    @property
    def version(self) -> tuple[int, ...]:
        """FreeRADIUS's version; () when it is not known."""
        if self.server is not None:
            return self.server.version
        return self.config.coa.freeradius_version if self.config is not None else ()

    @property
    def radiusd_account(self) -> Account | None:
        """Whom FreeRADIUS runs as by its own configuration; None when that says nothing."""
        security = self.top.find("security") if self.top is not None else None
        user = value(security, "user") if security is not None else ""
        return account_of(user) if user else None

    @property
    def policy_module(self) -> Section | None:
        """The python3 instance that runs our hooks."""
        return next((each for each in self.modules("python3") if runs_our_hooks(each)), None)

    def modules(self, kind: str) -> Iterator[Section]:
        """Every instance of that module that is enabled."""
        if self.top is not None:
            for modules in self.top.all("modules"):
                yield from modules.all(kind)

    def servers(self) -> Iterator[Section]:
        """Every virtual server."""
        if self.top is not None:
            yield from self.top.all("server")


def raddb_of(config_file: Path) -> Path:
    """The raddb that mdm.toml lies in, in mods-config/mdm; by name, since either can be a link."""
    return clients_beside(config_file).parent


def runs_our_hooks(module: Section) -> bool:
    """Whether a python3 instance is the policy's."""
    return any((pair.value or "") == PYTHON_MODULE for pair in module.pairs if pair.name.startswith("mod"))


def value(section: Section, name: str, default: str = "") -> str:
    """A setting's value, `default` without one or when it can't be told."""
    pair = section.pair(name)
    return default if pair is None or pair.value is None or pair.fault else os.fsdecode(pair.value.encode("latin-1"))


def number(section: Section | None, name: str, default: int) -> int:
    """The same as a number."""
    text = value(section, name) if section is not None else ""
    return int(text) if text.isascii() and text.isdigit() else default


def truth(section: Section | None, name: str, default: bool = False) -> bool:
    """The same as yes or no."""
    text = value(section, name).lower() if section is not None else ""
    return default if not text else text in ("yes", "true", "1", "on")


def where(section: Section, name: str) -> str:
    """Where a setting stands; the section's own place when it is not there."""
    pair: Pair | None = section.pair(name)
    return pair.where if pair is not None else section.where
