"""mdmctl's commands, in the order of its help: each file has one `COMMAND`, or several that are one subject."""

from __future__ import annotations

from ..command import Command
from . import (
    cert,
    check,
    coa,
    codes,
    completion,
    decisions,
    devices,
    enable,
    exempt,
    explain,
    live,
    manual,
    refresh,
    rules,
    servers,
    sessions,
    show,
    test,
)

COMMANDS: tuple[Command, ...] = (
    test.COMMAND,
    *enable.COMMANDS,
    check.COMMAND,
    explain.COMMAND,
    live.COMMAND,
    show.COMMAND,
    devices.COMMAND,
    sessions.COMMAND,
    decisions.COMMAND,
    servers.COMMAND,
    rules.COMMAND,
    refresh.COMMAND,
    coa.COMMAND,
    exempt.COMMAND,
    cert.COMMAND,
    codes.COMMAND,
    manual.COMMAND,
    completion.COMMAND,
)
