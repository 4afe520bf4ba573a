"""What every command prints with: rich on a terminal, plain in a pipe, JSON when asked. Outside text cannot escape."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from kitbash.domain.question import visible


def print_json(value: Any) -> None:
    """Print one JSON value on a line of its own."""
    # ASCII: whatever the terminal's encoding, and without control characters in any disguise.
    sys.stdout.write(json.dumps(value, ensure_ascii=not _is_utf8()) + "\n")
    sys.stdout.flush()


def line(text: str = "") -> None:
    """Print one line of plain text, without whatever a terminal might obey."""
    sys.stdout.write(_encodable(visible(text)) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: drawn on a terminal, tab-separated in a pipe."""
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in (columns, *cells):
            sys.stdout.write(_encodable("\t".join(row)) + "\n")
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
    sys.stderr.write(_encodable(visible(text)) + "\n")
    sys.stderr.flush()


def _is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _encodable(text: str) -> str:
    encoding = sys.stdout.encoding or "ascii"
    return text.encode(encoding, "replace").decode(encoding)
