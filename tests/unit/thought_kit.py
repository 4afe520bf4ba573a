"""Any query, as Hypothesis thinks of it: what was searched, what is remembered, and how it ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from kitbash.blackboard.board import Trace, stage_name
from kitbash.cascade import confidence
from kitbash.cascade.confidence import Weights
from kitbash.cascade.policy import Policy, ProjectRule, Rule
from kitbash.cascade.step import late, step
from kitbash.cascade.triage import form_of
from kitbash.domain import codec, context
from kitbash.domain.answer import Answer, Status
from kitbash.domain.calibration import Origin, Scale
from kitbash.domain.candidate import Candidate, Closeness, Features
from kitbash.domain.claim import Claim
from kitbash.domain.context import Snapshot
from kitbash.domain.decision import Decision, DecisionKind
from kitbash.domain.fact import Fact
from kitbash.domain.ids import QueryId
from kitbash.domain.item import Item
from kitbash.domain.layer import Layer, Stage
from kitbash.domain.level import Level
from kitbash.domain.plan import Plan
from kitbash.domain.verdict import Verdict
from tests.boards import LONG_MS
from tests.unit.cascade_kit import LEASE_MS, POLICY, WEIGHTS, Cascade, Model
from tests.unit.thought_stubs import Dying, Knowing, Remembering

TEXTS: Final = ("Ice floats.", "Ice sinks — “rarely”.", "Frogs croak.", "Comets glow.", "Steam rises.", "Elves sing.")
QUESTIONS: Final = (
    "What is it?",
    "Why exactly?",
    "What if it might?",
    "Who was it in the legend?",
    "How far is it really?",
    "Ice",
)
CARTRIDGES: Final = ("sky_general", "moon_general", "tale_fiction")
SHARE: Final = st.floats(0, 1).map(lambda value: round(value, 4))
ENDS: Final = st.floats(0, 100)
RANGES: Final = st.tuples(ENDS, ENDS).map(sorted)
CLAIMS: Final = st.one_of(
    st.builds(Claim, st.just("ice"), st.just("float"), st.booleans()),
    st.tuples(st.booleans(), RANGES).map(lambda it: Claim("ice", "last", it[0], it[1][0], it[1][1], "s")),
)
KAPPAS: Final = st.sampled_from((0.3, 0.5, 0.999, 1.0, 1.5, 4.0, 10.0))


def facts(levels: Iterable[Level]) -> st.SearchStrategy[Fact]:
    """Return facts of these levels, few enough to meet again."""
    return st.builds(
        Fact,
        cartridge=st.sampled_from(CARTRIDGES),
        fact_id=st.integers(1, 3),
        text=st.sampled_from(TEXTS),
        level=st.sampled_from(tuple(levels)),
        confidence=st.sampled_from((0.5, 0.93, 1.0)),
        claims=st.lists(CLAIMS, max_size=2).map(tuple),
    )


FACTS: Final = facts(level for level in Level if level.states_facts)
KNOWN: Final = st.lists(FACTS, min_size=1, max_size=8, unique_by=lambda it: (it.cartridge, it.fact_id))
AFTER_TRIAGE: Final = (Stage.FUSE, Stage.SYNTHESISE, Stage.GENERATE)
HOW: Final = ("expires before", "breaks off before", "is given up at", "expires once coupled at")


@dataclass(frozen=True, slots=True)
class Thought:
    """A query with all it meets on its way."""

    text: str
    shards: tuple[tuple[Candidate, ...], ...]
    parts: int
    known: tuple[Fact, ...]
    meant: tuple[Fact, ...]
    masks: tuple[Item, ...]
    snapshot: Snapshot | None
    kappa: float
    thresholds: Mapping[Layer, float]
    calibrated: frozenset[Layer]
    items_per_level: int
    weights: Weights
    leans: bool
    reply: str | None
    ends: tuple[str, Stage] | None
    cascade: Cascade = field(init=False)

    @property
    def policy(self) -> Policy:
        """Return the rules it is answered by."""
        return replace(
            POLICY,
            rules={
                layer: Rule(threshold, LONG_MS, LEASE_MS, is_calibrated=layer in self.calibrated)
                for layer, threshold in self.thresholds.items()
            },
            projects={"default": ProjectRule(("general", "fiction"), self.kappa, self.masks)},
            items_per_level=self.items_per_level,
        )

    def ended(self) -> Trace:
        """Return what the board holds once it has ended, if it ends by itself or as it is told to."""
        cascade = Cascade(Knowing([], Path(), known=self.known, meant=self.meant), policy=self.policy)
        cascade.weights, cascade.context = self.weights, Remembering(self.snapshot)
        cascade.model = None if self.reply is None else Model(lambda _: self.reply or "")
        query_id = cascade.ask(self.text).query_id
        self._searched(cascade, query_id)
        for stage in AFTER_TRIAGE:
            if self.ends is not None and self.ends[1] is stage:
                self._end(cascade, query_id, stage)
            step(stage, query_id, cascade.with_)
        return cascade.trace(query_id)

    def _searched(self, cascade: Cascade, query_id: QueryId) -> None:
        parts = (self.text, *TEXTS)[: self.parts]
        shards = tuple((f"cartridge{at}",) for at in range(len(self.shards)))
        plan = Plan(parts, shards, kappa=self.kappa, reason="so", form=form_of(self.text), leans=self.leans)
        planned = Decision("p1", cascade.clock.now_ms, DecisionKind.CARTRIDGES, "so", ("ice",), ("sky_general",), 0.5)
        reflex, triage = (Verdict(stage, 0.5, 0.9, passed=False, reason="so") for stage in (Stage.REFLEX, Stage.TRIAGE))
        triage = replace(triage, threshold=self.thresholds[Layer.BITNET])
        reflex = replace(reflex, threshold=self.thresholds[Layer.REFLEX])
        left: list[tuple[str, dict[str, Any]]] = [
            (Stage.REFLEX.value, {"verdict": reflex}),
            (Stage.TRIAGE.value, {"verdict": triage, "product": codec.plan_to(plan), "decisions": (planned,)}),
        ]
        for at, candidates in enumerate(self.shards):
            left.append((stage_name(Stage.SEARCH, at), {"product": codec.candidates_to(list(candidates))}))
        for name, said in left:
            cascade.board.claim(query_id, name, token="a", lease_ms=LEASE_MS)
            cascade.board.record(query_id, name, token="a", **said)

    def _end(self, cascade: Cascade, query_id: QueryId, stage: Stage) -> None:
        match self.ends and self.ends[0]:
            case "expires before":
                cascade.board.finish(query_id, late())
            case "breaks off before":
                cascade.board.finish(query_id, Answer(Status.FAILED, "The caller broke off.", None, 0.0))
            case "is given up at":
                cascade.exhaust(query_id, stage)
            case _:
                # A worker that died when it had coupled, and a sweep that found nobody else.
                doomed = replace(cascade.with_, board=Dying(cascade.board))  # pyright: ignore[reportArgumentType]
                try:
                    step(stage, query_id, doomed)
                except ZeroDivisionError:
                    cascade.board.finish(query_id, late())


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Draw what is remembered of a user."""
    shares = {level: draw(st.floats(0, 1)) for level in Level}
    state = context.visited(context.BLANK, shares)
    return context.snapshot("thing", state, elapsed_s=draw(st.floats(0, 1e6)), visits=draw(st.integers(0, 9)))


