"""`kitbash calibrate --train --dense`: how much the cosines of the encoder that is set are worth, fitted again."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typer

from kitbash.cascade.training.meaning import train_dense
from kitbash.errors import UsageError
from kitbash.knowledge import starter
from kitbash.knowledge.build import store
from kitbash.knowledge.layout import parse_name
from kitbash.knowledge.library import Library
from kitbash.models.encoder.opened import load as load_encoder
from kitbash.settings import load

_FACTIONS: Final = ("general", "self")


def calibrate(*, fit: bool, seed: int, write: Path | None) -> None:
    """Print the weights fitted to the starter questions with the encoder that is set, and write them where asked.

    Raises UsageError without --train or without an encoder, EncoderError if it cannot be used.
    """
    path = load().settings.encoder.path
    if not fit or path is None:
        message = "--dense needs --train, and an encoder's folder: KITBASH_ENCODER__PATH=folder"
        raise UsageError(message)
    encoder = load_encoder(path)
    with TemporaryDirectory() as folder:
        whole, bare = Path(folder) / "whole", Path(folder) / "bare"
        starter.ensure(whole)
        library = Library([whole], Path(folder) / "cache")
        without = Library([bare], Path(folder) / "cache")
        try:
            cartridges = library.visible(_FACTIONS)
            for it in cartridges:
                store(parse_name(it.name), [replace(fact, aliases=()) for fact in it.index.facts()], bare)
            text = train_dense(cartridges, without.visible(_FACTIONS), encoder, seed)
        finally:
            library.close()
            without.close()
    typer.echo(text, nl=False)
    if write is not None:
        write.write_text(text, encoding="utf-8")
