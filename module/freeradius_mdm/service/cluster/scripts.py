"""The Lua scripts: each is atomic in Redis, and decides by Redis's clock alone."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from .line import Command

# lua/NAME.lua
_NAMES = (
    *("announce", "ask", "beat", "claim", "drop", "ended", "hold", "let_go"),
    *("put", "put_exemption", "recall", "reclaim", "settle", "share", "take"),
)
_COMMON = "common"


class Scripts:
    """Commands that run them. `before`: what every script gets ahead of its own arguments, see lua/common.lua."""

    def __init__(self, prefix: str, before: tuple[str | int, ...]) -> None:
        self._prefix = prefix
        self._before = before
        lua = files(__package__) / "lua"
        head = (lua / f"{_COMMON}.lua").read_text(encoding="utf-8")
        self._texts = {name: head + (lua / f"{name}.lua").read_text(encoding="utf-8") for name in _NAMES}
        # Redis names a script by its SHA-1 (EVALSHA); nothing is protected by it.
        self._names = {
            name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in self._texts.items()
        }

    def load(self) -> list[Command]:
        """To be run once on every Redis before the first call."""
        return [("SCRIPT", "LOAD", text) for text in self._texts.values()]

    def call(self, name: str, *arguments: str | int) -> Command:
        """One run of a script."""
        return ("EVALSHA", self._names[name], 1, f"{self._prefix}:", *self._before, *arguments)

    def key(self, name: str) -> str:
        """A key of ours."""
        return f"{self._prefix}:{name}"