@st.composite
def thoughts(draw: st.DrawFn) -> Thought:
    """Draw any query."""
    known = draw(KNOWN)
    parts = draw(st.sampled_from((1, 1, 3, 4)))
    proposed = st.builds(
        Candidate,
        part=st.integers(0, parts - 1),
        fact=st.sampled_from(known),
        features=st.builds(Features, *[SHARE] * len(Features._fields)),
        is_exact=st.booleans(),
        scale=st.builds(Scale, st.floats(0.1, 3), st.floats(-3, 3), SHARE, SHARE, st.sampled_from(Origin)),
        closeness=st.none() | st.builds(Closeness, SHARE, SHARE),
    )
    # Search proposes a fact once a part, and no two shards the same.
    all_of_them = draw(st.lists(proposed, max_size=10, unique_by=lambda it: (it.part, it.fact)))
    shards = draw(st.sampled_from((1, 2, 12)))
    names = [*CARTRIDGES]
    spread = tuple(
        tuple(it for it in all_of_them if names.index(it.fact.cartridge) * 5 % shards == at) for at in range(shards)
    )
    return Thought(
        text=draw(st.sampled_from(QUESTIONS)),
        shards=spread,
        parts=parts,
        known=tuple(known),
        meant=tuple(draw(st.lists(facts([Level.INTENT]).flatmap(_forbidding), max_size=2, unique_by=_place))),
        masks=tuple(draw(st.sampled_from(((), (Item(Level.MASK, "bard", character_context="who sings"),))))),
        snapshot=draw(st.none() | snapshots()),
        kappa=draw(KAPPAS),
        thresholds=draw(st.fixed_dictionaries(dict.fromkeys(Layer, SHARE))),
        calibrated=draw(st.frozensets(st.sampled_from((Layer.CARTRIDGE, Layer.SYNTHESIS)))),
        items_per_level=draw(st.integers(2, 6)),
        weights=draw(st.sampled_from((WEIGHTS, confidence.load(), replace(confidence.load(), dense=None)))),
        leans=draw(st.booleans()),
        reply=draw(st.sampled_from((None, "Ice floats on tea.", "I do not know."))),
        ends=draw(st.none() | st.tuples(st.sampled_from(HOW), st.sampled_from(AFTER_TRIAGE))),
    )


def _place(fact: Fact) -> tuple[str, int]:
    return fact.cartridge, fact.fact_id


def _forbidding(fact: Fact) -> st.SearchStrategy[Fact]:
    some = st.sampled_from(((), ("folk_wisdom",), ("speculation",), ("folk_wisdom", "speculation")))
    return some.map(lambda forbids: replace(fact, cartridge="own_self", forbids=forbids))
