"""`kitbash cartridge embed`: the vectors that a question is compared with by meaning."""

import time

from kitbash.cli import output
from kitbash.errors import NotFound, UsageError
from kitbash.models.encoder import opened as encoders
from kitbash.runtime import Runtime
from kitbash.settings import load


def embed(names: list[str], *, again: bool, as_json: bool) -> None:
    """Have the vectors of these cartridges made, of all without a name; those that are in order stay unless `again`.

    Raises UsageError without an encoder, NotFound for a name that is not open, EncoderError and KnowledgeError.
    """
    runtime = Runtime(load().settings)
    try:
        path = runtime.settings.encoder.path
        if runtime.meaning is None or path is None:
            message = "no encoder is set: name its folder in KITBASH_ENCODER__PATH; to fetch one: kitbash models pull"
            raise UsageError(message)
        if runtime.meaning.source.open() is None:
            # Reads it again, to end with the reason.
            encoders.load(path)
        cartridges = runtime.library.cartridges
        for name in names:
            if name not in cartridges:
                message = f"there is no cartridge {name!r}; there are {', '.join(cartridges) or 'none'}"
                raise NotFound(message)
        made: list[dict[str, object]] = []
        for cartridge in [cartridges[name] for name in names or cartridges]:
            if not again and not runtime.meaning.fault(cartridge, log=False):
                continue
            started_s = time.monotonic()
            made_at = runtime.meaning.embed(cartridge)
            took_s = round(time.monotonic() - started_s, 1)
            row: dict[str, object] = {
                "cartridge": cartridge.name,
                "path": str(made_at),
                "bytes": made_at.stat().st_size,
                "took_s": took_s,
            }
            made.append(row)
            if not as_json:
                output.line(f"{cartridge.name}: {cartridge.index.fact_count} facts, {row['bytes']:,} bytes, {took_s} s")
        if as_json:
            output.print_json(made)
        elif not made:
            output.line("every cartridge has its vectors")
    finally:
        runtime.close()
