"""One file fetched from the network: bounded, checked, and never from where a redirect should not lead."""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kitbash.errors import DownloadError
from kitbash.models.addresses import innermost

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS: Final = 5
_BLOCK_BYTES: Final = 1 << 18
_DIGEST_HEADER: Final = "x-linked-etag"
"""In which the Hugging Face hub tells the SHA-256 of a large file, before it redirects to where that lies."""
_MISSING: Final = 404
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Allowed:
    """Where a download may lead. The first address is the caller's; `private` is whether a redirect may stay inside."""

    schemes: frozenset[str] = frozenset({"https"})
    private: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched whole."""

    path: Path
    size_bytes: int
    digest: str


def fetch(
    client: "httpx.Client",
    url: str,
    path: Path,
    *,
    max_bytes: int,
    allowed: Allowed,
    digest: str | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Fetched | None:
    """Have a new file hold what is at an address; return None if nothing is there (404).

    `digest` is the SHA-256 it must have; one that the server announces must hold too. `progress` is told the bytes that
    came and those expected, 0 if unknown. Raises DownloadError; then the file may be there in part.
    """
    import httpx  # noqa: PLC0415 - only those who download wait for it

    announced = ""
    for _ in range(MAX_REDIRECTS + 1):
        _must_be_allowed(url, allowed)
        try:
            with client.stream("GET", url, headers={"Accept-Encoding": "identity"}, follow_redirects=False) as response:
                announced = response.headers.get(_DIGEST_HEADER, announced)
                if response.next_request is not None:
                    url = str(response.next_request.url)
                    _must_lead_outside(url, allowed)
                    continue
                if response.status_code == _MISSING:
                    return None
                found = _stored(response, path, max_bytes, progress)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            message = f"{url} could not be fetched: {error or type(error).__name__}"
            raise DownloadError(message) from error
        _must_match(url, found.digest, digest, "the one that was asked for")
        _must_match(url, found.digest, _as_digest(announced), "what the server announced")
        return found
    message = f"{url}: more than {MAX_REDIRECTS} redirects"
    raise DownloadError(message)


def _stored(response: "httpx.Response", path: Path, max_bytes: int, progress: Callable[[int, int], None]) -> Fetched:
    url = str(response.url)
    if response.status_code != _OK:
        message = (
            f"{url} answers {response.status_code} {response.reason_phrase}; check the name and whether it is gated"
        )
        raise DownloadError(message)
    if response.headers.get("content-encoding", "identity") != "identity":
        message = f"{url} is sent compressed, though it was not asked for; its size cannot be bounded"
        raise DownloadError(message)
    length = response.headers.get("content-length", "0")
    expected = int(length) if length.isdecimal() else 0
    _must_fit(url, expected, max_bytes)
    found = sha256()
    size_bytes = 0
    with path.open("xb") as file:
        for block in response.iter_raw(_BLOCK_BYTES):
            size_bytes += len(block)
            _must_fit(url, size_bytes, max_bytes)
            found.update(block)
            file.write(block)
            progress(size_bytes, expected)
    return Fetched(path, size_bytes, found.hexdigest())


def _must_fit(url: str, size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        message = f"{url} has more than {max_bytes:,} bytes, the most that is taken"
        raise DownloadError(message)


def _must_match(url: str, digest: str, wanted: str | None, what: str) -> None:
    if wanted is not None and digest != wanted.lower():
        message = f"{url} has the SHA-256 {digest}, which is not {what}: {wanted.lower()}"
        raise DownloadError(message)


def _as_digest(announced: str) -> str | None:
    """Return an announced SHA-256; of small files other digests are announced."""
    found = announced.strip('"').lower()
    return found if len(found) == sha256().digest_size * 2 and set(found) <= set("0123456789abcdef") else None


def _must_be_allowed(url: str, allowed: Allowed) -> None:
    scheme = url.partition(":")[0].lower()
    if scheme not in allowed.schemes:
        message = f"{url} is not fetched: only {', '.join(sorted(allowed.schemes))} is"
        raise DownloadError(message)


def _must_lead_outside(url: str, allowed: Allowed) -> None:
    """Refuse a redirect to an address that is not everybody's: it could be anything in this machine's network."""
    import httpx  # noqa: PLC0415 - only those who download wait for it

    host = httpx.URL(url).host
    if allowed.private or not host:
        return
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        # Behind a proxy names are the proxy's to resolve; without one, connecting fails by itself.
        return
    for *_, address in found:
        given = innermost(ipaddress.ip_address(str(address[0]).partition("%")[0]))
        if not given.is_global:
            message = f"{url} is not fetched: a redirect leads to {address[0]}, which is no public address"
            raise DownloadError(message)
