"""Server-sent events, as far as models' servers use them: the data of each event, whatever its name.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from collections.abc import Iterable, Iterator


def data_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the data of each event as soon as it is whole: its `data:` lines, joined by line feeds.

    An event without its blank line at the end of the stream is not whole, and is dropped as the standard wants it.
    """
    lines: list[bytes] = []
    for line in _lines(chunks):
        if not line:
            if lines:
                yield b"\n".join(lines)
            lines = []
        elif line == b"data" or line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each line that has ended, without its end: LF or CR LF."""
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        # Only what is new is searched: a line that never ends costs no more than its length.
        if b"\n" in chunk:
            *lines, last = bytes(rest).split(b"\n")
            rest = bytearray(last)
            yield from (line.removesuffix(b"\r") for line in lines)
