"""Cartridges made from statements: ids kept where the text is unchanged, the folder replaced as a whole."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from kitbash.domain.claim import Claim
from kitbash.domain.fact import Fact
from kitbash.errors import KnowledgeError
from kitbash.knowledge import annotation, facts_db, index, layout, manifest
from kitbash.knowledge.cartridge import facts_in
from kitbash.knowledge.claim_record import MAX_CLAIMS
from kitbash.knowledge.facts_db import StoredFact
from kitbash.knowledge.fingerprint import Fingerprint
from kitbash.knowledge.folder import replacing, writing
from kitbash.knowledge.layout import CartridgeName
from kitbash.knowledge.manifest import Manifest
from kitbash.knowledge.source import claiming
from kitbash.knowledge.source.files import Recipe, statements
from kitbash.knowledge.source.statement import Statement


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: counts of facts added, removed, changed (their annotation) and kept as they were."""

    name: str
    folder: Path
    added: int
    removed: int
    changed: int
    kept: int

    @property
    def touched(self) -> bool:
        """Return whether anything on disk changed."""
        return bool(self.added or self.removed or self.changed)

    @property
    def facts(self) -> int:
        """Return how many facts the cartridge has now."""
        return self.added + self.changed + self.kept


def build(recipe: Recipe, where: Path, *, progress: Callable[[int], None] = lambda _: None) -> Built:
    """Build or refresh the cartridge of a recipe in a folder; nothing is written if nothing changed.

    A fact whose text is unchanged keeps its id. `progress` is told how many statements were read so far. After a crash
    the old cartridge or the new one is there. Raises KnowledgeError naming the file and line of a bad source.
    """
    read: list[Statement] = []
    for number, statement in enumerate(statements(recipe), start=1):
        read.append(statement)
        progress(number)
    if not read:
        message = f"no facts in {', '.join(str(file) for file in recipe.files)}; nothing was built"
        raise KnowledgeError(message)
    return store(recipe.name, _merged(read), where, description=recipe.description)


def store(name: CartridgeName, facts: Iterable[Fact], where: Path, *, description: str = "") -> Built:
    """Write facts as a cartridge, keeping the ids of texts that are already in it.

    Facts come with the id they want, or 0 for a fresh one.
    """
    with writing(where):
        target = where / name.folder
        before, next_id, about = _before(where, str(name))
        by_text = {fact.text: fact for fact in before}
        wanted = {fact.text: fact for fact in reversed(list(facts))}
        # An id that ever stood for another text is not given again: those below were all given once.
        first_free = next_id
        next_id = max([next_id, *(fact.fact_id + 1 for fact in wanted.values())])
        after: list[Fact] = []
        for fact in reversed(wanted.values()):
            old = by_text.get(fact.text)
            fact_id = old.fact_id if old else fact.fact_id
            if old is None and fact_id < first_free:
                fact_id, next_id = next_id, next_id + 1
            topic = fact.topic or name.domain
            after.append(replace(fact, cartridge=str(name), fact_id=fact_id, topic=topic))
        after.sort(key=lambda fact: fact.fact_id)
        old_by_id = {fact.fact_id: fact for fact in before}
        built = Built(
            name=str(name),
            folder=target,
            added=sum(fact.fact_id not in old_by_id for fact in after),
            removed=len(old_by_id.keys() - {fact.fact_id for fact in after}),
            changed=sum(old_by_id.get(fact.fact_id, fact) != fact for fact in after),
            kept=sum(old_by_id.get(fact.fact_id) == fact for fact in after),
        )
        if built.touched or (about is not None and about.description != description):
            created = about.created if about else manifest.now()
            with replacing(target) as folder:
                _fill(folder, name, after, next_id=next_id, created=created, description=description)
        return built


def _merged(read: list[Statement]) -> list[Fact]:
    """Return one fact for each text; what several statements say of it is joined."""
    facts: dict[str, Fact] = {}
    written: dict[str, tuple[Claim, ...]] = {}
    for statement in read:
        before = facts.get(statement.text)
        facts[statement.text] = Fact(
            cartridge="",
            fact_id=0,
            text=statement.text,
            level=before.level if before else statement.level,
            confidence=max(before.confidence, statement.confidence) if before else statement.confidence,
            sources=tuple(dict.fromkeys((*(before.sources if before else ()), *statement.sources))),
            aliases=tuple(dict.fromkeys((*(before.aliases if before else ()), *statement.aliases))),
            topic=before.topic if before else " › ".join(statement.headings),
            forbids=tuple(dict.fromkeys((*(before.forbids if before else ()), *statement.forbids))),
            event_time=(before.event_time if before else "") or statement.event_time,
            narrative_time=(before.narrative_time if before else "") or statement.narrative_time,
        )
        if statement.claims is not None:
            written[statement.text] = (*written.get(statement.text, ()), *statement.claims)
    return [replace(fact, claims=_claims(fact, written.get(fact.text))) for fact in facts.values()]


def _claims(fact: Fact, written: tuple[Claim, ...] | None) -> tuple[Claim, ...]:
    """Return what is written that a fact claims, else what its text says; intents and masks claim nothing."""
    if written is not None:
        return tuple(dict.fromkeys(written))[:MAX_CLAIMS]
    return claiming.claims_of(fact.text) if fact.level.states_facts else ()


def _before(where: Path, name: str) -> tuple[list[Fact], int, Manifest | None]:
    """Return the facts, the next free id and the manifest of what stands there now, if it can be read."""
    folder = layout.folders(where).get(name)
    if folder is None:
        return [], 1, None
    try:
        about = manifest.read(folder / layout.MANIFEST)
        return list(facts_in(folder, name)), facts_db.next_id(folder / layout.FACTS), about
    except KnowledgeError:
        # A broken cartridge is being replaced: that is what building is for.
        return [], 1, None


def _fill(
    folder: Path, name: CartridgeName, facts: list[Fact], *, next_id: int, created: str, description: str
) -> None:
    (folder / layout.INDICES).mkdir()
    (folder / layout.GRAINS).mkdir()
    facts_db.write(folder / layout.FACTS, (StoredFact(it.fact_id, it.text) for it in facts), next_id=next_id)
    with (folder / layout.ANNOTATIONS).open("w", encoding="utf-8") as lines:
        lines.writelines(annotation.to_line(fact) for fact in facts)
    index.write(folder / layout.LEXICAL, facts, Fingerprint.of(folder))
    (folder / layout.MANIFEST).write_text(manifest.manifest_json(name, facts, description, created), encoding="utf-8")
    size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    (folder / layout.METADATA).write_text(manifest.metadata_json(name, facts, created, size_bytes), encoding="utf-8")
