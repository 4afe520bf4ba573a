"""What is read from Markdown: curated bullets with columns, and ordinary notes."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge.source import markdown
from kitbash.knowledge.source.statement import MAX_TEXT_CHARS, Statement


def read(text: str) -> list[Statement]:
    return list(markdown.statements(markdown.parse(text, "notes.md"), "notes.md"))


def only(text: str) -> Statement:
    (statement,) = read(text)
    return statement


COLUMNS = ("a book, p. 4", "0.91", "L1", "aliases: What is it?; Why so?")


@pytest.mark.parametrize("columns", list(permutations(COLUMNS)))
def test_columns_may_stand_in_any_order(columns: tuple[str, ...]) -> None:
    fact = only(f"- Ice floats on water. | {' | '.join(columns)}\n")
    assert fact.text == "Ice floats on water."
    assert fact.sources == ("a book, p. 4", "notes.md:1")
    assert fact.confidence == 0.91
    assert fact.level is Level.AXIOMATIC
    assert fact.aliases == ("What is it?", "Why so?")


def test_columns_that_are_missing_have_the_defaults() -> None:
    assert only("- Ice floats on water.\n") == Statement("Ice floats on water.", ("notes.md:1",), 0.8, Level.NARRATIVE)


def test_several_sources_are_all_kept() -> None:
    assert only("- Ice floats. | one | two | 0.9\n").sources == ("one", "two", "notes.md:1")


@pytest.mark.parametrize("columns", ["| one |  | 0.9", "| one | 0.9 |"])
def test_an_empty_column_is_passed_over(columns: str) -> None:
    fact = only(f"- Ice floats. {columns}\n")
    assert (fact.sources, fact.confidence) == (("one", "notes.md:1"), 0.9)


def test_a_full_level_name_is_a_level() -> None:
    assert only("- Ice floats. | L3_HEURISTIC\n").level is Level.HEURISTIC


def test_nested_questions_are_aliases_and_other_nested_bullets_are_facts() -> None:
    first, second = read("- Ice floats. | x\n  - Does ice float?\n  - q: ice on water\n  - Lakes freeze from above.\n")
    assert first.aliases == ("Does ice float?", "ice on water")
    assert (second.text, second.sources) == ("Lakes freeze from above.", ("notes.md:4",))


def test_the_same_alias_twice_counts_once() -> None:
    assert only("- Ice floats. | q: Why?\n  - Why?\n  - alias: Why?\n").aliases == ("Why?",)


def test_an_escaped_bar_is_part_of_the_text() -> None:
    assert only("- P(A\\|B) is a conditional probability. | x\n").text == "P(A|B) is a conditional probability."


def test_an_escaped_bar_between_spaces_is_part_of_the_text() -> None:
    assert only("- P(A \\| B) is a conditional probability. | x\n").text == "P(A | B) is a conditional probability."


def test_a_bar_without_spaces_is_part_of_the_text() -> None:
    assert only("- |x| is the absolute value of x. | y\n").text == "|x| is the absolute value of x."


def test_emphasis_links_and_soft_line_breaks_leave_only_words() -> None:
    fact = only("- **Ice** floats on [cold](http://x) `H2O`\n  and *always* did. | x\n")
    assert fact.text == "Ice floats on cold H2O and always did."


def test_star_and_numbered_bullets_are_bullets() -> None:
    assert [fact.text for fact in read("* one fact\n\n1. two fact\n2. three fact\n")] == [
        "one fact",
        "two fact",
        "three fact",
    ]


def test_headings_above_are_kept_and_end_with_the_next_of_their_rank() -> None:
    facts = read("# Water\n## Ice\n- a\n## Steam\n### Hot\n- b\n# Air\n- c\n")
    assert [fact.headings for fact in facts] == [("Water", "Ice"), ("Water", "Steam", "Hot"), ("Air",)]


def test_prose_is_split_into_sentences_with_headings_and_the_line_they_stand_on() -> None:
    text = (
        "# Notes\n\nDr. Smith melted the ice. Nobody waited 3.5 hours.\n\n## Later\n\nThe lake froze\nagain at night.\n"
    )
    facts = read(text)
    assert [fact.text for fact in facts] == [
        "Dr. Smith melted the ice.",
        "Nobody waited 3.5 hours.",
        "The lake froze again at night.",
    ]
    assert [fact.sources for fact in facts] == [("notes.md:3",), ("notes.md:3",), ("notes.md:7",)]
    assert [fact.headings for fact in facts] == [("Notes",), ("Notes",), ("Notes", "Later")]


def test_questions_fragments_code_html_and_rules_state_nothing() -> None:
    assert (
        read("Why does ice float?\n\nNot yet.\n\n```\nice = 1 and water = 2\n```\n\n<p>html is no prose</p>\n\n---\n")
        == []
    )


def test_an_indented_code_block_states_nothing() -> None:
    assert read("    ice = frozen(water) and more\n") == []


def test_a_quotation_is_read_like_the_text_it_holds() -> None:
    assert only("> Ice floats on water.\n").text == "Ice floats on water."


def test_each_row_of_a_table_is_a_statement_with_its_column_heads() -> None:
    facts = read("# Planets\n\n| name | moons |\n|---|---|\n| Mars | 2 |\n| Venus | |\n")
    assert [fact.text for fact in facts] == ["name: Mars; moons: 2", "name: Venus"]
    assert facts[0].headings == ("Planets",)


FRONTMATTER = "---\ndomain: ice\nfaction: fiction\nlevel: L3\nconfidence: 0.6\ndescription: Cold.\n---\n"


def test_frontmatter_sets_what_columns_do_not() -> None:
    document = markdown.parse(f"{FRONTMATTER}# Ice\n- a | L0\n- b | 0.9\n", "notes.md")
    first, second = markdown.statements(document, "notes.md")
    assert (first.level, first.confidence) == (Level.EMPIRICAL, 0.6)
    assert (second.level, second.confidence) == (Level.HEURISTIC, 0.9)
    assert first.sources == ("notes.md:9",)
    assert (document.defaults.domain, document.defaults.faction) == ("ice", "fiction")
    assert document.defaults.description == "Cold."


def test_frontmatter_may_leave_out_level_and_confidence() -> None:
    defaults = markdown.parse("---\ndomain: ice\n---\n- a\n", "notes.md").defaults
    assert (defaults.level, defaults.confidence) == (Level.NARRATIVE, 0.8)


def test_frontmatter_of_older_sources_is_understood() -> None:
    text = "---\ncartridge_name: ice\nepistemic_level: L1_AXIOMATIC\nbaseline_confidence: 0.7\n---\n- a\n"
    defaults = markdown.parse(text, "notes.md").defaults
    assert (defaults.domain, defaults.level, defaults.confidence) == ("ice", Level.AXIOMATIC, 0.7)


def test_a_rule_in_the_text_is_not_frontmatter() -> None:
    facts = read("---\nlevel: L1\nconfidence: 1\n---\n- one fact\n\n---\n\n- another --- fact\n")
    assert [fact.text for fact in facts] == ["one fact", "another --- fact"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\ndomain: [x\n---\n- a\n", r"frontmatter of notes\.md.* not valid YAML"),
        ("---\n- x\n---\n- a\n", r"frontmatter of notes\.md must hold a mapping"),
        ("---\nconfidence: 7\nlevel: L0\n---\n- a\n", r"notes\.md: confidence 7 is not a number from 0 to 1"),
        ("---\nconfidence: .nan\nlevel: L0\n---\n- a\n", r"notes\.md: confidence nan is not"),
        ("---\nconfidence: 1\nlevel: L9\n---\n- a\n", r"notes\.md: 'L9' is not a level"),
        ("---\na: &x 1\nb: *x\n---\n- a\n", r"notes\.md.*aliases are not allowed"),
        ("# Ice\n\n- good | 0.9\n- bad | 1.5\n", r"notes\.md:4: confidence '1.5' is not"),
        ("# Ice\n\n- bad | -0.1\n", r"notes\.md:3: confidence '-0.1' is not"),
        ("- a | L0_NARRATIVE\n", r"notes\.md:1: 'L0_NARRATIVE' is not a level"),
        ("-   | a book | 0.9\n", r"notes\.md:1: a bullet without text"),
        (f"- {'ice ' * MAX_TEXT_CHARS}\n", r"notes\.md:1: a statement of 15,999 characters; split it"),
        (f"{FRONTMATTER}\n- bad | 2\n", r"notes\.md:9: confidence '2'"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        read(text)


@given(st.text(st.sampled_from("-#|\\ \n\tab?.`*>1L0:[]()<&;\u00e9"), max_size=120))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        statements = read(text)
    except KnowledgeError as refused:
        if "notes.md" not in str(refused):
            raise
        return
    for statement in statements:
        assert statement.text == " ".join(statement.text.split()) != ""
        assert statement.sources[-1].startswith("notes.md:")
        assert 0 <= statement.confidence <= 1
