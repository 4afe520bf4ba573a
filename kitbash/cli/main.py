"""The entry point: runs the command, and turns Kitbash's errors into one line and an exit code."""

import sys
from enum import IntEnum

from kitbash.errors import ConfigError, DeadlineExceeded, KitbashError, Unavailable, UsageError


class Exit(IntEnum):
    """What the exit code of `kitbash` says."""

    ANSWERED = 0
    ERROR = 1
    USAGE = 2
    DEPENDENCY_DOWN = 3
    TIMED_OUT = 4
    UNKNOWN = 5
    INTERRUPTED = 130


def code_of(error: KitbashError) -> Exit:
    """Return the exit code of an error's family."""
    match error:
        case UsageError() | ConfigError():
            return Exit.USAGE
        case Unavailable():
            return Exit.DEPENDENCY_DOWN
        case DeadlineExceeded():
            return Exit.TIMED_OUT
        case _:
            return Exit.ERROR


def main() -> None:
    """Run the `kitbash` command and leave with its exit code."""
    from kitbash.cli.app import app  # noqa: PLC0415 - errors of importing are reported like others

    try:
        app()
    except KitbashError as error:
        from kitbash.domain.question import printable  # noqa: PLC0415

        print(f"kitbash: {printable(str(error))}", file=sys.stderr)  # noqa: T201 - this is the command's output
        sys.exit(code_of(error))
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe has seen enough; that is not an error. Nothing more may be written, not even at exit.
        sys.stdout = None
        sys.exit(Exit.ANSWERED)
