"""What is read from CSV, JSON and plain text."""

import json

import pytest

from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge.source import prose
from kitbash.knowledge.source.records import from_csv, from_json
from kitbash.knowledge.source.statement import Defaults, Statement

DEFAULTS = Defaults()


def csv(text: str) -> list[Statement]:
    return list(from_csv(text, "facts.csv", DEFAULTS))


def as_json(value: object) -> list[Statement]:
    return list(from_json(json.dumps(value), "facts.json", DEFAULTS))


def test_a_csv_row_gives_text_confidence_level_sources_aliases_and_topic() -> None:
    (fact,) = csv(
        "content,confidence,level,source,aliases,domain,other\n"
        '"Ice floats, always.",0.9,L0,a book; a paper,Why does ice float?; Does ice float?,water,ignored\n'
    )
    assert fact == Statement(
        "Ice floats, always.",
        ("a book", "a paper", "facts.csv:2"),
        0.9,
        Level.EMPIRICAL,
        ("Why does ice float?", "Does ice float?"),
        ("water",),
    )


@pytest.mark.parametrize("column", ["content", "text", "fact", "fact_text", "statement"])
def test_a_csv_text_column_goes_by_any_usual_name(column: str) -> None:
    (fact,) = csv(f"id,{column}\n1,Ice floats.\n")
    assert (fact.text, fact.confidence, fact.level) == ("Ice floats.", 0.8, Level.NARRATIVE)


def test_a_csv_row_over_several_lines_is_one_statement_on_one_line() -> None:
    first, second = csv('text\n"Ice\nfloats."\nWater sinks.\n')
    assert (first.text, second.text) == ("Ice floats.", "Water sinks.")
    assert second.sources == ("facts.csv:4",)


def test_empty_csv_rows_state_nothing() -> None:
    assert [fact.text for fact in csv("text,source\nIce floats.,a\n,\n\n")] == ["Ice floats."]


@pytest.mark.parametrize("head", ["Content,Source", "source, content"])
def test_csv_column_names_in_upper_case_or_after_a_space_are_found(head: str) -> None:
    assert len(csv(f"{head}\na,b\n")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"facts\.csv: no column is called"),
        ("name,age\nx,1\n", r"facts\.csv: no column is called one of content, text"),
        ("text,confidence\nok,0.5\nbad,high\n", r"facts\.csv:3: confidence 'high'"),
        ("text,confidence\nbad,nan\n", r"facts\.csv:2: confidence 'nan'"),
        ("text,level\nbad,L9\n", r"facts\.csv:2: 'L9' is not a level"),
        ("text,source\n,a book\n", r"facts\.csv:2: no text in any of"),
        ("text\n" + "x" * 200_000 + "\n", r"facts\.csv:\d+: field larger than field limit"),
    ],
)
def test_a_mistake_in_csv_is_named_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        csv(text)


def test_a_csv_head_that_is_too_long_is_named() -> None:
    with pytest.raises(KnowledgeError, match=r"facts\.csv"):
        csv("x" * 200_000 + ",text\na,b\n")


def test_json_may_be_a_list_of_objects_or_of_texts() -> None:
    facts = as_json([{"content": "Ice floats.", "sources": ["a", "b"], "confidence": 0.9}, "Water flows."])
    assert [fact.text for fact in facts] == ["Ice floats.", "Water flows."]
    assert facts[0].sources == ("a", "b", "facts.json, fact 1")
    assert facts[1].sources == ("facts.json, fact 2",)


def test_json_may_hold_the_list_under_facts() -> None:
    assert [fact.text for fact in as_json({"name": "x", "facts": [{"text": "Ice floats."}]})] == ["Ice floats."]


def test_nested_metadata_counts_like_the_fields_beside_the_text() -> None:
    (fact,) = as_json(
        [{"content": "Ice floats.", "metadata": {"confidence": 0.7, "epistemic_level": "L1", "domain": "water"}}]
    )
    assert (fact.confidence, fact.level, fact.headings) == (0.7, Level.AXIOMATIC, ("water",))


def test_a_field_beside_the_text_wins_over_nested_metadata() -> None:
    (fact,) = as_json([{"content": "Ice floats.", "confidence": 0.2, "metadata": {"confidence": 0.7}}])
    assert fact.confidence == 0.2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"facts\.json is not valid JSON"),
        ("[1", r"facts\.json is not valid JSON"),
        ("[" * 100_000, r"facts\.json is not valid JSON"),
        ("1" * 5000, r"facts\.json is not valid JSON"),
        ("7", r"facts\.json must hold a list of facts"),
        ('{"facts": 7}', r"facts\.json must hold a list of facts"),
        ('["ok", 7]', r"facts\.json, fact 2 is a int"),
        ('[{"texts": "x"}]', r"facts\.json, fact 1: no text"),
        ('[{"text": "x", "confidence": true}]', r"facts\.json, fact 1: confidence True"),
        ('[{"text": "x", "confidence": NaN}]', r"facts\.json, fact 1: confidence nan"),
        ('[{"text": "x", "confidence": 1e999}]', r"facts\.json, fact 1: confidence inf"),
        ('[{"text": "x", "level": 2}]', r"facts\.json, fact 1: '2' is not a level"),
    ],
)
def test_a_mistake_in_json_is_named_with_file_and_fact(text: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        list(from_json(text, "facts.json", DEFAULTS))


@pytest.mark.parametrize("blank", ["   ", "\n", "\u2003"])
def test_a_blank_text_is_never_a_fact(blank: str) -> None:
    assert all(fact.text for fact in as_json([{"text": blank}]))


def test_a_text_that_is_not_text_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="fact 1"):
        as_json([{"text": {"en": "Ice floats."}}])


@pytest.mark.parametrize("field", ["text", "aliases", "source", "domain"])
def test_a_lone_surrogate_in_json_is_refused(field: str) -> None:
    with pytest.raises(KnowledgeError, match="fact 1"):
        as_json([{"text": "Ice floats."} | {field: "Ice \ud800"}])


def test_plain_text_is_read_by_paragraph_with_the_line_each_begins_on() -> None:
    text = "Ice floats on water.\nIt is cold.\n\n\nSteam rises quickly.\n"
    assert list(prose.paragraphs(text)) == [
        (1, "Ice floats on water.\nIt is cold."),
        (5, "Steam rises quickly."),
    ]


def test_sentences_that_are_questions_or_too_short_are_left_out() -> None:
    assert list(prose.sentences("Ice floats on water. Why does it float? Yes it. Steam rises fast!")) == [
        "Ice floats on water.",
        "Steam rises fast!",
    ]


def test_a_sentence_that_begins_with_a_pronoun_stays_with_the_one_before_it() -> None:
    text = "Ice floats on water. It is lighter, then. Why is that? Its crystals have holes. Steam rises fast."
    assert list(prose.sentences(text)) == [
        "Ice floats on water. It is lighter, then. Its crystals have holes.",
        "Steam rises fast.",
    ]


def test_a_chain_of_such_sentences_ends_before_it_is_too_long() -> None:
    statements = list(prose.sentences("Ice floats on water. " + "It is cold and hard and clear. " * 100))
    assert len(statements) > 5
    assert max(map(len, statements)) < 500
