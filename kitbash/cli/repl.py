"""`kitbash repl`."""

from typing import Final

from kitbash.cli import ask, output
from kitbash.client import Client
from kitbash.domain.answer import AskMode
from kitbash.errors import UsageError

_MODES: Final = {"direct": AskMode.DIRECT, "redis": AskMode.CELERY, "celery": AskMode.CELERY, "auto": AskMode.AUTO}


def repl(*, mode: str, project: str | None) -> None:
    """Answer questions line by line until an empty line or the end of input. Raises UsageError for an unknown mode."""
    if mode not in _MODES:
        message = f"there is no mode {mode!r}; use one of {', '.join(_MODES)}"
        raise UsageError(message)
    with Client() as client:
        output.note("Ask a question; an empty line leaves. :trace shows how the last answer came about.")
        last = None
        while True:
            try:
                text = input("? ")
            except EOFError:
                return
            if not text.strip():
                return
            if text.strip() == ":trace":
                if last is not None:
                    ask.show_path(last.path)
                continue
            try:
                last = client.ask(text, mode=_MODES[mode], project=project)
            except UsageError as error:
                output.note(str(error))
            else:
                ask.show(last)
