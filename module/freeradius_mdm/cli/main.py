"""`mdmctl COMMAND ...`: reads the command line, runs the command, tells an error; `Exit` is the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..errors import ConfigError, MdmError, StoreError
from ..operations.codes import OperationCode
from ..operations.errors import OperationError
from . import parser
from .command import Exit
from .commands import COMMANDS
from .context import Context

_STATUS = {
    OperationCode.WRONG_ARGUMENT: Exit.USAGE,
    OperationCode.NO_CONFIGURATION: Exit.CONFIGURATION,
    OperationCode.CONFIGURATION_FAULTY: Exit.CONFIGURATION,
    OperationCode.STORE_UNREADABLE: Exit.UNREACHABLE,
    OperationCode.MDMD_NOT_REACHED: Exit.UNREACHABLE,
    OperationCode.NOT_FOUND: Exit.NOT_FOUND,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    try:
        arguments = parser.parse(COMMANDS, argv)
        context = Context(arguments.config, getattr(arguments, "as_json", False))
        status = int(arguments.command.run(context, arguments))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # `mdmctl ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        return Exit.DONE
    except MdmError as error:
        print(*(error.lines() if isinstance(error, ConfigError) else [error]), sep="\n", file=sys.stderr)
        return status_of(error)


def status_of(error: MdmError) -> Exit:
    """The exit status of an error that ended a command."""
    if isinstance(error, OperationError):
        return _STATUS.get(error.code, Exit.FAILED)
    if isinstance(error, ConfigError):
        return Exit.CONFIGURATION
    return Exit.UNREACHABLE if isinstance(error, StoreError) else Exit.FAILED


if __name__ == "__main__":
    sys.exit(main())
