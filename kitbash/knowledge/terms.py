"""The index of a large cartridge's stems: which facts hold any of some stems, the best by BM25 first. Made by tantivy.

It is only worth its threads and files above `LARGE` facts; below, FTS5 is as quick (docs/decisions/0006). Facts that it
proposes are read from the lexical index by id, so whatever stands in its files can propose, and never state, a fact.
BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from kitbash.errors import KnowledgeError

LARGE: Final = 2_000
"""Facts from which a cartridge gets this index."""

_STAMP: Final = "made_of.json"
_LOCK: Final = ".tantivy-meta.lock"
_MEMORY_BYTES: Final = 64_000_000
_ID: Final = "fact_id"
_BODY: Final = "body"
_PARTS: Final = frozenset({"fast", "fieldnorm", "idx", "json", "pos", "store", "term"})


class Entry(NamedTuple):
    """One fact: its id and the stems it is found by, separated by blanks."""

    fact_id: int
    stems: str


def write(folder: Path, entries: Iterable[Entry], digest: str) -> None:
    """Write an index into an empty folder, stamped with what it was made of.

    The stamp is written last: a folder that a crash left half-written has none.
    """
    from tantivy import Document, Index, SchemaBuilder  # noqa: PLC0415 - only large cartridges need it

    folder.mkdir(parents=True, exist_ok=True)
    schema = SchemaBuilder()
    schema.add_integer_field(_ID, stored=True)
    schema.add_text_field(_BODY, stored=False, tokenizer_name="whitespace", index_option="freq")
    # One thread: the same facts give the same order of equal scores.
    index = Index(schema.build(), path=str(folder))
    writer = index.writer(heap_size=_MEMORY_BYTES, num_threads=1)
    for fact_id, stems in entries:
        document = Document()
        document.add_integer(_ID, fact_id)
        document.add_text(_BODY, stems)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    (folder / _STAMP).write_text(json.dumps({"digest": digest, "sizes": _sizes(folder)}), encoding="utf-8")


def fault(folder: Path, digest: str) -> str:
    """Return why the index in a folder cannot be used for these sources, or nothing if it can."""
    try:
        stamp: Any = json.loads((folder / _STAMP).read_bytes())
        if stamp["digest"] != digest:
            return f"{folder} was made of other facts, or by another version"
        if stamp["sizes"] != _sizes(folder):
            return f"{folder} is incomplete"
    except FileNotFoundError:
        return f"{folder} is missing"
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return f"{folder} cannot be read: {error!r}"
    # The engine locks this file while it opens the others; without it, it would write to the folder.
    return "" if os.access(folder / _LOCK, os.W_OK) else f"{folder} cannot be locked"


class Terms:
    """An index that is open for reading. Safe to share between threads; not across a fork."""

    def __init__(self, folder: Path) -> None:
        """Open an index. Raises KnowledgeError if its files are not what `write` makes."""
        import tantivy  # noqa: PLC0415 - only large cartridges need it

        self._folder = folder
        self._library: Any = tantivy
        try:
            self._index = tantivy.Index.open(str(folder))
            self._schema: Any = self._index.schema
            self._searcher: Any = self._index.searcher()
        except BaseException as error:
            raise self._broken(error) from error

    def propose(self, stems: Sequence[str], limit: int) -> list[int]:
        """Return the ids of up to `limit` facts that hold any of the stems, the best first; equal ones by id.

        Raises KnowledgeError if the files are damaged.
        """
        query: Any = self._library.Query
        should: Any = self._library.Occur.Should
        try:
            terms = [(should, query.term_query(self._schema, _BODY, stem)) for stem in dict.fromkeys(stems)]
            hits: list[tuple[float, Any]] = self._searcher.search(query.boolean_query(terms), limit, count=False).hits
            found = [(-score, int(self._searcher.doc(address)[_ID][0])) for score, address in hits]
        except BaseException as error:
            raise self._broken(error) from error
        return [fact_id for _, fact_id in sorted(found)]

    def _broken(self, error: BaseException) -> KnowledgeError:
        # A damaged file can make the engine panic, which is a BaseException of its own; all others go on up.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise error
        return KnowledgeError(f"{self._folder} cannot be read: {error}")


def _sizes(folder: Path) -> dict[str, int]:
    found = {path.name: path.stat().st_size for path in folder.iterdir() if path.suffix[1:] in _PARTS}
    return {name: size for name, size in sorted(found.items()) if name != _STAMP and not name.startswith(".")}
