"""Structured logs: dotted event names, details as fields, the query's id bound to whatever is logged for it."""

import logging
import sys
from typing import Any

import structlog


def logger(name: str) -> Any:
    """Return a logger; nothing is configured by asking for one.

    Where nobody has set logging up it goes to standard error: what a command prints is not to be mixed with it.
    """
    return structlog.wrap_logger(logging.getLogger(name), wrapper_class=structlog.stdlib.BoundLogger)


def bind(**fields: str) -> None:
    """Add fields to everything this thread logs until `unbind`."""
    structlog.contextvars.bind_contextvars(**fields)


def unbind() -> None:
    """Take all bound fields out again."""
    structlog.contextvars.clear_contextvars()


def configure(level: str, *, as_json: bool) -> None:
    """Have this process log to standard error, as readable lines or as JSON; foreign loggers alike."""
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
