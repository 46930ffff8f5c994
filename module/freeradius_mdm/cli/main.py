"""`mdmctl COMMAND ...`: reads the command line, runs the command, tells an error; `Exit` is the exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ..config.codes import ConfigCode
from ..errors import ConfigError, MdmError, StoreError
from ..operations.codes import OperationCode
from ..operations.errors import OperationError
from . import parser
from .command import Exit
from .commands import COMMANDS
from .context import Context
from .store_errors import unreadable

_STATUS = {
    OperationCode.WRONG_ARGUMENT: Exit.USAGE,
    OperationCode.EXEMPTION_TIME: Exit.USAGE,
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
    except ConfigError as error:
        print(*error.lines(), *_meanwhile(error), sep="\n", file=sys.stderr)
        return status_of(error)
    except StoreError as error:
        print(unreadable(error), file=sys.stderr)
        return status_of(error)
    except MdmError as error:
        print(error, file=sys.stderr)
        return status_of(error)


def status_of(error: MdmError) -> Exit:
    """The exit status of an error that ended a command."""
    if isinstance(error, OperationError):
        return _STATUS.get(error.code, Exit.FAILED)
    if isinstance(error, ConfigError):
        return Exit.CONFIGURATION
    return Exit.UNREACHABLE if isinstance(error, StoreError) else Exit.FAILED


def _meanwhile(error: ConfigError) -> tuple[str, ...]:
    """What an operator can do while mdm.toml is faulty."""
    if any(problem.code is ConfigCode.UNREADABLE for problem in error.problems):
        return ()
    if any(problem.key == "service.state_directory" for problem in error.problems):
        return ("mdmctl finds neither store nor mdmd without that; mdmd goes on with the configuration it had",)
    return (
        "mdmctl can't do this without the whole of mdm.toml; mdmd goes on with the configuration it had, and",
        "mdmctl sessions, devices, decisions, live and show tell what it does: they need the store only",
    )


if __name__ == "__main__":
    sys.exit(main())
