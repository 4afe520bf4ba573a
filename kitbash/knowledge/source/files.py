"""Source files on disk: which reader fits which file, and which cartridge each belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kitbash.errors import KnowledgeError
from kitbash.knowledge.layout import CartridgeName, name_of
from kitbash.knowledge.source import markdown, prose, records
from kitbash.knowledge.source.statement import Defaults, Statement

SUFFIXES: Final = frozenset({".md", ".markdown", ".csv", ".json", ".txt"})
MAX_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Recipe:
    """One cartridge to build: its name and the files that make it up."""

    name: CartridgeName
    files: tuple[Path, ...]
    root: Path
    description: str = ""


def recipes(paths: list[Path], *, name: str | None = None, faction: str | None = None) -> list[Recipe]:
    """Return what to build from files and folders.

    A Markdown file whose frontmatter names a domain is a cartridge of its own; everything else given together forms
    one, called after its folder, or after the file if it is a single one. `name` puts everything into one.
    Raises KnowledgeError if a path does not exist or nothing readable is found.
    """
    own: list[Recipe] = []
    rest: list[Recipe] = []
    for path in paths:
        root = path if path.is_dir() else path.parent
        together: list[Path] = []
        for file in _files(path):
            document = _frontmatter(file)
            if name is None and document.domain is not None:
                stem = _own_name(file, document.domain, faction or document.faction or "general")
                own.append(Recipe(stem, (file,), root, document.description))
            else:
                together.append(file)
        if together:
            called = name or (path.resolve().name if path.is_dir() else path.stem)
            rest.append(Recipe(name_of(called, faction or "general"), tuple(together), root))
    merged: dict[str, Recipe] = {}
    for recipe in (*own, *rest):
        before = merged.get(str(recipe.name))
        files = (*before.files, *recipe.files) if before else recipe.files
        description = before.description if before else recipe.description
        merged[str(recipe.name)] = Recipe(recipe.name, files, recipe.root, description)
    if not merged:
        message = f"nothing to build in {', '.join(map(str, paths))}; sources end in {', '.join(sorted(SUFFIXES))}"
        raise KnowledgeError(message)
    return list(merged.values())


def _own_name(file: Path, domain: str, faction: str) -> CartridgeName:
    try:
        return name_of(domain, faction)
    except KnowledgeError as error:
        message = f"the frontmatter of {file}: {error}"
        raise KnowledgeError(message) from error


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
        yield from (file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))
    elif not path.is_file():
        message = f"{path} does not exist"
        raise KnowledgeError(message)
    elif path.suffix.lower() not in SUFFIXES:
        message = f"{path} is not a source that can be read; sources end in {', '.join(sorted(SUFFIXES))}"
        raise KnowledgeError(message)
    else:
        yield path


def _frontmatter(file: Path) -> Defaults:
    if file.suffix.lower() not in {".md", ".markdown"}:
        return Defaults()
    return markdown.parse(read_text(file), str(file)).defaults


def read_text(file: Path) -> str:
    """Return a file's text. Raises KnowledgeError if it is too large or not UTF-8."""
    try:
        if file.stat().st_size > MAX_BYTES:
            message = f"{file} is larger than {MAX_BYTES:,} bytes; split it"
            raise KnowledgeError(message)
        return file.read_text(encoding="utf-8-sig").replace("\x00", "")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read as UTF-8 text: {error}"
        raise KnowledgeError(message) from error


def statements(recipe: Recipe) -> Iterator[Statement]:
    """Yield all statements of a recipe, file by file. Raises KnowledgeError naming file and line."""
    for file in recipe.files:
        name = str(file.relative_to(recipe.root)) if file.is_relative_to(recipe.root) else file.name
        text = read_text(file)
        suffix = file.suffix.lower()
        if suffix in {".md", ".markdown"}:
            yield from markdown.statements(markdown.parse(text, name), name)
        elif suffix == ".csv":
            yield from records.from_csv(text, name, Defaults())
        elif suffix == ".json":
            yield from records.from_json(text, name, Defaults())
        else:
            base = Defaults(confidence=0.7)
            for line, paragraph in prose.paragraphs(text):
                for sentence in prose.sentences(paragraph):
                    yield Statement(sentence, (f"{name}:{line}",), base.confidence, base.level)
