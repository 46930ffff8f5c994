"""Setting `enabled` of one [[servers]] entry in the text of mdm.toml, and changing nothing else.

No TOML library keeps comments, order and line ends. So every place where the edit could be made is tried, and the one
is taken after which the file says exactly what it said before, but for this key: `tomllib` judges, not a pattern.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...config.codes import ConfigCode
from ...errors import ConfigError, Problem

_ENABLED = re.compile(r"""(?<![\w"'.-])(?:enabled|"enabled"|'enabled')[ \t]*=[ \t]*(?P<value>true|false)\b""")
_NAME = re.compile(r"""(?m)^(?P<indent>[ \t]*)(?:name|"name"|'name')[ \t]*=[^\r\n]*(?P<end>\r?\n|\Z)""")


def text_of(file: Path) -> str:
    """The file's text, line ends as they are. Raises ConfigError."""
    try:
        return file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"can't be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
        problem = Problem(ConfigCode.UNREADABLE, str(file), what, "a TOML file in UTF-8")
        raise ConfigError([problem]) from None


def with_enabled(text: str, server: str, enabled: bool) -> str | None:
    """The text with that server switched; None when there is no place where that can be done.

    Text that says so already comes back as it is.
    """
    data = _parsed(text)
    wanted = copy.deepcopy(data)
    entry = _entry(wanted, server)
    if entry is None:
        return None
    if entry.get("enabled", True) is enabled:
        return text
    entry["enabled"] = enabled
    return next((changed for changed in _attempts(text, enabled) if _parsed(changed) == wanted), None)


def _attempts(text: str, enabled: bool) -> Iterator[str]:
    word = "true" if enabled else "false"
    for found in _ENABLED.finditer(text):
        yield text[: found.start("value")] + word + text[found.end("value") :]
    for found in _NAME.finditer(text):
        end = found["end"] or _usual_line_end(text)
        line = f"{found['indent']}enabled = {word}"
        yield text[: found.end()] + ("" if found["end"] else end) + line + end + text[found.end() :]


def _usual_line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _entry(data: dict[str, Any], server: str) -> dict[str, Any] | None:
    listed = data.get("servers")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return next((entry for entry in entries if entry.get("name") == server), None)
