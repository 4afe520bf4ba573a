"""A model's reply checked against the evidence, sentence by sentence, before anybody reads it as an answer.

A sentence that a fact bears out is cited; one that contradicts an L0 or L1 fact is struck, and a delta says so; one
that nothing bears out is marked as the model's own. Pure.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kitbash.cascade.bearing import Bearing, Borne, bearing, clauses, subject
from kitbash.cascade.reply import plain
from kitbash.cascade.sentences import Sentence, sentences
from kitbash.domain.checked import LOOP, OWN_MARK, SYSTEM, Checked, Standing
from kitbash.domain.coupling import OF_REPLY, STRUCK, Delta, Severity
from kitbash.domain.fact import Fact
from kitbash.domain.item import ident_of
from kitbash.domain.level import Level
from kitbash.domain.normal_form import normal_form
from kitbash.domain.words import content_stems

REPLY: Final = "reply#"
"""How the items of contradictions are named that a reply brought: `reply#` and the number of the sentence."""

_SYSTEM: Final = re.compile(
    r"^\W*(?:system|user|human|instruction|developer|tool)\s*:"
    r"|\b(?:i am|i'm|this is|acting as|speaking as)\s+(?:now\s+)?(?:the|your)\s+"
    r"(?:system|administrator|developer|operator)(?=\W*(?:$|and\b|now\b|speaking\b|,))"
    r"|\bas (?:the|your) (?:system|administrator),"
    r"|\b(?:ignore|disregard|forget)\b[^.]{0,40}\b(?:instructions?|prompts?|rules)\b",
    re.IGNORECASE,
)
_LONG: Final = 12
_VARIED: Final = 0.34
_MEASURED: Final = frozenset((Level.EMPIRICAL, Level.AXIOMATIC))


@dataclass(frozen=True, slots=True)
class Verification:
    """What a reply is worth: all its sentences, the struck ones too, and what they were held against."""

    sentences: tuple[Checked, ...]
    evidence: tuple[Fact, ...]

    @property
    def kept(self) -> tuple[Checked, ...]:
        """Return the sentences that may be read."""
        return tuple(it for it in self.sentences if not it.struck)

    @property
    def support(self) -> float:
        """Return the share of all content words that stand in sentences which facts bear out, 0 to 1."""
        total = sum(it.words for it in self.sentences)
        return sum(it.words for it in self.sentences if it.standing is Standing.SUPPORTED) / total if total else 0.0

    @property
    def sources(self) -> tuple[Fact, ...]:
        """Return the facts that kept sentences name, in the order in which they do."""
        known = {ident_of(fact): fact for fact in self.evidence}
        named = dict.fromkeys(ident for it in self.kept for ident in it.facts)
        return tuple(known[ident] for ident in named)

    def text(self) -> str:
        """Return the answer: each kept sentence with the numbers of its sources, or the mark of the model's own."""
        numbers = {ident_of(fact): number for number, fact in enumerate(self.sources, start=1)}
        return " ".join(f"{it.text} {_mark(it, numbers)}" for it in self.kept)

    def deltas(self) -> tuple[Delta, ...]:
        """Return what the reply contradicts of L0 and L1, as contradictions of a tale (L2) with a fact."""
        levels = {ident_of(fact): fact.level for fact in self.evidence}
        found: list[Delta] = []
        for number, it in enumerate(self.sentences, start=1):
            if it.standing is Standing.CONTRADICTED and levels[it.facts[0]] in _MEASURED:
                found.append(
                    Delta(
                        delta_id=f"{OF_REPLY}{len(found) + 1}",
                        a=levels[it.facts[0]],
                        b=Level.NARRATIVE,
                        item_a=it.facts[0],
                        item_b=f"{REPLY}{number}",
                        key=it.about,
                        size=round(it.size, 3),
                        severity=Severity.HIGH,
                        resolution=STRUCK,
                    )
                )
        return tuple(found)

    def reason(self) -> str:
        """Return in words how many sentences stand how."""
        standings = Counter(it.standing for it in self.sentences if not it.struck)
        said = [f"{standings[Standing.SUPPORTED]} of {len(self.sentences)} sentences are borne out"]
        said += [f"{standings[Standing.OWN]} the model's own"] if standings[Standing.OWN] else []
        said += [f"{standings[Standing.CONTRADICTED]} against the evidence"] if standings[Standing.CONTRADICTED] else []
        struck = Counter(it.struck for it in self.sentences if it.struck)
        return ", ".join((*said, *(f"{count} struck: {why}" for why, count in struck.items())))


