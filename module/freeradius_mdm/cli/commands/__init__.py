"""mdmctl's commands, in the order of its help: each file has one `COMMAND`, or several that are one subject."""

from __future__ import annotations

from ..command import Command

COMMANDS: tuple[Command, ...] = ()
