"""The entry point: runs the command, and turns Kitbash's errors into one line and an exit code."""

import io
import os
import sys
from enum import IntEnum
from typing import Final

from kitbash.errors import ConfigError, KitbashError, Unavailable, UsageError

_ONE_THREAD: Final = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


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
        case _:
            return Exit.ERROR


def main() -> None:
    """Run the `kitbash` command and leave with its exit code."""
    # Before numpy is imported, here and in the workers that `up` starts: its matrices are small, and threads that wait
    # for a processor make a sentence encoder ten times slower. What the user has set stays.
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    from kitbash.cli import output  # noqa: PLC0415 - errors of importing are reported like others
    from kitbash.cli.app import app  # noqa: PLC0415

    stdin: object = sys.stdin
    if isinstance(stdin, io.TextIOWrapper):
        # Bytes that are no text come through as such, for the question's own check to refuse in one line.
        stdin.reconfigure(errors="surrogateescape")
    try:
        app()
    except KitbashError as error:
        output.note(f"kitbash: {error}")
        sys.exit(code_of(error))
    except SystemExit as ending:
        # Rich and Typer end with 1 when the reader of a pipe has seen enough of a help text; that is not an error.
        if isinstance(ending.__context__, BrokenPipeError):
            sys.exit(Exit.ANSWERED)
        raise
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except OSError as error:
        output.note(f"kitbash: {error.strerror or error}: {error.filename or 'standard output'}")
        sys.exit(Exit.ERROR)
    finally:
        output.flush()
