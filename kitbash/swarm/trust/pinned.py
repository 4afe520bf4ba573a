"""What a machine knows by itself: whose key registries count, and the newest one it has seen. Files in one folder."""

import json
import os
import secrets
import stat
from dataclasses import asdict
from pathlib import Path

from kitbash.errors import ConfigError
from kitbash.swarm.trust.key_files import private_folder
from kitbash.swarm.trust.registry import public_text
from kitbash.swarm.trust.signed_registry import Signed


class Pinned:
    """The pinned roots and the newest registry seen, in a folder that must be the owner's alone."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; nothing is read yet."""
        self._folder = folder

    def roots(self) -> tuple[str, ...]:
        """Return the public keys whose registries count here. Raises ConfigError if others may change them."""
        return tuple(public_text(line) for line in self._read("roots").split())

    def trust(self, root: str) -> bool:
        """Have registries that this key signed count here. Returns whether they did not before. Raises Invalid."""
        known = self.roots()
        if public_text(root) in known:
            return False
        self._write("roots", "".join(f"{it}\n" for it in (*known, root)))
        return True

    def distrust(self, root: str) -> bool:
        """Have registries that this key signed count here no more. Returns whether they did before."""
        known = self.roots()
        self._write("roots", "".join(f"{it}\n" for it in known if it != root))
        return root in known

    def newest(self) -> Signed | None:
        """Return the registry of the highest number that was seen here, or None before the first."""
        kept = self._read("registry")
        if not kept:
            return None
        try:
            return Signed(**json.loads(kept))
        except (ValueError, TypeError) as error:
            message = f"{self._folder / 'registry'} is damaged; delete it, and compare what `keys list` shows then"
            raise ConfigError(message) from error

    def keep(self, registry: Signed) -> None:
        """Have a registry be the newest one seen here."""
        self._write("registry", json.dumps(asdict(registry)) + "\n")

    def _read(self, name: str) -> str:
        private_folder(self._folder, is_needed=False)
        try:
            return (self._folder / name).read_text(encoding="ascii")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            message = f"{self._folder / name} cannot be read: {error}"
            raise ConfigError(message) from error

    def _write(self, name: str, content: str) -> None:
        private_folder(self._folder)
        written = self._folder / f".{name}.{secrets.token_hex(8)}"
        handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, stat.S_IRUSR | stat.S_IWUSR)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            written.replace(self._folder / name)
        finally:
            written.unlink(missing_ok=True)
