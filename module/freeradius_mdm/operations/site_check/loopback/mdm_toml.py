"""The site's mdm.toml for the temporary server: the same profiles, chosen by the request instead of by compliance."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_CHOSEN_BY = "Radius:Called-Station-Id"
_UNREACHABLE = "MDM:MDMServerReachable"


def choice(number: int) -> str:
    """The Called-Station-Id of a request that is to get the profile of that number."""
    return f"mdm-check-{number}"


def write(site_file: Path, file: Path, state_directory: Path, profiles: Sequence[str]) -> None:
    """Write it. `profiles`: their names, numbered from 0. Raises OSError and ValueError (the site's file is faulty).

    Rules, identity sources and what belongs to mdmd alone are replaced or left out; profiles, ACLs, network devices and
    intervals are the site's.
    """
    data = tomllib.loads(site_file.read_text(encoding="utf-8"))
    for table in ("cluster", "coa"):
        data.pop(table, None)
    service = data.setdefault("service", {})
    service.pop("dacl_key_file", None)
    service["state_directory"] = str(state_directory)
    for server in data["servers"]:
        for key in [key for key in server if key.endswith("_file")]:
            server[key] = str(site_file.parent / server[key])
    name = data["servers"][0]["name"]
    data["identity"] = [
        {"source": "certificate-uri", "server": name, "patterns": [{"text": "IntuneDeviceId://{guid}", "id": "intune"}]}
    ]
    data["policy"] = {"mode": "enforce", "default_profile": profiles[0]}
    data["rules"] = [
        {"name": choice(number), "when": {_CHOSEN_BY: choice(number)}, "profile": profile}
        for number, profile in enumerate(profiles)
    ]
    data["rules"].append({"name": "unreachable", "when": {_UNREACHABLE: "UnReachable"}, "profile": profiles[0]})
    file.write_text(toml(data), encoding="utf-8")


def toml(data: Mapping[str, Any]) -> str:
    """A TOML document with one line for each top-level key."""
    return "".join(f"{_text(key)} = {_value(value)}\n" for key, value in data.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_text(key)} = {_value(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
