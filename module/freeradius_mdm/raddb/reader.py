"""Reading FreeRADIUS's configuration files, with what they include.

Outside of modules and policy language everything is read as FreeRADIUS 3.2 reads it, including what it refuses. Modules
and policy language, whose conditions have a grammar of their own, are read over, or with `deep` taken apart into
sections and statements (statement.py), where nothing is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..config.codes import ConfigCode
from ..errors import ConfigError, Problem
from . import statement
from .text import BLANKS, Quote, TextError, Word, logical_lines, skip_blanks, skip_block, value, word
from .tree import Pair, Raddb, ReferenceFault, Section, begins_policy, expand, holds_policy, stamp

_ASSIGNMENTS = {"=", ":=", "^="}
_INCLUDABLE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
# Packages leave these behind; FreeRADIUS from 3.2.8 on passes over them in a directory.
_LEFT_BEHIND = (".dpkg-dist", ".dpkg-old", ".rpmnew", ".rpmsave")
_DEEPEST = 32  # files that include each other


class _Fault(Exception):
    """A problem in the line at hand."""

    def __init__(self, what: str, allowed: str, hint: str = "") -> None:
        self.what, self.allowed, self.hint = what, allowed, hint


def read(root: Path, environment: Mapping[str, str], version: tuple[int, ...] = (), *, deep: bool = False) -> Raddb:
    """Read `radiusd.conf`, or `clients.conf` alone, with all it includes. Raises ConfigError at the first fault.

    `version`: FreeRADIUS's, which decides what is included from a directory; () for the newest. `deep`: modules and
    policy language too.
    """
    top = Section("", "", str(root))
    top.add(Pair("confdir", os.fsencode(root.parent).decode("latin-1"), Quote.SINGLE, str(root)))
    reader = _Reader(Raddb(top), environment, passes_left_behind=not version or version >= (3, 2, 8), deep=deep)
    reader.file(root, top, 0)
    reader.second_pass(top)
    return reader.raddb


class _Reader:
    def __init__(self, raddb: Raddb, environment: Mapping[str, str], *, passes_left_behind: bool, deep: bool) -> None:
        self.raddb = raddb
        self.deep = deep
        self._environment = environment
        self._passes_left_behind = passes_left_behind
        self._named: set[tuple[int, int]] = set()  # files included by their own name, by device and inode

    def file(self, path: Path, section: Section, depth: int, *, by_name: bool = True) -> None:
        """Read one file into a section."""
        self.raddb.files[path] = stamp(path)
        try:
            state = path.stat()
            if not by_name and (state.st_dev, state.st_ino) in self._named:
                return
            text = path.read_bytes().decode("latin-1")
        except OSError as error:
            raise ConfigError([_unreadable(str(path), error)]) from error
        if by_name:
            self._named.add((state.st_dev, state.st_ino))
        _File(self, path, section, depth).read(text)

    def directory(self, path: Path, section: Section, depth: int, where: str) -> None:
        """Read every file of a directory, as FreeRADIUS picks them; in alphabetical order."""
        self.raddb.files[path] = stamp(path)
        try:
            names = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            raise ConfigError([_unreadable(where, error)]) from error
        for name in names:
            left = self._passes_left_behind and name.endswith(_LEFT_BEHIND)
            if _INCLUDABLE.fullmatch(name) and not left and (path / name).is_file():
                self.file(path / name, section, depth, by_name=False)

    def expand(self, text: str, section: Section) -> str:
        """Fill in references. Raises ReferenceFault."""
        return expand(text, section, self._environment)

    def second_pass(self, section: Section) -> None:
        """Fill in what referred to something further down."""
        for pair in section.pairs:
            if pair.fault and pair.value is not None:
                try:
                    pair.value, pair.fault = self.expand(pair.value, section), ""
                except ReferenceFault as fault:
                    pair.fault = str(fault)
        for below in section.sections:
            self.second_pass(below)


class _File:
    """One file while it is read."""

    def __init__(self, reader: _Reader, path: Path, section: Section, depth: int) -> None:
        self._reader = reader
        self._path = path
        self._outer = section
        self._section = section
        self._depth = depth
        self._number = 0
        self._over = 0  # how deep inside of sections that are read over

    @property
    def _where(self) -> str:
        return f"{self._path}:{self._number}"

    def read(self, text: str) -> None:
        """Every line. Raises ConfigError."""
        try:
            for self._number, line in logical_lines(text):
                self._line(line)
            if self._section is not self._outer or self._over:
                raise _Fault(
                    f"the file ends inside of section {self._section.name1!r}, begun at {self._section.where}",
                    "a closing brace for each opening one",
                )
        except (_Fault, TextError) as fault:
            problem = (
                Problem(ConfigCode.RADDB, self._where, fault.what, fault.allowed, fault.hint)
                if isinstance(fault, _Fault)
                else Problem(ConfigCode.RADDB, self._where, str(fault), "FreeRADIUS's syntax, see radiusd.conf(5)")
            )
            raise ConfigError([problem]) from None

    def _line(self, line: str) -> None:
        at = skip_blanks(line, 0)
        while at < len(line) and line[at] != "#":
            if self._reader.deep and holds_policy(self._section):
                at = self._loose(line, at)
            elif self._over:
                self._over, at = skip_block(line, at, self._over)
                if not self._over:
                    self._close()
            else:
                at = self._statement(line, at)
            at = skip_blanks(line, at)

    def _statement(self, line: str, at: int) -> int:
        """One include, pair, or section's begin or end; gives where the next begins."""
        first = word(line, at, unescape=True)
        if first.quote is Quote.OPERATOR and first.text == "}":
            if self._section is self._outer:
                raise _Fault("a closing brace too many", "one for each opening brace")
            self._close()
            return first.next
        if first.quote is Quote.BARE and first.text.lower() in ("$include", "$-include", "$template"):
            return self._directive(first.text.lower(), line, first.next)
        if first.text.startswith("_"):
            raise _Fault(f"the name {first.text!r} begins with an underscore", "a name of FreeRADIUS's")
        second = word(line, first.next, unescape=False)
        if second.quote is Quote.OPERATOR and second.text in _ASSIGNMENTS:
            return self._pair(first.text, line, second.next)
        if second.quote is Quote.END or (second.quote is Quote.OPERATOR and second.text in "#,"):
            self._section.add(Pair(first.text, None, Quote.END, self._where))
            return len(line) if second.text == "#" else second.next
        name2 = ""
        if second.quote is not Quote.OPERATOR:
            name2, second = second.text, word(line, second.next, unescape=True)
        if second.quote is not Quote.OPERATOR or second.text != "{":
            raise _Fault(f"can't be read behind {first.text!r}", "NAME = VALUE, or NAME { or NAME NAME {")
        self._open(first.text, name2)
        return second.next

    def _loose(self, line: str, at: int) -> int:
        """One statement of a module or of policy language; whatever can't be taken apart is kept as it stands."""
        found = statement.next_one(line, at)
        if found.end is statement.End.CLOSES:
            if found.text:
                self._keep_loose(found.text)
            if self._section is self._outer:
                raise _Fault("a closing brace too many", "one for each opening brace")
            self._close()
        elif found.end is statement.End.OPENS:
            name1, _, name2 = found.text.partition(" ")
            self._open(name1, name2.strip(BLANKS))
        elif statement.is_directive(found.text):
            first = word(found.text, 0, unescape=True)
            self._directive(first.text.lower(), found.text, first.next)
        elif found.text:
            self._keep_loose(found.text)
        return found.next

    def _keep_loose(self, text: str) -> None:
        name, found = statement.taken_apart(text)
        self._section.add(self._made(name, found))

    def _open(self, name1: str, name2: str) -> None:
        above = self._section
        self._section = Section(name1, name2, self._where, above)
        above.add(self._section)
        if not self._reader.deep and begins_policy(self._section):
            self._over = 1

    def _close(self) -> None:
        closed = self._section
        if closed.template is not None:
            closed.merge(closed.template)
        assert closed.parent is not None
        self._section = closed.parent

    def _pair(self, name: str, line: str, at: int) -> int:
        found = value(line, at)
        self._section.add(self._made(name, found))
        at = found.next
        if found.quote is Quote.END:
            return len(line)
        if at < len(line) and line[at] == ",":
            return at + 1
        if at < len(line) and line[at] not in "#}":
            # Not shown: it may be part of a secret.
            raise _Fault(
                f"something stands behind the value of {name!r}",
                "a comma, a comment, a closing brace or the end of the line",
                "put a value with blanks, commas or letters beyond ASCII into quotes",
            )
        return at

    def _made(self, name: str, found: Word) -> Pair:
        if found.quote is Quote.END:
            return Pair(name, None, Quote.END, self._where)
        pair = Pair(name, found.text, found.quote, self._where)
        if found.quote is not Quote.SINGLE:
            try:
                pair.value = self._reader.expand(found.text, self._section)
            except ReferenceFault as fault:
                pair.fault = str(fault)  # it may stand further down
        return pair

    def _directive(self, name: str, line: str, at: int) -> int:
        rest = line[at:].strip(BLANKS)
        if rest[:1] in ("'", '"'):
            rest = word(line, at, unescape=True).text
        if not rest or any(blank in rest for blank in BLANKS):
            raise _Fault(f"{name} needs one name", "$INCLUDE FILE, $INCLUDE DIRECTORY/ or $template NAME")
        if name == "$template":
            templates = self._section.top.find("templates")
            self._section.template = templates.find(rest) if templates else None
            if self._section.template is None:
                raise _Fault(f"no template {rest!r}", "a section of `templates { }` further up")
            return len(line)
        try:
            target = os.fsdecode(self._reader.expand(rest, self._section).encode("latin-1"))
        except ReferenceFault as fault:
            raise _Fault(f"{name}: {fault}", "a name that is set further up") from None
        path = self._path.parent / target
        if self._depth >= _DEEPEST:
            raise _Fault("files include each other", f"at most {_DEEPEST} levels")
        if target.endswith("/"):
            self._reader.directory(path, self._section, self._depth + 1, self._where)
        elif name == "$include" or path.exists():
            self._reader.file(path, self._section, self._depth + 1)
        else:
            self._reader.raddb.files[path] = None
        return len(line)


def _unreadable(where: str, error: OSError) -> Problem:
    hint = "mdmd must be in FreeRADIUS's group: usermod -a -G freerad mdm" if isinstance(error, PermissionError) else ""
    return Problem(
        ConfigCode.RADDB,
        where,
        f"can't be read: {error.strerror or error}",
        "a file of FreeRADIUS's configuration",
        hint,
    )
