"""An archived query run again with something set: exactly what should come out otherwise does, and nothing else."""

from collections.abc import Generator
from dataclasses import replace

import pytest

from kitbash.blackboard.board import Trace
from kitbash.cascade.policy import Rule
from kitbash.cascade.stages import curation_in
from kitbash.domain.answer import Status
from kitbash.domain.calibration import NEVER
from kitbash.domain.layer import Layer
from kitbash.knowledge.library import Library
from tests.boards import LONG_MS
from tests.unit.archive_kit import Lines, archived
from tests.unit.cascade_kit import BALLAD, LEASE_MS, POLICY, POND, RIGOUR, TALE, Cascade, Model, library_in

MERCURY = "Where does mercury boil?"
ELVES = "Does mercury boil when elves sing?"
FROG = "What does a frog do before rain?"
SWAN = "Are swans black in the ballad?"
SWIMS = "Does a frog swim well?"
UNKNOWN = "Who won the chess cup?"
SEVERAL = "Does a frog swim well and are swans black in the ballad?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    """Return a library of contradictions."""
    library = library_in(tmp_path_factory.mktemp("pond"), POND, TALE, RIGOUR, BALLAD)
    yield library
    library.close()


@pytest.fixture
def cascade(library: Library) -> Cascade:
    """Return a cascade over them, without a model."""
    return Cascade(library)


def asked(cascade: Cascade, text: str, project: str = "default") -> tuple[Trace, Lines]:
    """Return how a question ended, and its archive, which comes out the same if nothing is set."""
    trace = cascade.ended(text, project=project)
    lines = archived(trace, cascade.policy)
    assert lines.what() == []
    return trace, lines


def test_with_a_lower_kappa_a_contradiction_is_gone_and_the_question_is_answered(cascade: Cascade) -> None:
    """Its size is 0.72: it counts above 0.3 / kappa."""
    trace, lines = asked(cascade, MERCURY)
    assert trace.state == Status.UNKNOWN
    assert lines.what("kappa=0.42") == []
    differing = lines.replayed("kappa=0.41")
    assert differing is not None
    assert [it.value for it in differing.what] == [
        "answer",
        "verdicts",
        "routing_decisions",
        "coupling_checks",
        "structural_deltas",
    ]
    assert differing.now is not None
    assert (differing.now.status, differing.now.layer) == (Status.ANSWERED, Layer.CARTRIDGE)
    assert differing.now.text.startswith("Mercury boils")
    assert "was  unknown by no layer, confidence 0.00: I cannot answer" in "\n".join(differing.words())


def test_with_a_higher_kappa_fiction_is_no_longer_flagged_but_asked_about(cascade: Cascade) -> None:
    trace, lines = asked(cascade, ELVES, "tale")
    assert trace.state == Status.ANSWERED
    assert lines.what("kappa=0.9") == []
    differing = lines.replayed("kappa=1")
    assert differing is not None
    assert differing.now is not None
    assert differing.now.text.startswith("My sources disagree")


def test_kappa_decides_what_the_question_allows(cascade: Cascade) -> None:
    """Above 1 no folk wisdom."""
    _, lines = asked(cascade, FROG)
    assert lines.what("kappa=1.0") == []
    differing = lines.replayed("kappa=1.2")
    assert differing is not None
    assert differing.now is None
    assert differing.to_json()["now"] is None
    assert "now  goes on to a layer that was not recorded" in differing.words()


def test_a_higher_threshold_sends_a_question_on_to_what_was_not_recorded(cascade: Cascade) -> None:
    trace, lines = asked(cascade, SWIMS)
    assert trace.answer is not None
    assert trace.answer.layer is Layer.CARTRIDGE
    assert lines.what("threshold.cartridge=0.98") == []
    assert lines.what("threshold.cartridge=0.995") == ["answer", "verdicts"]
    differing = lines.replayed("threshold.cartridge=0.995")
    assert differing is not None
    assert differing.now is None


def test_a_lower_threshold_answers_sooner(library: Library) -> None:
    rules = {**POLICY.rules, Layer.CARTRIDGE: Rule(0.995, LONG_MS, LEASE_MS)}
    trace, lines = asked(Cascade(library, policy=replace(POLICY, rules=rules)), SWIMS)
    assert trace.state == Status.UNKNOWN
    assert len(trace.verdicts) == 5
    differing = lines.replayed("threshold.cartridge=0.9")
    assert differing is not None
    assert differing.now is not None
    assert (differing.now.layer, differing.now.text) == (Layer.CARTRIDGE, "A frog swims well.")
    assert [it.value for it in differing.what] == ["answer", "verdicts"]


def test_what_the_facts_asked_for_is_kept_and_a_threshold_that_is_set_holds_against_it(library: Library) -> None:
    rules = {**POLICY.rules, Layer.CARTRIDGE: Rule(0.5, LONG_MS, LEASE_MS, is_calibrated=True)}
    trace, lines = asked(Cascade(library, policy=replace(POLICY, rules=rules)), SWIMS)
    assert trace.state == Status.UNKNOWN
    assert curation_in(trace.work).calibrated == {Layer.CARTRIDGE}
    assert [it.threshold for it in trace.verdicts if it.layer is Layer.CARTRIDGE] == [NEVER]
    differing = lines.replayed("threshold.cartridge=0.9")
    assert differing is not None
    assert differing.now is not None
    assert differing.now.layer is Layer.CARTRIDGE


def test_a_reflex_that_is_not_sure_enough_leaves_what_follows_unrecorded(cascade: Cascade) -> None:
    trace, lines = asked(cascade, "When does mercury boil?", "tale")
    assert trace.answer is not None
    assert trace.answer.layer is Layer.REFLEX
    assert lines.what("kappa=9") == []
    assert lines.what("threshold.reflex=0.98") == []
    assert lines.what("threshold.reflex=1") == ["answer", "verdicts"]


def test_a_threshold_of_another_layer_changes_nothing(cascade: Cascade) -> None:
    _, lines = asked(cascade, SWIMS)
    for layer in ("kobold", "synthesis"):
        assert lines.what(f"threshold.{layer}=1") == []


def test_the_threshold_of_a_composed_answer_counts(cascade: Cascade) -> None:
    trace, lines = asked(cascade, SEVERAL)
    assert trace.answer is not None
    assert trace.answer.layer is Layer.SYNTHESIS
    assert lines.what("threshold.synthesis=0.5") == []
    assert lines.what("threshold.synthesis=1") == ["answer", "verdicts"]


def test_a_model_that_is_not_sure_enough_any_more_ends_as_not_known(cascade: Cascade) -> None:
    cascade.model = Model(lambda _: "A frog swims well. Frogs like rain.")
    trace, lines = asked(cascade, FROG, "own")
    assert trace.answer is not None
    assert (trace.answer.layer, trace.answer.confidence) == (Layer.KOBOLD, pytest.approx(0.45, abs=0.2))
    differing = lines.replayed("threshold.kobold=0.99")
    assert differing is not None
    assert differing.now is not None
    assert (differing.now.status, differing.now.text) == (Status.UNKNOWN, "I don't know.")


def test_a_models_reply_that_would_be_sure_enough_now_was_not_recorded(cascade: Cascade) -> None:
    cascade.model = Model(
        lambda _: "A frog swims well. Frogs eat cheese, ham, rice, soup, bread, butter and figs with cream."
    )
    trace, lines = asked(cascade, FROG, "own")
    assert trace.state == Status.UNKNOWN
    assert 0 < trace.verdicts[-1].confidence < 0.3
    assert lines.what("threshold.kobold=0.9") == []
    differing = lines.replayed("threshold.kobold=0.01")
    assert differing is not None
    assert differing.now is None


def test_a_question_nobody_answered_is_the_same_whatever_is_lowered(cascade: Cascade) -> None:
    _, lines = asked(cascade, UNKNOWN)
    assert lines.what("threshold.reflex=0", "threshold.kobold=0", "kappa=0.1") == []


def test_an_intent_that_was_opposed_lowers_less_with_a_lower_kappa(cascade: Cascade) -> None:
    _, lines = asked(cascade, SWAN, "own")
    differing = lines.replayed("kappa=0.2")
    assert differing is not None
    assert differing.now is not None
    assert differing.now.layer is Layer.CARTRIDGE


def test_the_rules_that_count_are_those_the_layers_named(cascade: Cascade) -> None:
    """Another process may archive, with other settings."""
    trace = cascade.ended(SWIMS)
    rules = {layer: Rule(1.0, LONG_MS, LEASE_MS) for layer in Layer}
    assert archived(trace, replace(POLICY, rules=rules)).what() == []
