"""The password of the private keys: from a setting, a file, or a person at a terminal; never from the command line."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from kitbash.errors import ConfigError
from kitbash.settings import Settings

_MOST_BYTES: Final = 4096


def password(settings: Settings, asked: Callable[[], str] | None = None) -> SecretStr:
    """Return the password: what is set, else the first line of the file that is set, else what a person types.

    `asked` asks the person, and is None where there is none. Raises ConfigError without any, or if others may read the
    file.
    """
    trust = settings.trust
    if trust.password is not None:
        return trust.password
    if trust.password_file is not None:
        return SecretStr(_first_line(trust.password_file.expanduser()))
    if asked is not None:
        return SecretStr(asked())
    message = "the keys' password is not set; set KITBASH_TRUST__PASSWORD_FILE (or KITBASH_TRUST__PASSWORD)"
    raise ConfigError(message)


def _first_line(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY)
        with os.fdopen(handle, "rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                message = f"{path} may be read by others; run: chmod 600 {path}, and change the password"
                raise ConfigError(message)
            return file.read(_MOST_BYTES).decode().partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        message = f"the password file {path} cannot be read: {error}"
        raise ConfigError(message) from error
