"""Templates, examples and the passes that training is made of."""

import random

import numpy as np
import pytest

from kitbash.domain.impression import FORMS
from kitbash.models.ternary.network import softmax
from kitbash.models.ternary.training import passes
from kitbash.models.ternary.training.examples import told
from kitbash.models.ternary.training.scoring import auroc
from kitbash.models.ternary.training.templates import filled, is_held_out, split


def test_choices_are_taken_and_slots_filled() -> None:
    made = {
        filled("(is|are) {thing} (like {other}|)", {"thing": ["a"], "other": ["b"]}, random.Random(seed))
        for seed in range(40)
    }
    assert made == {"is a like b", "are a like b", "is a", "are a"}


def test_no_line_is_trained_on_and_held_out() -> None:
    lines = [f"template {number}" for number in range(200)]
    found = split(lines)
    assert set(found.train) | set(found.held_out) == set(lines)
    assert not set(found.train) & set(found.held_out)
    assert 20 <= len(found.held_out) <= 60
    assert all(map(is_held_out, found.held_out))


@pytest.mark.parametrize(
    ("alias", "form"), [("When did it end?", "fact"), ("Why is it so?", "reasoning"), ("What is DNA?", None)]
)
def test_an_alias_has_a_form_only_where_its_first_word_tells(alias: str, form: str | None) -> None:
    assert told(alias) == form


def test_auroc_counts_pairs_in_order_and_ties_as_half() -> None:
    assert auroc(np.array([0.9, 0.4], np.float32), np.array([0.1, 0.4], np.float32)) == (1 + 1 + 1 + 0.5) / 4
    assert auroc(np.array([], np.float32), np.array([0.1], np.float32)) == 0.5


def test_gradients_are_those_of_the_loss() -> None:
    chance = np.random.default_rng(3)
    forms, outputs = len(FORMS), len(FORMS) + 3
    values = {
        "first": chance.normal(size=(5, 4)).astype(np.float32),
        "first_bias": chance.normal(size=4).astype(np.float32),
        "second": chance.normal(size=(4, outputs)).astype(np.float32),
        "second_bias": chance.normal(size=outputs).astype(np.float32),
    }
    given, form, domain = chance.random((6, 5)).astype(np.float32), np.array([0, 1, -1, 3, 7, -1]), np.arange(6) % 3

    def loss() -> float:
        out = passes.forward(values, given, is_ternary=False).out
        rows = np.arange(6)
        known = form >= 0
        of_form = -np.log(softmax(out[:, :forms])[rows[known], form[known]]).sum()
        return float(of_form - np.log(softmax(out[:, forms:])[rows, domain]).sum()) / 6

    went = passes.forward(values, given, is_ternary=False)
    gradients = passes.backward(went, passes.loss_gradient(went.out, form, domain, forms))
    for name, value in values.items():
        at = tuple(0 for _ in value.shape)
        was = float(value[at])
        value[at] = was + 1e-2
        above = loss()
        value[at] = was - 1e-2
        slope = (above - loss()) / 2e-2
        value[at] = was
        assert float(gradients[name][at]) == pytest.approx(slope, abs=2e-3), name
