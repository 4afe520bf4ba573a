"""`kitbash models pull`: an encoder from the Hugging Face hub, for machines with a network."""

from kitbash.cli import output
from kitbash.models.encoder import hub
from kitbash.models.encoder.format import Format
from kitbash.settings import load


def pull(name: str, *, revision: str, model: Format, sha256: str | None, as_json: bool) -> None:
    """Fetch an encoder, print its files with their digests, and say how to use it.

    Raises UsageError for a name that cannot be one, DownloadError or EncoderError if it cannot be had whole.
    """
    where = load().settings.paths.data_dir.expanduser() / "models"
    shown: set[str] = set()

    def progress(file: str, _done: int, expected: int) -> None:
        if file not in shown:
            shown.add(file)
            output.note(f"fetching {file}" + (f", {expected / 1e6:,.1f} MB" if expected else ""))

    folder, files = hub.pull(hub.source(name, revision), where, model=model, digest=sha256, progress=progress)
    if as_json:
        rows = [{"file": str(it.path), "bytes": it.size_bytes, "sha256": it.digest} for it in files]
        output.print_json({"folder": str(folder), "files": rows})
        return
    for it in files:
        output.line(f"{it.digest}  {it.path.relative_to(folder)}  {it.size_bytes:,} bytes")
    output.line(f"To use it: export KITBASH_ENCODER__PATH={folder}, then kitbash cartridge embed")
