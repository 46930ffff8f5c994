"""What FreeRADIUS's `detail` module has written: the accounting requests, as they came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AccountingRecord:
    """One Accounting-Request: its attributes in order, values as FreeRADIUS prints them, without the quotes."""

    attributes: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """Every value of an attribute."""
        return [value for each, value in self.attributes if each == name]

    def first(self, name: str) -> str:
        """Its first value, "" without one."""
        return next(iter(self.values(name)), "")

    @property
    def status(self) -> str:
        """Acct-Status-Type, like `Start`."""
        return self.first("Acct-Status-Type")

    @property
    def session(self) -> str:
        """Acct-Session-Id."""
        return self.first("Acct-Session-Id")

    @property
    def classes(self) -> list[bytes]:
        """Every Class."""
        return [bytes.fromhex(value.removeprefix("0x")) for value in self.values("Class")]


def accounting(log_directory: Path) -> list[AccountingRecord]:
    """Every record below `radacct`, oldest first for one network device; one half written is left out."""
    files = sorted((log_directory / "radacct").glob("*/detail*"))
    return [record for file in files for record in _records(file.read_text(encoding="utf-8", errors="replace"))]


def _records(text: str) -> Iterator[AccountingRecord]:
    # A record is a line with the date, one line for each attribute behind a tab, and an empty line.
    *whole, _ = text.split("\n\n")
    for block in whole:
        lines = [line.strip().partition(" = ") for line in block.splitlines() if line.startswith("\t")]
        yield AccountingRecord(tuple((name, value.strip('"')) for name, _, value in lines))
