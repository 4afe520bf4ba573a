"""An encoder fetched from the Hugging Face hub, or a server that has its paths, into a folder of its own."""

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kitbash.errors import DownloadError, UsageError
from kitbash.models.download import Allowed, Fetched, fetch
from kitbash.models.encoder import folder
from kitbash.models.encoder.format import Format

ENDPOINT: Final = "https://huggingface.co"
_SEGMENT: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_NAME: Final = re.compile(rf"(?P<owner>{_SEGMENT})/(?P<name>{_SEGMENT})")
_URL: Final = re.compile(rf"(?P<endpoint>[a-z]+://[^/?#@\s]+)/(?P<owner>{_SEGMENT})/(?P<name>{_SEGMENT})/?")
_REVISION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TIMEOUT_S: Final = 30.0
_WORK: Final = ".pulling-"
_ASIDE: Final = ".old"


@dataclass(frozen=True, slots=True)
class Source:
    """Where an encoder is."""

    endpoint: str
    owner: str
    name: str
    revision: str = "main"

    @property
    def folder(self) -> str:
        """Return what its folder is called."""
        return f"{self.owner}--{self.name}"

    def address(self, file: str) -> str:
        """Return where one of its files is."""
        return f"{self.endpoint}/{self.owner}/{self.name}/resolve/{self.revision}/{file}"


def source(what: str, revision: str = "main") -> Source:
    """Return what `owner/name`, or an address that ends so, names. Raises UsageError."""
    found = _NAME.fullmatch(what) or _URL.fullmatch(what)
    if found is None or not _REVISION.fullmatch(revision):
        message = (
            f"{what!r} (revision {revision!r}) names no model: use owner/name, such as "
            f"sentence-transformers/all-MiniLM-L6-v2, or https://server/owner/name"
        )
        raise UsageError(message)
    parts = found.groupdict()
    return Source(parts.get("endpoint", ENDPOINT), parts["owner"], parts["name"], revision)


def pull(
    at: Source,
    where: Path,
    *,
    model: Format = Format.SAFETENSORS,
    digest: str | None = None,
    allowed: Allowed | None = None,
    progress: Callable[[str, int, int], None] = lambda _file, _done, _all: None,
) -> tuple[Path, list[Fetched]]:
    """Have a folder below `where` hold an encoder, whole and checked; return it and its files.

    `digest` is the SHA-256 the model must have. What was in the folder before is replaced only when all is there.
    Raises DownloadError, or EncoderError if what was fetched cannot be an encoder.
    """
    try:
        where.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=where))
    except OSError as error:
        message = f"{where} cannot be written: {error}; name another data folder: KITBASH_DATA_DIR"
        raise DownloadError(message) from error
    try:
        files = _fetched(at, work, model, digest=digest, allowed=allowed or Allowed(), progress=progress)
        folder.look(work)
        target = where / at.folder
        _swap(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target, [Fetched(target / it.path.relative_to(work), it.size_bytes, it.digest) for it in files]


def _fetched(
    at: Source,
    work: Path,
    model: Format,
    *,
    digest: str | None,
    allowed: Allowed,
    progress: Callable[[str, int, int], None],
) -> list[Fetched]:
    import httpx  # noqa: PLC0415 - only those who download wait for it

    weights = folder.SAFETENSORS if model is Format.SAFETENSORS else folder.ONNX[1]
    # Small ones first: a name without an encoder is known before the long wait.
    wanted = (
        (folder.CONFIG, folder.MAX_CONFIG_BYTES, True),
        (folder.POOLING, folder.MAX_CONFIG_BYTES, False),
        (folder.TOKENIZER, folder.MAX_TOKENIZER_BYTES, True),
        (weights, folder.MAX_MODEL_BYTES, True),
    )
    found: list[Fetched] = []
    with httpx.Client(timeout=_TIMEOUT_S) as client:
        for file, max_bytes, is_needed in wanted:
            path = work / file
            path.parent.mkdir(parents=True, exist_ok=True)
            url = at.address(file)
            got = fetch(
                client,
                url,
                path,
                max_bytes=max_bytes,
                allowed=allowed,
                digest=digest if file == weights else None,
                progress=lambda done, every, file=file: progress(file, done, every),
            )
            if got is not None:
                found.append(got)
            elif is_needed:
                message = f"{url} is not there; check the name, or choose the other format: --format"
                raise DownloadError(message)
    return found


def _swap(work: Path, target: Path) -> None:
    """Put a folder in another's place; between the two renames there is none, and what was there can be put back."""
    aside = target.with_name(target.name + _ASIDE)
    try:
        work.chmod(0o755)
        shutil.rmtree(aside, ignore_errors=True)
        if target.exists():
            target.rename(aside)
        work.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        message = f"{target} cannot be put in place: {error}"
        raise DownloadError(message) from error
