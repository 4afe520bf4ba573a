"""Structured logs: dotted event names, details as fields, the query's id bound to whatever is logged for it."""

import logging
import sys
from typing import Any


class Logger:
    """A logger that loads structlog with the first thing it has to say: most questions have nothing to log.

    Where nobody has set logging up it goes to standard error: what a command prints is not to be mixed with it.
    """

    def __init__(self, name: str) -> None:
        """Hold the name; nothing is loaded and nothing configured."""
        self._name = name
        self._bound: Any = None

    def __getattr__(self, level: str) -> Any:
        """Return the method that logs at a level."""
        if self._bound is None:
            import structlog  # noqa: PLC0415 - only a process that logs pays for it

            self._bound = structlog.wrap_logger(
                logging.getLogger(self._name), wrapper_class=structlog.stdlib.BoundLogger
            )
        return getattr(self._bound, level)


def logger(name: str) -> Logger:
    """Return a logger; nothing is configured by asking for one."""
    return Logger(name)


def bind(**fields: str) -> None:
    """Add fields to everything this thread logs until `unbind`."""
    import structlog  # noqa: PLC0415 - only a process that logs pays for it

    structlog.contextvars.bind_contextvars(**fields)


def unbind() -> None:
    """Take all bound fields out again."""
    import structlog  # noqa: PLC0415 - only a process that logs pays for it

    structlog.contextvars.clear_contextvars()


def configure(level: str, *, as_json: bool) -> None:
    """Have this process log to standard error, as readable lines or as JSON; foreign loggers alike."""
    import structlog  # noqa: PLC0415 - only a process that logs pays for it

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
