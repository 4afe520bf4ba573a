"""Whatever was asked and however it ended, a replay of its archive with nothing set comes out the same."""

import json
import os
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from kitbash.archive.entry import Kind
from kitbash.cascade.overrides import overrides
from kitbash.cascade.recorded import recorded
from kitbash.cascade.replay import replay
from kitbash.domain.layer import Layer
from tests.unit.archive_kit import archived
from tests.unit.thought_kit import KAPPAS, SHARE, Thought, thoughts

EXAMPLES: Final = int(os.environ.get("THOUGHTS", "120"))
"""More find more: 3,000 take a minute."""
SETTINGS: Final = st.lists(
    st.one_of(
        KAPPAS.map(lambda kappa: f"kappa={kappa}"),
        st.tuples(st.sampled_from(Layer), SHARE).map(lambda it: f"threshold.{it[0].label}={it[1]}"),
    ),
    max_size=3,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(thoughts())
def test_nothing_set_changes_nothing(thought: Thought) -> None:
    lines = archived(thought.ended(), thought.policy, thought.weights)
    assert lines.what() == []
    by_hand = {layer: it for layer, it in thought.thresholds.items() if layer not in thought.calibrated}
    kept = f"kappa={thought.kappa!r}", *(f"threshold.{layer.label}={it!r}" for layer, it in by_hand.items())
    # The verdicts of Layers 0 and 1 are as they are told, whatever would have been enough.
    assert lines.what(*kept) == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(thoughts(), SETTINGS)
def test_whatever_is_set_comes_out_in_one_way_and_a_difference_is_told(thought: Thought, to: list[str]) -> None:
    lines = archived(thought.ended(), thought.policy, thought.weights)
    differing = lines.replayed(*to)
    assert differing == lines.replayed(*to)
    now = replay(recorded(lines.trace), overrides(to))
    same = [
        json.loads(json.dumps(list(now.lines()[kind]))) == [_bare(it) for it in lines.of[kind]]
        for kind in (Kind.ROUTING_DECISIONS, Kind.COUPLING_CHECKS, Kind.STRUCTURAL_DELTAS)
    ]
    said = {it.value for it in differing.what} if differing else set[str]()
    assert [kind in said for kind in ("routing_decisions", "coupling_checks", "structural_deltas")] == [
        not it for it in same
    ]
    if differing is not None:
        json.dumps(differing.to_json())
        assert differing.words()


def _bare(line: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in line.items() if name not in {"v", "query_id", "append"}}
