"""`mdmctl show ID`: one stored decision, with every step."""

from __future__ import annotations

import argparse

from ..command import Command, Exit
from ..context import Context
from ..store_errors import store_needed

_DESCRIPTION = """\
Shows a stored decision: who asked, from where, the identity and its compliance, the rule, the profile, the
attributes as they went out, the session, and the numbered steps with their codes and times in milliseconds since the
request came. The codes are stable. Rejects are shown as fully as accepts."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="of a decision, or at least its first 6 digits")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.explain import Finder
    from ...operations.explain.stored import shown
    from ...store.lookup import StoreLookup
    from ..show import decided

    config = context.store_config()
    store = StoreLookup(config.service.store_file)
    told = shown(Finder(config, store).decision(arguments.id), store)
    if context.as_json:
        context.print_json(told.to_values())
    else:
        decided.show(context.out, told, context.wall())
    return Exit.DONE


COMMAND = Command(
    name="show",
    help="show one decision with its numbered steps",
    description=_DESCRIPTION,
    run=_run,
    arguments=_arguments,
    examples=(("mdmctl show 4f1c02", "the decision whose id begins so"),),
)
