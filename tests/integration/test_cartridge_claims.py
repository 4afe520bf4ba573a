"""Claims on their way through a cartridge: built, stored, indexed, and found to contest each other."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any, NoReturn

import pytest

from kitbash.domain.claim import Claim, apart
from kitbash.domain.fact import Fact
from kitbash.domain.level import Level
from kitbash.knowledge import index, starter
from kitbash.knowledge.importing import import_folder
from kitbash.knowledge.library import Library
from tests.integration.cartridge_making import NESTED_SCHEMA, build_text, by_hand, facts_of, nested_rows, opened, plain

GOLDFISH = "goldfish|memori last|s"
BOILING = "- Water boils at 100 °C. | a book | 0.9 | L0\n- Water boils at 50 °C. | a tale | 0.5 | L2\n"
INTENTS = (
    "- Be careful. | L4 | forbids: speculation | when: 1969-07-20 | told: 1970\n- Be kind. | L4\n- Talk plainly. | L5\n"
)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "cartridges"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("starter")
    starter.ensure(folder / "cartridges")
    library = Library([folder / "cartridges"], folder / "cache")
    yield library
    library.close()


def notes(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "annotations.jsonl").read_text().splitlines()]


def refuse(*_: object) -> NoReturn:
    pytest.fail("looked where it need not")


def note_with(folder: Path, **extra: object) -> Path:
    """Make a cartridge by hand whose one annotation holds these fields too."""
    note = {"fact_id": 1, "metadata": {"confidence": 0.9}, **extra}
    return by_hand(folder, NESTED_SCHEMA + nested_rows({1: "Basalt is a rock."}), annotations=[note])


def test_a_claim_is_stored_beside_its_fact_and_as_nwp(where: Path) -> None:
    note = notes(build_text(where, BOILING).folder)[0]
    assert note["claims"] == [
        {"subject": "water", "attribute": "boil at", "polarity": 1, "low": 100.0, "high": 100.0, "unit": "degC"}
    ]
    assert note["nwp_encoding"] == "⊢ [MAT:WATER] ⇒ [BOIL_AT:100°C]"
    assert facts_of(where)[1].claims == (Claim("water", "boil at", True, 100, 100, "degC"),)


def test_prohibitions_and_times_are_stored_where_the_format_has_them(where: Path) -> None:
    note, other, _ = notes(build_text(where, INTENTS).folder)
    assert note["context"]["excludes"] == ["speculation"]
    assert note["metadata"]["temporal_validity"] == {"event_time": "1969-07-20", "narrative_time": "1970"}
    assert (other["context"]["excludes"], other["metadata"]["temporal_validity"]) == ([], None)
    fact = facts_of(where)[1]
    assert (fact.forbids, fact.event_time, fact.narrative_time) == (("speculation",), "1969-07-20", "1970")


def test_a_written_claim_stands_instead_of_the_one_in_the_text(where: Path) -> None:
    build_text(where, "- Water boils at 100 °C. | claim: ice ; floats ; yes\n- Ice melts at 0 °C. | claim: none\n")
    facts = facts_of(where)
    assert facts[1].claims == (Claim("ice", "float"),)
    assert facts[2].claims == ()


def test_intents_and_masks_claim_nothing(where: Path) -> None:
    build_text(where, "- Water boils at 100 °C. | L4\n- Ice melts at 0 °C. | L5\n")
    assert [fact.claims for fact in facts_of(where).values()] == [(), ()]


def test_a_rebuild_of_claims_and_times_touches_nothing(where: Path) -> None:
    build_text(where, BOILING + INTENTS)
    assert not build_text(where, BOILING + INTENTS).touched
    assert build_text(where, BOILING.replace("100", "99") + INTENTS).touched
    assert build_text(where, BOILING.replace("100", "99") + INTENTS.replace("1970", "1971")).changed == 1


def test_claims_survive_an_import(where: Path, tmp_path: Path) -> None:
    source = build_text(where, BOILING + INTENTS).folder
    import_folder(source, tmp_path / "imported")
    assert facts_of(tmp_path / "imported") == facts_of(where)


def test_facts_that_contradict_each_other_on_different_levels_contest_each_other(where: Path) -> None:
    build_text(where, BOILING)
    build_text(where, "- Water boils at 10 °C. | L3\n- Water boils at 20 °C. | L0\n", name="other")
    build_text(where, "- I say so. | L5 | claim: water ; boils at ; 30 °C\n", name="mask")
    facts = facts_of(where)
    with opened(where) as library:
        told = [(it.cartridge, it.fact_id, it.level) for it in library.contesting(facts[1], ["general"])]
        assert told == [("water_general", 2, Level.NARRATIVE), ("other_general", 1, Level.HEURISTIC)]
        told = [(it.cartridge, it.fact_id) for it in library.contesting(facts[2], ["general"])]
        assert told == [("other_general", 2), ("water_general", 1), ("other_general", 1)]
        assert library.contesting(facts[1], ["fiction"]) == ()


def test_facts_that_agree_or_share_no_claim_contest_nothing(where: Path) -> None:
    build_text(
        where, "- Water boils at 100 °C. | L0\n- Water boils at 212 °F. | L2\n- Ice floats. | L1\n- Rain falls.\n"
    )
    with opened(where) as library:
        assert [library.contesting(fact, ["general"]) for fact in facts_of(where).values()] == [(), (), (), ()]


def test_at_most_eight_facts_contest_one(where: Path) -> None:
    build_text(where, BOILING + "".join(f"- Water boils at {n} °C. | L3\n" for n in range(1, 20)))
    with opened(where) as library:
        found = library.contesting(facts_of(where)[1], ["general"])
        assert [it.fact_id for it in found] == list(range(2, 10))


def test_only_a_fact_that_shares_a_claim_costs_more_than_a_look(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_text(where, f"{BOILING}- Iron melts at 1,538 °C. | L0\n- Rain falls. | L0\n")
    facts = facts_of(where)
    with opened(where) as library:
        assert library.contesting(facts[1], ["general"])
        monkeypatch.setattr(index.Index, "fact", refuse)
        assert library.contesting(facts[3], ["general"]) == ()
        monkeypatch.setattr(Library, "_current", refuse)
        assert library.contesting(facts[4], ["general"]) == ()


def test_intents_are_those_of_kitbash_itself(where: Path) -> None:
    build_text(where, f"---\ndomain: me\nfaction: self\n---\n{INTENTS}", file="me.md")
    build_text(where, INTENTS)
    with opened(where) as library:
        found = library.intents(["general", "self"])
        assert [(it.cartridge, it.text, it.forbids) for it in found] == [
            ("me_self", "Be careful.", ("speculation",)),
            ("me_self", "Be kind.", ()),
        ]
        assert library.intents(["general"]) == ()


def test_at_most_sixteen_intents_are_told(where: Path) -> None:
    text = "".join(f"- Be good in way {n}. | L4\n" for n in range(10))
    for name in ("you", "me"):
        build_text(where, f"---\ndomain: {name}\nfaction: self\n---\n{text}", file=f"{name}.md")
    with opened(where) as library:
        told = [(it.cartridge, it.fact_id) for it in library.intents(["self"])]
    assert told == [("me_self", n) for n in range(1, 11)] + [("you_self", n) for n in range(1, 7)]


OLDER: list[dict[str, Any]] = [
    {},
    {"claims": None},
    {"metadata": {"temporal_validity": {"start": "2020", "end": None}}},
    {"metadata": {"temporal_validity": "since 1990"}},
    {"context": {"excludes": ["cast iron", 7, {}]}},
    {"nwp_encoding": "anything"},
]


@pytest.mark.parametrize("extra", OLDER)
def test_annotations_of_older_programs_still_open(where: Path, extra: dict[str, Any]) -> None:
    note_with(where / "rocks.kbc", **extra)
    fact = facts_of(where, "rocks")[1]
    assert (fact.claims, fact.forbids, fact.event_time, fact.narrative_time) == ((), (), "", "")


CLAIM: dict[str, Any] = {"subject": "x", "attribute": "y"}


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"claims": [CLAIM] * 17}, "claims"),
        ({"claims": "x"}, "claims"),
        ({"claims": [{"subject": "x"}]}, "claims.0.attribute"),
        ({"claims": [CLAIM | {"subject": ""}]}, "needs a subject"),
        ({"claims": [CLAIM | {"subject": "x" * 201}]}, "claims.0.subject"),
        ({"claims": [CLAIM | {"unit": "x" * 201}]}, "claims.0.unit"),
        ({"claims": [CLAIM | {"subject": "a\nb"}]}, "on one line"),
        ({"claims": [CLAIM | {"polarity": 0}]}, "claims.0.polarity"),
        ({"claims": [CLAIM | {"low": 2, "high": 1}]}, "low 2.0 is above high 1.0"),
        ({"claims": [CLAIM | {"low": 2}]}, "give both or none"),
        ({"claims": [CLAIM | {"low": float("nan"), "high": 1}]}, "claims.0.low"),
        ({"claims": [CLAIM | {"low": 1, "high": float("inf")}]}, "claims.0.high"),
        ({"claims": [CLAIM | {"low": "1", "high": 2}]}, "claims.0.low"),
        ({"metadata": {"temporal_validity": {"event_time": "x" * 201}}}, "event_time"),
        ({"metadata": {"temporal_validity": {"narrative_time": 7}}}, "narrative_time"),
    ],
)
def test_wrong_claims_set_their_cartridge_aside_and_are_named(where: Path, extra: dict[str, Any], reason: str) -> None:
    plain(where / "zircon.kbc")
    note_with(where / "rocks.kbc", **extra)
    with opened(where) as library:
        assert list(library.cartridges) == ["zircon"]
        (aside,) = library.set_aside
        assert "annotations.jsonl, line 1 is not an annotation" in aside.reason
        assert reason in aside.reason


def test_a_claim_in_the_index_that_is_none_breaks_only_its_own_cartridge(where: Path) -> None:
    folder = build_text(where, BOILING).folder
    plain(where / "zircon.kbc")
    with closing(sqlite3.connect(folder / "indices" / "lexical.db")) as connection, connection:
        connection.execute("""UPDATE fact SET claims = '[{"subject": "x"}]' WHERE id = 1""")
    with opened(where) as library:
        assert library.asked("What is basalt?") == (("zircon", 1),)
        assert [it.name for it in library.set_aside] == ["water_general"]
        assert "lexical.db" in library.set_aside[0].reason


def test_an_index_of_an_older_release_is_built_anew_in_the_cache(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build_text(where, BOILING).folder
    monkeypatch.setattr(index, "VERSION", "1")
    made_of = index.Fingerprint.of(folder)
    monkeypatch.undo()
    with closing(sqlite3.connect(folder / "indices" / "lexical.db")) as connection, connection:
        for column in ("claims", "forbids", "event_time", "narrative_time"):
            connection.execute("DROP INDEX IF EXISTS fact_with_claims")
            connection.execute(f"ALTER TABLE fact DROP COLUMN {column}")
        older = {"version": "1", "quick": made_of.quick, "digest": made_of.digest}
        connection.executemany(
            "UPDATE meta SET value = ? WHERE key = ?", [(value, key) for key, value in older.items()]
        )
    assert len(facts_of(where)[1].claims) == 1
    assert list((where.parent / "cache").glob("water_general-*.db"))


def test_claims_are_read_from_the_index_alone(where: Path) -> None:
    build_text(where, f"{BOILING}- Rain falls. | L0\n")
    with opened(where) as library:
        found = library.cartridges["water_general"].index.claims()
    assert [(fact_id, level) for fact_id, level, _ in found] == [(1, Level.EMPIRICAL), (2, Level.NARRATIVE)]
    assert found[0][2] == facts_of(where)[1].claims


def test_asking_never_loads_the_library_of_units() -> None:
    program = (
        "import sys, kitbash.client, kitbash.runtime, kitbash.knowledge.build; "
        "sys.exit([it for it in ('pint', 'sentencex') if it in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def seen_facts(library: Library) -> list[Fact]:
    return [fact for it in library.visible(["general", "self"]) for fact in it.index.facts()]


def test_the_starter_facts_claim_much_and_contradict_each_other_only_about_goldfish(library: Library) -> None:
    claimed = [(fact, claim) for fact in seen_facts(library) for claim in fact.claims]
    assert len(claimed) > 50
    apart_keys = {
        one.key
        for (fact, one), (other_fact, other) in combinations(claimed, 2)
        if one.key == other.key and fact != other_fact and apart(one, other) > 0
    }
    assert apart_keys == {GOLDFISH}


def test_what_is_known_of_goldfish_contests_their_legend(library: Library) -> None:
    ((cartridge, fact_id),) = library.asked("How long does a goldfish remember?")
    known = library.fact(cartridge, fact_id)
    ((cartridge, fact_id),) = library.asked("How long is a goldfish's memory in the legend?")
    told = library.fact(cartridge, fact_id)
    assert known is not None
    assert told is not None
    assert (known.level, told.level) == (Level.EMPIRICAL, Level.NARRATIVE)
    assert library.contesting(known, ["general"]) == (told,)
    assert library.contesting(told, ["general"]) == (known,)
    assert apart(known.claims[0], told.claims[0]) > 0.3


def test_the_starter_intents_leave_it_to_the_question_what_is_allowed(library: Library) -> None:
    assert [it.forbids for it in library.intents(["general", "self"])] == [(), ()]
