"""Claims, prohibitions and times as sources write them."""

import json

import pytest

from kitbash.domain.claim import Claim
from kitbash.domain.level import Level
from kitbash.errors import KnowledgeError
from kitbash.knowledge.source import markdown
from kitbash.knowledge.source.claiming import claims_of
from kitbash.knowledge.source.records import from_csv, from_json
from kitbash.knowledge.source.statement import Defaults, Statement


def only(text: str) -> Statement:
    (found,) = markdown.statements(markdown.parse(text, "notes.md"), "notes.md")
    return found


def as_json(**fields: object) -> Statement:
    (found,) = from_json(json.dumps([{"text": "Ice floats.", **fields}]), "facts.json", Defaults())
    return found


@pytest.mark.parametrize(
    ("column", "claim"),
    [
        ("goldfish ; memory lasts ; 3 s", Claim("goldfish", "memori last", True, 3, 3, "s")),
        ("a goldfish; memory lasts; at least 3 months", Claim("goldfish", "memori last", False, 0, 7_100_460, "s")),
        ("glass ; conducts electricity ; no", Claim("glass", "conduct electr", affirmed=False)),
        ("glass ; conducts electricity ; Yes", Claim("glass", "conduct electr")),
        ("water ; boils at ; 99-101 °C", Claim("water", "boil at", True, 99, 101, "degC")),
        ("water ; boils at ; not 50 °C", Claim("water", "boil at", False, 50, 50, "degC")),
        ("Kitbash ; has ; five layers", Claim("kitbash", "has", True, 5, 5, "layer")),
    ],
)
def test_a_claim_column_states_subject_attribute_and_value(column: str, claim: Claim) -> None:
    assert only(f"- Some text. | a book | claim: {column} | L0\n").claims == (claim,)


@pytest.mark.parametrize(
    ("column", "sentence"),
    [
        ("water ; boils at ; 100 °C", "Water boils at 100 °C at sea level."),
        ("goldfish's memory ; lasts ; 3 s", "The memory of a goldfish lasts three seconds."),
        ("birds ; have feathers ; yes", "A bird has feathers."),
        ("the Earth ; has a mass ; 5.97e24 kg", "The mass of the Earth is 5.97e24 kg."),
        ("Eiffel Tower ; is tall ; 330 m", "The Eiffel Tower is 330 m tall."),
    ],
)
def test_a_written_claim_is_the_one_a_sentence_makes(column: str, sentence: str) -> None:
    assert only(f"- Some text. | claim: {column}\n").claims == claims_of(sentence)


def test_several_claims_are_all_kept_and_none_is_none() -> None:
    two = only("- Some text. | claim: ice ; floats ; yes | CLAIM: ice ; melts at ; 0 °C\n").claims
    assert two is not None
    assert [claim.attribute for claim in two] == ["float", "melt at"]
    assert only("- Ice floats. | claim: none\n").claims == ()
    assert only("- Ice floats.\n").claims is None


def test_an_intent_forbids_and_a_fact_has_its_times() -> None:
    fact = only("- Be careful. | L4 | forbids: folk wisdom, speculation | when: 1969-07-20 | told: in 1970\n")
    assert fact.forbids == ("folk_wisdom", "speculation")
    assert (fact.event_time, fact.narrative_time) == ("1969-07-20", "in 1970")
    assert fact.sources == ("notes.md:1",)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("claim: water", r"notes\.md:3: the claim 'water' is not in three parts"),
        ("claim: a ; b ; c ; d", r"notes\.md:3: the claim .* is not in three parts"),
        ("claim: ; boils at ; 3 s", r"notes\.md:3: the claim .* has no subject"),
        ("claim: water ; the ; 3 s", r"notes\.md:3: the claim .* has no attribute"),
        ("claim: water ; boils at ; soon", r"notes\.md:3: 'soon' is not a value"),
        ("claim: water ; boils at ;", r"notes\.md:3: '' is not a value"),
        ("claim: water ; boils at ; 3 s later", r"notes\.md:3: .* is not a value|three"),
        ("claim: water ; boils at ; not at least 3 s", r"notes\.md:3: .* is not a value"),
        (f"claim: {'x' * 250} ; boils at ; 3 s", r"notes\.md:3: .*200"),
        (" | ".join(f"claim: ice ; has ; {n} legs" for n in range(2, 20)), r"notes\.md:3: 18 claims; .* at most 16"),
        ("forbids: guessing | L4", r"notes\.md:3: 'guessing' cannot be forbidden; only folk_wisdom and speculation"),
        ("forbids: speculation | L0", r"notes\.md:3: it forbids speculation but is L0_EMPIRICAL"),
        (f"when: {'x' * 201}", r"notes\.md:3: a time of 201 characters"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(columns: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        only(f"# Water\n\n- Ice floats. | {columns}\n")


def test_json_records_carry_the_same() -> None:
    claim = {"subject": "glass", "attribute": "conduct", "polarity": -1}
    found = as_json(
        claims=["water ; boils at ; 100 °C", claim],
        forbids=["speculation"],
        level="L4",
        event_time="1969",
        narrative_time="1970",
    )
    assert found.claims == (
        Claim("water", "boil at", True, 100, 100, "degC"),
        Claim("glass", "conduct", affirmed=False),
    )
    assert (found.forbids, found.event_time, found.narrative_time) == (("speculation",), "1969", "1970")
    assert found.level is Level.INTENT
    assert as_json(claims=[]).claims == ()
    assert as_json().claims is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"claims": ["water"]}, r"facts\.json, fact 1: the claim 'water'"),
        ({"claims": [7]}, r"facts\.json, fact 1: a claim is not as it should be"),
        ({"claims": [{"subject": "x"}]}, r"facts\.json, fact 1: .*attribute"),
        ({"claims": [{"subject": "x", "attribute": "y", "low": 2, "high": 1}]}, r"low 2.0 is above high 1.0"),
        ({"claims": [{"subject": "x", "attribute": "y", "low": 2}]}, r"give both or none"),
        ({"forbids": ["speculation"]}, r"facts\.json, fact 1: it forbids speculation but is L2"),
        ({"event_time": "x" * 300}, r"facts\.json, fact 1: a time of 300"),
    ],
)
def test_a_mistake_in_a_record_is_named(fields: dict[str, object], said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        as_json(**fields)


def test_csv_rows_carry_the_same() -> None:
    (found,) = from_csv(
        "text,level,claims,forbids,event_time,narrative_time\n"
        'Be careful.,L4,ice ; floats ; yes | ice ; melts at ; 0 °C,"folk wisdom, speculation",1969-07-20,1970\n',
        "facts.csv",
        Defaults(),
    )
    assert found.claims is not None
    assert [claim.attribute for claim in found.claims] == ["float", "melt at"]
    assert found.forbids == ("folk_wisdom", "speculation")
    assert (found.event_time, found.narrative_time) == ("1969-07-20", "1970")
    with pytest.raises(KnowledgeError, match=r"facts\.csv:2: the claim 'water'"):
        list(from_csv("text,claims\nIce floats.,water\n", "facts.csv", Defaults()))
