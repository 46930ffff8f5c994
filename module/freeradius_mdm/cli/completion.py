"""Shell completion, made from the parser: commands, options and choices, files, and names of mdm.toml."""

from __future__ import annotations

import argparse
from pathlib import Path

import shtab

SHELLS = ("bash", "zsh")
# Arguments that are names of mdm.toml, and the word of `mdmctl completion` that lists those there are.
NAMES = {"SERVER": "servers", "--server": "servers", "PROFILE": "profiles", "--profile": "profiles"}
_PREAMBLE = {
    "bash": """\
# Names that mdm.toml has; MDM_CONFIG says which one.
_mdmctl_names() { compgen -W "$(mdmctl completion "$1" 2>/dev/null)" -- "$2"; }
_mdmctl_servers() { _mdmctl_names servers "$1"; }
_mdmctl_profiles() { _mdmctl_names profiles "$1"; }
""",
    "zsh": """\
# Names that mdm.toml has; MDM_CONFIG says which one.
_mdmctl_servers() { local -a names; names=("${(@f)$(mdmctl completion servers 2>/dev/null)}"); compadd -a names }
_mdmctl_profiles() { local -a names; names=("${(@f)$(mdmctl completion profiles 2>/dev/null)}"); compadd -a names }
""",
}


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completion script of `bash` or `zsh`."""
    _mark(parser)
    made: str = shtab.complete(parser, shell=shell, preamble=_PREAMBLE[shell])
    return made


def _mark(parser: argparse.ArgumentParser) -> None:
    """Tell shtab which arguments are files and names."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                _mark(sub)
        elif action.metavar in ("DIRECTORY", "DIR"):
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
        elif action.type is Path or action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        elif listed := [NAMES[each] for each in (action.metavar, *action.option_strings) if each in NAMES]:
            action.complete = dict.fromkeys(SHELLS, f"_mdmctl_{listed[0]}")  # type: ignore[attr-defined]