def verify(reply: str, evidence: Sequence[Fact], *, question: str = "") -> Verification:
    """Return a reply checked against the evidence, of which numbered citations are the places, from 1.

    What says the same again is left out; nothing is left of an empty reply.
    """
    found: list[Checked] = []
    seen: set[str] = set()
    for sentence in sentences(plain(reply)):
        form = normal_form(sentence.text)
        if form and form not in seen:
            seen.add(form)
            found.append(_checked(sentence, evidence, question))
    return Verification(tuple(found), tuple(evidence))


def is_borne_out(reply: str, evidence: Sequence[Fact], *, question: str = "") -> bool:
    """Return whether every sentence of a reply cites evidence, and is borne out by what it cites."""
    said = sentences(plain(reply))
    for sentence in said:
        cited = [evidence[number - 1] for number in sentence.cited if 0 < number <= len(evidence)]
        if not cited or len(cited) < len(sentence.cited):
            return False
        if _checked(Sentence(sentence.text), cited, question).standing is not Standing.SUPPORTED:
            return False
    return bool(said)


def _checked(sentence: Sentence, evidence: Sequence[Fact], question: str) -> Checked:
    text = sentence.text
    words = len(content_stems(text))
    if _SYSTEM.search(text):
        return Checked(text, Standing.OWN, struck=SYSTEM, words=words)
    if _is_loop(text):
        return Checked(text, Standing.OWN, struck=LOOP, words=words)
    by_fact = [(fact, bearing(text, fact, question=question)) for fact in evidence]
    against = _strongest(by_fact)
    supports = [fact for fact, borne in by_fact if borne.bearing is Bearing.SUPPORTS]
    if against is not None and not any(fact.level <= against[0].level for fact in supports):
        fact, borne = against
        struck = f"it contradicts {ident_of(fact)}" if fact.level in _MEASURED else ""
        return Checked(text, Standing.CONTRADICTED, (ident_of(fact),), struck, borne.size, borne.about, words)
    if supports:
        cited = [evidence[number - 1] for number in sentence.cited if 0 < number <= len(evidence)]
        # What the model cites itself comes first, where it is right about it.
        best = next((fact for fact in cited if fact in supports), min(supports, key=lambda fact: fact.level))
        return Checked(text, Standing.SUPPORTED, (ident_of(best),), words=words)
    joint = _jointly(text, evidence, question)
    return Checked(text, Standing.SUPPORTED if joint else Standing.OWN, joint, words=words)


def _strongest(by_fact: Sequence[tuple[Fact, Borne]]) -> tuple[Fact, Borne] | None:
    """Return the contradicting fact of the lowest level, of several the one that it contradicts most."""
    against = [(fact, borne) for fact, borne in by_fact if borne.bearing is Bearing.CONTRADICTS]
    return min(against, key=lambda it: (it[0].level, -it[1].size), default=None)


def _jointly(text: str, evidence: Sequence[Fact], question: str) -> tuple[str, ...]:
    """Return the facts that bear out a sentence clause by clause, none if a clause is left over.

    Of facts put together each must be about what its clause is about: words from here and there prove nothing.
    """
    parts = clauses(text)
    named: dict[str, None] = {}
    for part in parts if len(parts) > 1 else ():
        for fact in evidence:
            if bearing(part, fact, question=question).bearing is Bearing.SUPPORTS and subject(part) == subject(
                fact.text
            ):
                named[ident_of(fact)] = None
                break
        else:
            return ()
    return tuple(named)


def _is_loop(text: str) -> bool:
    words = text.lower().split()
    return len(words) >= _LONG and len(set(words)) < _VARIED * len(words)


def _mark(it: Checked, numbers: dict[str, int]) -> str:
    if it.standing is Standing.OWN:
        return OWN_MARK
    shown = "".join(f"[{numbers[ident]}]" for ident in it.facts)
    return shown if it.standing is Standing.SUPPORTED else f"[against {numbers[it.facts[0]]}]"
