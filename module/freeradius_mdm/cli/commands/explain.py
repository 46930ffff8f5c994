"""`mdmctl explain WHAT`: why a device is let in or kept out, by the code that decides it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..command import Command, Exit
from ..context import Context
from ..store_errors import store_needed

if TYPE_CHECKING:
    from ...operations.explain import Explanation, Subject
    from ...operations.explain.surroundings import Surroundings

_DESCRIPTION = """\
Runs the policy again on one request and tells it in full: where the identity was found and what was passed over, the
compliance record and how long it is good for, an exemption, every rule with why it did or did not match, and the
attributes that would be sent. For a stored decision it tells whether it would be decided the same now, and if not,
what has changed. Nobody is asked and nothing is written.

WHAT is the id of a decision or its first 6 digits, a MAC in any notation, a GUID, a session id or Acct-Session-Id, or a
user name: of these the latest decision is taken. Or it is a file with a request as radclient reads it, or - for one on
standard input, as `radiusd -X` or radclient prints it; a blank line ends it. That the authentication itself succeeds
is taken for granted."""
_FILE = "file"
_KINDS = ("decision", "mac", "guid", "session", "user", _FILE)  # operations/explain/find.py's, and a file


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="WHAT", help="decision, MAC, GUID, session, user, file or -")
    parser.add_argument("--as", choices=_KINDS, dest="kind", help="how WHAT is to be read")
    parser.add_argument(
        "--client", default="", help="a pasted request's network device: address, or name in FreeRADIUS"
    )
    parser.add_argument("--family", default="", help="a pasted request's vendor family")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.explain import Explainer, to_values
    from ...store.exemptions import ExemptionQueries
    from ...store.read import StoreReader
    from ..show import explained

    around = _surroundings(context)
    file = around.config.service.store_file
    reader = StoreReader(file)
    explainer = Explainer(around.config, reader, ExemptionQueries(file).exemption, context.wall)
    try:
        told: Explanation = explainer.explain(_subject(context, around, arguments))
    finally:
        reader.close()
    if context.as_json:
        context.print_json(to_values(told))
    else:
        explained.show(context.out, told)
    return Exit.DONE


def _surroundings(context: Context) -> Surroundings:
    """With the configuration as radiusd reads it: a profile's free attributes are those of FreeRADIUS's dictionary."""
    from dataclasses import replace

    from ...config.reader import load
    from ...operations.explain.surroundings import Surroundings

    around = Surroundings(context.config())
    return replace(around, config=load(context.existing_file(), around.dictionary)) if around.dictionary else around


def _subject(context: Context, around: Surroundings, arguments: argparse.Namespace) -> Subject:
    from ...operations.codes import OperationCode
    from ...operations.errors import OperationError
    from ...operations.explain import Finder, Kind, PasteOptions, subject_of
    from ...operations.explain.paste import parse
    from ...store.lookup import StoreLookup

    what, kind = arguments.what, arguments.kind
    options = PasteOptions(arguments.client, arguments.family)
    if what == "-":
        return subject_of(parse(_from_input(context)), around, options, "the pasted request")
    path = Path(what)
    if kind == _FILE or (kind is None and path.is_file()):
        try:
            text = path.read_text(encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise OperationError(
                OperationCode.NOT_FOUND, f"the request can't be read: {error.strerror}", where=what, next="see its path"
            ) from error
        return subject_of(parse(text, what), around, options, f"the request in {what}")
    if options != PasteOptions():
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            "--client and --family are for a pasted request",
            allowed="a file, or - for standard input",
            next="a decision's own request says where it came from",
        )
    return Finder(around.config, StoreLookup(around.config.service.store_file)).find(what, kind and Kind(kind))


def _from_input(context: Context) -> str:
    """All of a pipe; from a terminal up to the first blank line behind something."""
    if not sys.stdin.isatty():
        return sys.stdin.read()
    context.err.print("Paste the request, and end it with a blank line.")
    lines: list[str] = []
    for line in sys.stdin:
        if not line.strip() and lines:
            break
        lines += [line] if line.strip() else []
    return "".join(lines)


COMMAND = Command(
    name="explain",
    help="explain why a device is let in or kept out",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    examples=(
        ("mdmctl explain 4f1c02", "a decision, by the beginning of its id"),
        ("mdmctl explain 00-50-56-a1-b2-c3", "the latest decision of a MAC"),
        ("mdmctl explain - --client switch-1", "a request on standard input, as that network device sends it"),
    ),
)
