"""Private keys on disk: one file an agent, encrypted, in a folder and a file that nobody else may enter or read."""

import hashlib
import json
import os
import secrets
import stat
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from kitbash.errors import ConfigError, NotFound
from kitbash.swarm import check
from kitbash.swarm.trust.canonical import canonical_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_VERSION: Final = 1
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_SCRYPT: Final = {"n": 2**15, "r": 8, "p": 3}
"""32 MiB, about a quarter of a second: the OWASP minimum for scrypt (Password Storage Cheat Sheet)."""
_MOST_BYTES: Final = 4096
_MIN_PASSWORD_CHARS: Final = 8


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An agent's private key, the public one as base64, and the name signatures give it. Its text shows no key."""

    agent: str
    public: str
    key_id: str
    private: "Ed25519PrivateKey"

    def __repr__(self) -> str:
        """Return whose key it is."""
        return f"KeyPair(agent={self.agent!r})"


def generate(agent: str) -> KeyPair:
    """Return a fresh key pair that is nowhere yet. Raises Invalid for a name that cannot stand in a file's name."""
    # Loaded here: whoever only asks questions needs no cryptography.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    check.name_in_key(agent, "agent")
    private = Ed25519PrivateKey.generate()
    return _pair(agent, private)


def key_id(raw: bytes) -> str:
    """Return the name that signatures give a public key: the first 16 hex digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(raw).hexdigest()[:16]


def path_of(folder: Path, agent: str) -> Path:
    """Return where an agent's private key is. Raises Invalid for a name that cannot stand in a file's name."""
    return folder / f"{check.name_in_key(agent, 'agent')}.key"


def write(folder: Path, pair: KeyPair, password: SecretStr, *, replace: bool = False) -> Path:
    """Write a key, encrypted with scrypt and AES-256-GCM, whole or not at all; the file is the owner's alone (0600).

    Raises ConfigError if there is a key already and `replace` is not set, the password is shorter than 8 characters, or
    the folder is not the owner's alone.
    """
    path = path_of(folder, pair.agent)
    private_folder(folder)
    if len(password.get_secret_value()) < _MIN_PASSWORD_CHARS:
        message = f"the password has fewer than {_MIN_PASSWORD_CHARS} characters; choose a longer one"
        raise ConfigError(message)
    if path.exists() and not replace:
        message = f"{path} is there already; `kitbash swarm keys rotate {pair.agent}` replaces it"
        raise ConfigError(message)
    written = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, stat.S_IRUSR | stat.S_IWUSR)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_encrypted(pair, password))
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)
    return path


def read(folder: Path, agent: str, password: SecretStr) -> KeyPair:
    """Return an agent's key pair. Raises NotFound without a file, ConfigError if it cannot be used.

    It cannot when somebody else may read the file or enter its folder, it is a link or another's, it is damaged, or the
    password is not its own.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see `generate`

    path = path_of(folder, agent)
    private_folder(folder, is_needed=False)
    data = _own_bytes(path)
    try:
        pair = _decrypted(json.loads(data), password)
    except InvalidTag as error:
        message = f"{path} does not open with this password, or was changed; give the password it was made with"
        raise ConfigError(message) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = (
            f"{path} is no key file of Kitbash: {type(error).__name__}; put it back from a copy, or rotate the key"
        )
        raise ConfigError(message) from error
    if pair.agent != agent:
        message = f"{path} holds the key of another agent; give each agent's file its own name"
        raise ConfigError(message)
    return pair


def private_folder(folder: Path, *, is_needed: bool = True) -> None:
    """Have the folder be there and the owner's alone (0700). Raises ConfigError if others may enter an existing one."""
    if is_needed:
        folder.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)
    if not folder.exists():
        return
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
        message = f"{folder} must be a folder of your own that nobody else may enter; run: chmod 700 {folder}"
        raise ConfigError(message)


def _own_bytes(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        message = f"there is no key for {path.stem!r} in {path.parent}; make one: kitbash swarm keys new {path.stem}"
        raise NotFound(message) from error
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}; it must be a plain file of your own"
        raise ConfigError(message) from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
            message = f"{path} may be read by others, and so may be known to them; run: chmod 600 {path}, and rotate it"
            raise ConfigError(message)
        return file.read(_MOST_BYTES)


def _encrypted(pair: KeyPair, password: SecretStr) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see `generate`

    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    told: dict[str, Any] = {
        "version": _VERSION,
        "agent": pair.agent,
        "public": pair.public,
        "kdf": {"name": "scrypt", "salt": b64encode(salt).decode(), **_SCRYPT},
        "nonce": b64encode(nonce).decode(),
    }
    cipher = AESGCM(_derived(password, salt))
    sealed = cipher.encrypt(nonce, pair.private.private_bytes_raw(), canonical_bytes(told))
    return canonical_bytes({**told, "sealed": b64encode(sealed).decode()}) + b"\n"


def _decrypted(stored: Any, password: SecretStr) -> KeyPair:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see `generate`
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    told = {name: it for name, it in stored.items() if name != "sealed"}
    kdf = told["kdf"]
    # Costs from the file are not obeyed: a changed file could ask for all the memory there is.
    if told["version"] != _VERSION or {"n": kdf["n"], "r": kdf["r"], "p": kdf["p"]} != _SCRYPT:
        message = "another version"
        raise ValueError(message)
    cipher = AESGCM(_derived(password, b64decode(kdf["salt"], validate=True)))
    opened = cipher.decrypt(
        b64decode(told["nonce"], validate=True), b64decode(stored["sealed"], validate=True), canonical_bytes(told)
    )
    pair = _pair(told["agent"], Ed25519PrivateKey.from_private_bytes(opened))
    if pair.public != told["public"]:
        message = "the public key is another's"
        raise ValueError(message)
    return pair


def _pair(agent: str, private: "Ed25519PrivateKey") -> KeyPair:
    raw = private.public_key().public_bytes_raw()
    return KeyPair(agent, b64encode(raw).decode(), key_id(raw), private)


def _derived(password: SecretStr, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - see `generate`

    return Scrypt(salt=salt, length=32, **_SCRYPT).derive(password.get_secret_value().encode())
