"""FreeRADIUS's own judgement of the whole configuration: `radiusd -C`, with the lines that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..codes import OperationCode
from .finding import Finding, Findings
from .site import Site

_SYNTAX = Findings("syntax.radiusd", OperationCode.SITE_REFUSED)
_LINE = re.compile(r"(?:.*? : )?Error: (?P<text>.*)")
_PLACE = re.compile(r"(?P<file>/\S+)\[(?P<line>\d+)\]:?\s*(?P<text>.*)")
_TOLD = 8  # lines at most
_ADVICE = "mend what it names, and try again: it would not start after a restart"


def check(site: Site) -> Iterator[Finding]:
    """One finding for each line of it that says what is wrong."""
    if site.server is None:
        yield _SYNTAX.skipped("there is no FreeRADIUS here to ask")
        return
    command = f"{' '.join(site.server.command)} -C -d {site.raddb}"
    try:
        said = site.server.run("-C", "-d", str(site.raddb), "-l", "stdout", account=site.radiusd_account)
    except OSError as error:
        yield _SYNTAX.error(f"{command}: {error.strerror}", "name the program: mdmctl check --radiusd PROGRAM")
        return
    if said.status == 0:
        yield _SYNTAX.ok(f"{command} finds no error", str(site.raddb))
    elif said.status is None:
        what = f"{command} did not end: a module waits for a server of its own (SQL, LDAP)"
        yield _SYNTAX.error(what, "run it by hand, and see what it waits for", str(site.raddb))
    else:
        yield from _errors(said.text, command, said.status)


def errors_in(text: str) -> list[str]:
    """The lines of a log that say what is wrong."""
    told = [found["text"].strip() for line in text.splitlines() if (found := _LINE.fullmatch(line.strip()))]
    return [line for line in told if line]


def _errors(text: str, command: str, status: int) -> Iterator[Finding]:
    told = errors_in(text)
    for line in told[:_TOLD]:
        place = _PLACE.fullmatch(line)
        if place:
            yield _SYNTAX.error(place["text"] or line, _ADVICE, f"{place['file']}:{place['line']}")
        else:
            yield _SYNTAX.error(line, _ADVICE)
    if not told:
        last = text.strip().splitlines()[-1:] or ["nothing"]
        yield _SYNTAX.error(f"{command} ends with {status} and says {last[0]}", f"run {command} -X and read its end")
