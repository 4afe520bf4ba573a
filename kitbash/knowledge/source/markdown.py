"""Markdown: curated facts as bullets with columns, and ordinary notes as prose, in one file.

A bullet is `text | source | confidence | level` and more (see `columns.py`); every column after the text may be
missing, and nested bullets that end with a question mark are its question aliases. Prose is split into sentences.
Each statement keeps its headings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from kitbash.errors import ConfigError, KnowledgeError
from kitbash.knowledge.source import prose
from kitbash.knowledge.source.columns import ALIASES, Columns
from kitbash.knowledge.source.statement import Defaults, Statement, confidence_of, level_of, text_of
from kitbash.settings.yaml_text import parse_mapping

_MARKDOWN: Final = MarkdownIt("commonmark").enable("table")
_FRONTMATTER: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_COLUMN: Final = re.compile(r"(?:^|(?<=\s))(?<!\\)\|(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown text: what its frontmatter sets, and its body with the number of lines above it."""

    defaults: Defaults
    body: str
    lines_above: int


def parse(text: str, name: str) -> Document:
    """Read the frontmatter. Raises KnowledgeError naming the file if it is not a mapping, or sets a wrong value."""
    found = _FRONTMATTER.match(text)
    if found is None:
        return Document(Defaults(), text, 0)
    try:
        given = parse_mapping(found.group(1), f"the frontmatter of {name}")
    except ConfigError as error:
        raise KnowledgeError(str(error)) from error
    confidence = given.get("confidence", given.get("baseline_confidence"))
    level = given.get("level", given.get("epistemic_level"))
    domain = given.get("domain", given.get("cartridge_name"))
    faction = given.get("faction")
    usual = Defaults()
    defaults = Defaults(
        confidence=usual.confidence if confidence is None else confidence_of(confidence, name),
        level=usual.level if level is None else level_of(level, name),
        description=text_of(str(given.get("description", "")), f"the frontmatter of {name}"),
        domain=None if domain is None else str(domain),
        faction=None if faction is None else str(faction),
    )
    return Document(defaults, text[found.end() :], found.group(0).count("\n"))


def statements(document: Document, name: str) -> Iterator[Statement]:
    """Yield the statements of a document in order. Raises KnowledgeError naming file and line."""
    headings: list[str] = []
    tree = SyntaxTreeNode(_MARKDOWN.parse(document.body))
    for node in tree.children:
        if node.type == "heading":
            del headings[int(node.tag[1]) - 1 :]
            headings.append(_inline(node))
        else:
            yield from _Block(document, name, tuple(headings)).statements(node)


def _inline(node: SyntaxTreeNode) -> str:
    """Return the words of a block without marks of emphasis, links and images."""
    words: list[str] = []
    for leaf in node.walk():
        if leaf.type in {"text", "code_inline"}:
            words.append(leaf.content)
        elif leaf.type in {"softbreak", "hardbreak"}:
            words.append(" ")
    return " ".join("".join(words).split())


def _raw(node: SyntaxTreeNode) -> str:
    """Return a paragraph as it is written, on one line: escapes still tell a bar from a column."""
    return " ".join(" ".join(child.content for child in node.children).split())


def _words(column: str) -> str:
    """Return the words of one column."""
    return _inline(SyntaxTreeNode(_MARKDOWN.parseInline(column.strip())))


@dataclass(frozen=True, slots=True)
class _Block:
    """One block of the document, with the headings it stands under."""

    document: Document
    name: str
    headings: tuple[str, ...]

    def statements(self, node: SyntaxTreeNode) -> Iterator[Statement]:
        """Yield what a block states; code, HTML and rules state nothing."""
        if node.type in {"bullet_list", "ordered_list"}:
            for item in node.children:
                yield from self._item(item)
        elif node.type == "paragraph":
            for sentence in prose.sentences(_inline(node)):
                yield self._plain(sentence, node)
        elif node.type == "blockquote":
            for child in node.children:
                yield from self.statements(child)
        elif node.type == "table":
            yield from self._table(node)

    def _item(self, item: SyntaxTreeNode) -> Iterator[Statement]:
        texts = [child for child in item.children if child.type == "paragraph"]
        nested = [entry for child in item.children if child.type.endswith("_list") for entry in child.children]
        aliases = [text for entry in nested if (text := _alias(_inline(entry)))]
        if texts:
            yield self._fact(texts[0], tuple(aliases))
        for paragraph in texts[1:]:
            yield from self.statements(paragraph)
        for entry in nested:
            if not _alias(_inline(entry)):
                yield from self._item(entry)

    def _fact(self, node: SyntaxTreeNode, nested: tuple[str, ...]) -> Statement:
        place = self._place(node)
        text, *parts = (_words(part) for part in _COLUMN.split(_raw(node)))
        if not text:
            message = f"{place}: a bullet without text before its first column"
            raise KnowledgeError(message)
        columns = Columns(place, self.document.defaults, aliases=list(nested))
        for part in parts:
            columns.take(part)
        return columns.statement(text, self.headings)

    def _table(self, node: SyntaxTreeNode) -> Iterator[Statement]:
        rows = [[_inline(cell) for cell in row.children] for part in node.children for row in part.children]
        for row in rows[1:]:
            cells = [f"{head}: {cell}" if head else cell for head, cell in zip(rows[0], row, strict=False) if cell]
            if cells:
                yield self._plain("; ".join(cells), node)

    def _plain(self, text: str, node: SyntaxTreeNode) -> Statement:
        place = self._place(node)
        base = self.document.defaults
        return Statement(text_of(text, place), (place,), base.confidence, base.level, headings=self.headings)

    def _place(self, node: SyntaxTreeNode) -> str:
        line = (node.map[0] if node.map else 0) + 1 + self.document.lines_above
        return f"{self.name}:{line}"


def _alias(text: str) -> str | None:
    """Return the question a nested bullet asks, if it asks one."""
    found = ALIASES.match(text)
    if found:
        return text[found.end() :].strip() or None
    return text if text.endswith("?") else None
