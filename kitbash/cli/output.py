"""What every command prints with: rich on a terminal, plain in a pipe, JSON when asked. Outside text cannot escape."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from kitbash.domain.question import visible


def print_json(value: Any) -> None:
    """Print one JSON value on a line of its own, in ASCII: no terminal and no encoding can make anything else of it."""
    write(json.dumps(value) + "\n")
    flush()


def line(text: str = "") -> None:
    """Print one line of plain text, without whatever a terminal might obey."""
    write(visible(text) + "\n")


def write(text: str) -> None:
    """Write text as it is, as far as the encoding can. Leaves quietly when the reader of a pipe has seen enough."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    except BrokenPipeError:
        _leave()


def flush() -> None:
    """Have everything written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave()


def _leave() -> None:
    # What is still buffered goes nowhere, so that nothing fails at the very end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: drawn on a terminal, tab-separated in a pipe."""
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in (columns, *cells):
            write("\t".join(row) + "\n")
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(title=title, title_justify="left")
    for column in columns:
        drawn.add_column(column)
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def emphasised(text: str, style: str) -> None:
    """Print one line in a style of rich's on a terminal, plain in a pipe."""
    if not sys.stdout.isatty():
        line(text)
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.text import Text  # noqa: PLC0415

    Console(highlight=False).print(Text(visible(text), style=style))


def note(text: str) -> None:
    """Print one line of talk on standard error, which no pipe takes for data."""
    encoding = sys.stderr.encoding or "ascii"
    sys.stderr.write(visible(text).encode(encoding, "replace").decode(encoding) + "\n")
    sys.stderr.flush()
