"""Kitbash answers a question at the cheapest layer that can be trusted, with its sources and an honest confidence.

Start reading at `kitbash.client` (how it is asked) and `kitbash.cascade.step` (how a layer is run).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitbash.client import Client
    from kitbash.domain.answer import Result

__version__ = "0.1.0"
__all__ = ["Client", "Result", "__version__"]

_HOMES = {"Client": "kitbash.client", "Result": "kitbash.domain.answer"}


def __getattr__(name: str) -> object:
    # Lazy, so that `kitbash --help` and a worker import only what they use.
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
