"""Where the files that ship with Kitbash are: Lua scripts, configuration, starter knowledge, the Procfile.

A wheel carries them inside the package; a checkout has them at its root. Callers do not see the difference.
"""

from functools import cache
from pathlib import Path

from kitbash.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


@cache
def root() -> Path:
    """Return the folder that holds `lua/`, `config/`, `cartridges/` and `Procfile`."""
    for folder in (_PACKAGE / "_assets", _PACKAGE.parent):
        if (folder / "lua").is_dir():
            return folder
    message = f"the files that ship with Kitbash are missing beside {_PACKAGE}; install it again"
    raise ConfigError(message)


def path(name: str) -> Path:
    """Return one shipped file or folder; `name` is relative, as in a checkout. Raises ConfigError if it is missing."""
    found = root() / name
    if not found.exists():
        message = f"the shipped file {name!r} is missing from {root()}; install Kitbash again"
        raise ConfigError(message)
    return found
