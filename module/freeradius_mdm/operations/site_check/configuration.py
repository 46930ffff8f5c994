"""mdm.toml and every downloadable ACL: all that `mdmd --check` tells, and what only FreeRADIUS's dictionary can."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from pathlib import Path

from ...config.model import Config
from ...config.reader import load
from ...dictionaries import Dictionary
from ...errors import ConfigError
from ...service.coa_settings import faults
from ..codes import OperationCode
from .finding import Finding, Findings

_MDM_TOML = Findings("configuration.mdm-toml", OperationCode.SITE_CONFIGURATION)
_COA = Findings("configuration.coa", OperationCode.SITE_CONFIGURATION)


def read(file: Path, dictionary: Dictionary | None) -> tuple[Config | None, list[Finding]]:
    """The configuration, None when it can't be used, and what there is to say of it.

    `dictionary`: FreeRADIUS's, by which attributes of a profile's own are checked as radiusd does; None: their form.
    """
    try:
        config = load(file, dictionary)
    except ConfigError as error:
        return None, [
            _MDM_TOML.error(
                f"{problem.code} {problem.key + ': ' if problem.key else ''}{problem.what}; allowed: {problem.allowed}",
                problem.next,
                problem.where,
            )
            for problem in error.problems
        ]
    return config, [_summary(config), *_warnings(config)]


def _summary(config: Config) -> Finding:
    counts = (
        (config.policy.rules, "rule"),
        (config.profiles, "profile"),
        (config.dacls, "downloadable ACL"),
        (config.network_devices.families, "vendor family"),
    )
    return _MDM_TOML.ok(", ".join(map(_counted, counts)), str(config.file))


def _warnings(config: Config) -> Iterator[Finding]:
    for warning in config.warnings:
        place, _, text = warning.partition(": ")
        if ":" not in place:  # the text has no place in front
            place, text = str(config.file), warning
        yield _MDM_TOML.warning(text, "change it, or leave it so if it is meant", place)
    for fault in faults(config.coa):
        yield _COA.error(fault, "correct coa.actions: a change of authorization does not reach that family", "")


def _counted(counted: tuple[Sized, str]) -> str:
    things, name = counted
    count = len(things)
    plural = name.removesuffix("y") + "ies" if name.endswith("y") else name + "s"
    return f"{count} {name if count == 1 else plural}"
