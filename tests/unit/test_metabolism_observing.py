"""What is noted of a query that has ended, and what many of them say together."""

from collections.abc import Generator
from dataclasses import replace
from typing import Final

import pytest

from kitbash.domain.coupling import Severity
from kitbash.domain.layer import Layer
from kitbash.domain.metabolism import Settled, Statistics
from kitbash.domain.normal_form import normal_form
from kitbash.knowledge.library import Library
from kitbash.metabolism.observing import clashes, form_digest, listener, settled_of, statistics
from tests.twins.memory_metabolism import MemoryMetabolism
from tests.unit.cascade_kit import POND, Cascade, library_in

ONE: Final = Settled("q", "f", Layer.CARTRIDGE, 0.7, 1)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Generator[Library]:
    library = library_in(tmp_path_factory.mktemp("pond"), POND)
    yield library
    library.close()


def test_an_answered_query_is_noted_by_the_digest_of_its_form(library: Library) -> None:
    cascade = Cascade(library)
    trace = cascade.ended("How does a FROG swim well?")
    noted = settled_of(trace)
    assert (noted.query_id, noted.layer) == (trace.query_id, Layer.CARTRIDGE)
    assert noted.form == form_digest(normal_form("how does a frog swim well"))
    assert len(noted.form) == 32
    assert trace.answer is not None
    assert noted.confidence == trace.answer.confidence > 0
    assert noted.ended_ms == trace.opened_ms + trace.took_us // 1000
    assert "frog" not in repr(noted)


def test_one_that_nobody_answers_has_no_layer_and_no_confidence(library: Library) -> None:
    noted = settled_of(Cascade(library).ended("Who sold the moon?"))
    assert (noted.layer, noted.confidence, noted.is_asked_back, noted.clashes) == (None, 0.0, False, {})


def test_a_contradiction_that_decides_a_query_is_a_clash_with_its_size(library: Library) -> None:
    refused = settled_of(Cascade(library).ended("Where does mercury boil?"))
    (pair,) = refused.clashes
    assert pair.count("#") == 2
    assert refused.clashes[pair] > 0.6
    assert refused.severities[Severity.CRITICAL] == 1
    assert not refused.is_asked_back


def test_a_question_that_is_asked_back_is_counted_as_one(library: Library) -> None:
    asked = settled_of(Cascade(library).ended("How long does a goldfish remember?"))
    assert asked.is_asked_back
    assert asked.severities[Severity.HIGH] == 1


def test_a_listener_has_each_query_noted(library: Library) -> None:
    store = MemoryMetabolism()
    trace = Cascade(library).ended("How does a frog swim well?")
    listener(store)(trace)
    assert (store.recent(9), store.count_settled()) == ([settled_of(trace)], 1)


def test_statistics_are_shares_of_the_queries() -> None:
    critical = replace(ONE, layer=None, confidence=0.0, severities={Severity.CRITICAL: 2}, clashes={"a|b": 0.9})
    asked = replace(critical, is_asked_back=True, severities={Severity.HIGH: 1}, clashes={"a|b": 0.5, "c|d": 1.0})
    found = statistics([ONE, replace(ONE, layer=Layer.REFLEX, confidence=0.69), critical, asked])
    assert (found.queries, found.success_rate, found.question_rate, found.critical_rate) == (4, 0.25, 0.25, 0.25)
    assert [found.share(layer) for layer in (Layer.REFLEX, Layer.CARTRIDGE, Layer.KOBOLD)] == [0.25, 0.25, 0.0]
    assert found.severities == {Severity.CRITICAL: 2, Severity.HIGH: 1}
    assert found.clashing == (("a|b", 2), ("c|d", 1))
    assert clashes([critical, asked]) == {"a|b": 0.9, "c|d": 1.0}


def test_of_nothing_there_are_no_statistics() -> None:
    assert statistics([]) == Statistics()
    assert Statistics().share(Layer.REFLEX) == 0.0
    assert clashes([]) == {}
