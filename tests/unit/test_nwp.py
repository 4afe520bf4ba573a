"""NWP: what is printed is read back as it was, and nothing in a name breaks a statement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitbash.domain.level import Level
from kitbash.domain.nwp import (
    CONTRADICTION,
    Around,
    Braces,
    Bracket,
    Mark,
    Range,
    Spread,
    Statement,
    Term,
    of_level,
    parse,
)
from kitbash.errors import UsageError

CANONICAL = (
    "⊢ [MAT:PLA] ⇒ [TEMP:60±5°C]",
    "⊢ [MAT:PLA] ⊂ [SYS:SYNTHETIC]",
    "⊢ [SYS:KINETICS] ∉ [LINEAR]",
    "⊢ [MAT:PLA] ∩ [SYS:RARE_CONDITIONS] ⇒ [TEMP:35-85°C]",
    "⊢ [SYS:COMPOSITION] → [Δ:±2-5]",
    "⊢ [MAT:fact_1] ∈ [SYS:L0_EMPIRICAL]",
    "□ [SYS:L1_AXIOM] ⊃ ◊ [SYS:L2_NARRATIVE]",
    "⊢ [TSK:STRUCTURAL_DELTA] ∩ [SYS:COUPLING] ⇒ ⊥",
    "⊢ □ ¬ [A] ⊆ [B] = {[C:D], 5°C, ⊥}, [E]",
    "? [MAT:PLA] ⇒ ?",
    "Δ [MAT:PLA] → Δ",
    "[T:-40--20°C] = -5±0.5m/s**2",
    "{}",
)
# Every sign of the grammar is likely, and so is anything else.
ANY = st.text(st.sampled_from("[]{}:,\\⊢□◊¬Δ?∈∉⊂⊃⊆∩⇒→=⊥±-+.eE012 \n\ta°Cu{}") | st.characters(), max_size=12)
NAMES = ANY.filter(bool)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = (
    st.builds(Range, NUMBERS, NUMBERS, ANY)
    | st.builds(Around, NUMBERS, NUMBERS, ANY)
    | st.builds(Spread, NUMBERS, NUMBERS, ANY)
)
MEMBERS = VALUES | st.builds(Mark, st.sampled_from("⊥?Δ")) | st.builds(Bracket, NAMES | VALUES, ANY)
TERMS = st.builds(
    Term, MEMBERS | st.builds(Braces, st.lists(MEMBERS, max_size=3).map(tuple)), st.text(st.sampled_from("⊢□◊¬Δ?"))
)
STATEMENTS = st.builds(
    Statement, TERMS, st.lists(st.tuples(st.sampled_from("∈∉⊂⊃⊆∩⇒→=,"), TERMS), max_size=3).map(tuple)
)


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_statements_are_printed_as_they_were_read(text: str) -> None:
    assert str(parse(text)) == text


def test_a_statement_is_its_parts() -> None:
    assert parse(" ⊢[ MAT : PLA ]⇒[TEMP: 60±5 °C] ") == Statement(
        Term(Bracket("PLA", "MAT"), "⊢"), (("⇒", Term(Bracket(Around(60, 5, "°C"), "TEMP"))),)
    )
    assert parse("[LINEAR], ±2-5") == Statement(Term(Bracket("LINEAR")), ((",", Term(Spread(2, 5))),))
    assert parse("◊¬ {[A], ⊥}").first == Term(Braces((Bracket("A"), Mark("⊥"))), "◊¬")


@given(STATEMENTS)
def test_every_statement_is_read_back_as_it_was(statement: Statement) -> None:
    text = str(statement)
    if len(text) <= 4000:
        assert parse(text) == statement
        assert str(parse(text)) == text


@given(NAMES, ANY)
def test_a_name_of_anything_stays_one_operand_on_one_line(name: str, namespace: str) -> None:
    text = str(Statement(Term(Bracket(name, namespace), "⊢")))
    assert parse(text).first.operand == Bracket(name, namespace)
    assert text.splitlines() == [text]


@given(st.text(st.sampled_from("[]{}:,\\⊢¬?∈⇒=⊥±-.e1 aA°u{}9"), max_size=30))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    try:
        read = parse(text)
    except UsageError:
        return
    assert parse(str(read)) == read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "position 1: found the end"),
        ("⊢", "position 2: found the end"),
        ("[MAT:PLA", r"position 1: found '\[', expected a \]"),
        ("[A] [B]", r"position 5: found '\[', expected one of ∈"),
        ("[A] ⇒", "position 6: found the end"),
        ("[A] ⇒ PLA", "position 7: found 'P'"),
        ("[MAT:]", "position 1: .*expected a name"),
        ("[:PLA]", "position 1: .*expected a name"),
        ("{[A] [B]}", "position 6: .*expected a comma"),
        ("{[A],}", "position 6: found '}'"),
        ("{{[A]}}", "position 2: found '{'"),
        ("[A] ⇒ 1e999", "finite"),
        ("[\\u{ffffff}]", "no character"),
        ("¬" * 4001, "4,001 characters"),
    ],
)
def test_what_is_no_statement_is_refused_with_its_position(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse(text)


@pytest.mark.parametrize("sign", ["¬", "[", "{", "[\\", "{[A],", "1", "∈", "[A] ∩ "])
def test_a_long_run_of_one_sign_is_read_or_refused(sign: str) -> None:
    with pytest.raises(UsageError):
        parse((sign * 4000)[:4000] + "\x00")
    try:
        parse((sign * 4000)[:4000])
    except UsageError as refused:
        assert "position" in str(refused) or "finite" in str(refused)  # noqa: PT017 - reading is as good as refusing


def test_parts_that_are_none_are_refused() -> None:
    for wrong in (
        lambda: Bracket(""),
        lambda: Mark("x"),
        lambda: Term(Mark("?"), "∈"),
        lambda: Statement(Term(Mark("?")), (("x", Term(Mark("?"))),)),
        lambda: Range(float("nan"), 1),
    ):
        with pytest.raises(UsageError):
            wrong()


def test_a_level_is_a_membership() -> None:
    text = "⊢ [MAT:physics_general#3] ∈ [SYS:L0_EMPIRICAL]"
    assert str(of_level("physics_general", 3, Level.EMPIRICAL)) == text
    assert str(CONTRADICTION) == "⊢ [TSK:STRUCTURAL_DELTA] ∩ [SYS:COUPLING] ⇒ ⊥"
