"""What every command works with: the configuration, the store, the terminal, the clock."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.text import Text

from ..config.model import Config
from ..config.reader import load
from ..errors import ConfigError
from ..operations.codes import OperationCode
from ..operations.errors import OperationError
from ..operations.faulty import FaultyConfig, faulty_config
from ..store.query import StoreQueries
from .show import colours


class _PipeConsole(Console):
    """rich ends the program with status 1 when nobody reads on; that is main's business."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def _console() -> Console:
    return _PipeConsole(highlight=False, soft_wrap=True, emoji=False, markup=False)


def _error_console() -> Console:
    return _PipeConsole(stderr=True, highlight=False, soft_wrap=True, emoji=False, markup=False)


def _warning(error: ConfigError, faulty: FaultyConfig) -> Text:
    first, more = error.problems[0], len(error.problems) - 1
    text = (
        f"{OperationCode.CONFIGURATION_FAULTY} {first.lines()[0]}{f' (and {more} more)' if more else ''}\n"
        f"  mdmd goes on with the configuration it had; this is what {faulty.service.store_file} says\n"
        "  next: mdmctl check or mdmd --check shows all errors"
    )
    return Text(text, style=colours.WARNING)


@dataclass
class Context:
    """`out` is for what was asked for, `err` for progress and errors, so that a pipe carries the first alone.

    `file`: mdm.toml. `wall`: seconds since the epoch. Colour and width are rich's business (NO_COLOR, COLUMNS, no
    colour into a pipe). Markup is off: what a device sends is printed as it is.
    """

    file: Path
    as_json: bool = False
    out: Console = field(default_factory=_console)
    err: Console = field(default_factory=_error_console)
    wall: Callable[[], float] = time.time
    _config: Config | None = None
    _faulty: FaultyConfig | None = None

    def config(self) -> Config:
        """mdm.toml, read once. Raises ConfigError, OperationError."""
        if self._config is None:
            self._config = load(self.existing_file())
        return self._config

    def store_config(self) -> Config:
        """For commands that need the file only to find the store and mdmd, which goes on with what it had.

        Of a faulty file a FaultyConfig and a warning, else as `config`. Raises ConfigError when that can't be said.
        """
        if self._faulty is not None:
            return self._faulty
        try:
            return self.config()
        except ConfigError as error:
            self._faulty = faulty_config(self.file)
            if self._faulty is None:
                raise
            self.err.print(_warning(error, self._faulty))
            return self._faulty

    def existing_file(self) -> Path:
        """mdm.toml's path, for commands that read it themselves. Raises OperationError when there is none."""
        if not self.file.exists():
            raise OperationError(
                OperationCode.NO_CONFIGURATION,
                "there is no configuration file",
                where=str(self.file),
                allowed="the mdm.toml that radiusd and mdmd read",
                next="name it: mdmctl --config FILE, or MDM_CONFIG in the environment",
            )
        return self.file

    def queries(self) -> StoreQueries:
        """The store that radiusd and mdmd use. Raises as `config`."""
        return StoreQueries(self.config().service.store_file)

    def print_json(self, value: Any) -> None:
        """One JSON document on standard output; field names and units are those of mdmd's API."""
        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
