"""A value as a TOML file has it, for error messages. Standard library only: radiusd imports this."""

from __future__ import annotations

import re

_LONGEST = 200  # characters


def shown(value: object) -> str:
    """`true`, `'text'`, `[1, 2]`, `{ key = 'text' }`; cut when it is long."""
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, dict):
        entries = ", ".join(f"{_key(key)} = {_text(entry)}" for key, entry in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    return str(value)  # numbers, dates and times look the same in TOML


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else repr(key)
