"""The library: what opens, what answers, what is noticed, and that reading leaves no trace."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kitbash.knowledge import library as library_module
from kitbash.knowledge.cartridge import facts_in
from kitbash.knowledge.library import Library
from tests.integration.cartridge_making import (
    STEAM,
    WATER,
    build_text,
    by_hand,
    facts_of,
    opened,
    plain,
    snapshot,
)


@pytest.fixture
def where(tmp_path: Path) -> Path:
    return tmp_path / "cartridges"


def query(library: Library) -> None:
    """Use everything a query uses."""
    for cartridge in library.visible(["general", "self"]):
        assert cartridge.index.known(["ice", "basalt", "zzz"])
        assert cartridge.index.propose(["ice", "basalt"], 8)
        assert list(cartridge.index.facts())
    library.asked("Does ice float?")
    library.fact("water_general", 1)


def test_opening_and_querying_never_writes_to_the_cartridges(where: Path) -> None:
    build_text(where)
    plain(where / "rocks.kbc")
    before = snapshot(where)
    with opened(where) as library:
        query(library)
        assert sorted(library.cartridges) == ["rocks", "water_general"]
    assert snapshot(where) == before


def test_opening_a_built_cartridge_writes_nothing_to_the_cache_either(where: Path, tmp_path: Path) -> None:
    build_text(where)
    with opened(where) as library:
        query(library)
    assert not (tmp_path / "cache").exists()


def test_reading_facts_leaves_nothing_beside_the_database(where: Path) -> None:
    folder = plain(where / "rocks.kbc")
    before = snapshot(folder)
    assert [fact.text for fact in facts_in(folder, "rocks")] == ["Basalt is a volcanic rock."]
    assert snapshot(folder) == before


def test_a_database_left_in_wal_mode_is_read_without_a_trace(where: Path) -> None:
    sql = "PRAGMA journal_mode=WAL; CREATE TABLE facts (id INTEGER PRIMARY KEY, content TEXT);"
    folder = by_hand(where / "rocks.kbc", f"{sql} INSERT INTO facts VALUES (1, 'Basalt is a rock.');")
    before = snapshot(folder)
    assert list(facts_of(where, "rocks")) == [1]
    assert snapshot(folder) == before


def test_a_folder_that_does_not_exist_holds_no_cartridge(where: Path) -> None:
    with opened(where) as library:
        assert library.cartridges == {}
        assert library.asked("Does ice float?") == ()


def test_files_and_other_folders_among_the_cartridges_are_passed_over(where: Path) -> None:
    build_text(where)
    (where / "file.kbc").write_text("a file")
    (where / "notes").mkdir()
    (where / ".building-x").mkdir()
    with opened(where) as library:
        assert list(library.cartridges) == ["water_general"]
        assert library.set_aside == ()


def test_of_two_cartridges_of_one_name_the_earlier_folder_wins(where: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    build_text(where)
    build_text(other, STEAM)
    with opened(where, other) as library:
        assert len(list(library.cartridges["water_general"].index.facts())) == 3
    with opened(other, where) as library:
        assert len(list(library.cartridges["water_general"].index.facts())) == 1


def test_the_same_question_in_two_cartridges_names_both(where: Path) -> None:
    build_text(where)
    build_text(where, WATER, name="lakes")
    with opened(where) as library:
        assert library.asked("Please, does the ice float?") == (("lakes_general", 1), ("water_general", 1))


def test_only_cartridges_of_the_wanted_factions_are_visible(where: Path) -> None:
    build_text(where)
    fiction = "---\ndomain: tale\nfaction: fiction\nlevel: L2\nconfidence: 0.6\n---\n- Elves sing.\n"
    build_text(where, fiction, file="tale.md")
    with opened(where) as library:
        assert [it.name for it in library.visible(["general", "self"])] == ["water_general"]
        assert [it.name for it in library.visible(["fiction"])] == ["tale_fiction"]
        assert [it.name for it in library.named(["tale_fiction", "gone"])] == ["tale_fiction"]


def test_a_fact_that_is_not_there_is_none(where: Path) -> None:
    build_text(where)
    with opened(where) as library:
        assert library.fact("water_general", 99) is None
        assert library.fact("gone", 1) is None


def test_a_rebuilt_an_added_and_a_removed_cartridge_are_noticed(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "RECHECK_S", 0.0)
    build_text(where)
    with opened(where) as library:
        first = library.cartridges["water_general"]
        assert library.cartridges["water_general"] is first
        build_text(where, WATER.replace("Does ice float?", "Will ice float?"))
        assert library.asked("Does ice float?") == ()
        assert library.asked("Will ice float?") == (("water_general", 1),)
        plain(where / "rocks.kbc")
        assert library.asked("What is basalt?") == (("rocks", 1),)
        shutil.rmtree(where / "water_general.kbc")
        assert list(library.cartridges) == ["rocks"]


def test_between_checks_the_disk_is_not_looked_at(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "RECHECK_S", 3600.0)
    with opened(where) as library:
        assert library.cartridges == {}
        build_text(where)
        assert library.cartridges == {}


def test_an_index_that_does_not_fit_the_facts_is_not_used(where: Path) -> None:
    folder = build_text(where).folder
    lines = (folder / "annotations.jsonl").read_text()
    (folder / "annotations.jsonl").write_text(lines.replace("Does ice float?", "Will ice float?"))
    with opened(where) as library:
        assert library.asked("Does ice float?") == ()
        assert library.asked("Will ice float?") == (("water_general", 1),)


def test_a_copied_cartridge_keeps_its_index_though_its_times_differ(where: Path, tmp_path: Path) -> None:
    shutil.copytree(build_text(where).folder, tmp_path / "copy" / "water_general.kbc", copy_function=shutil.copy)
    assert len(facts_of(tmp_path / "copy")) == 3
    assert not (tmp_path / "cache").exists()


def test_proposals_hold_a_stem_that_is_asked_for_and_come_best_first(where: Path) -> None:
    build_text(where)
    with opened(where) as library:
        index = library.cartridges["water_general"].index
        assert [fact.fact_id for fact in index.propose(["ice", "float"], 8)] == [1]
        assert index.propose([], 8) == []
        assert index.propose(["zzz", 'a"b', "NOT", "*"], 8) == []
        assert len(index.propose(["water", "ice"], 1)) == 1
        assert index.propose(["water", "ice"], 8)[0].fact_id == 1


def test_intents_and_masks_answer_their_question_but_are_never_found_by_search(where: Path) -> None:
    text = "# Self\n- Greet visitors. | x | 0.5 | L4\n  - How to be?\n- Visitors arrive. | x | 0.5 | L3\n"
    build_text(where, text)
    with opened(where) as library:
        assert library.asked("How to be?") == (("water_general", 1),)
        assert [fact.fact_id for fact in library.cartridges["water_general"].index.propose(["visitor"], 8)] == [2]


def test_an_index_of_another_version_is_built_again_in_the_cache_and_the_log_says_so(
    where: Path, tmp_path: Path
) -> None:
    folder = build_text(where).folder
    with closing(sqlite3.connect(folder / "indices" / "lexical.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
    with capture_logs() as said, opened(where) as library:
        assert library.asked("Does ice float?") == (("water_general", 1),)
    assert len(list((tmp_path / "cache").glob("water_general-*.db"))) == 1
    (line,) = [it for it in said if it["event"] == "index.rebuilt"]
    assert "missing, stale or of another version" in line["why"]


def test_threads_that_read_one_file_do_not_wait_for_each_other_for_ever(tmp_path: Path) -> None:
    """SQLite calls back into Python while it holds its connection; the process of its own can be given up on."""
    path = tmp_path / "facts.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE facts (number)")
        made.executemany("INSERT INTO facts VALUES (?)", [(number,) for number in range(50)])
        made.commit()
    script = (
        "import sys\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pathlib import Path\n"
        "from kitbash.knowledge.sqlite import Reader\n"
        "sys.setswitchinterval(1e-5)\n"
        "with Reader(Path(sys.argv[1])) as reader, ThreadPoolExecutor(8) as pool:\n"
        "    # Each statement is a new one, so that the authorizer is called.\n"
        "    sql = 'SELECT number FROM facts WHERE number = ? LIMIT 1 OFFSET {}'\n"
        "    print(sum(len(rows) for rows in pool.map(lambda n: reader.rows(sql.format(n % 97), (1,)), range(4000))))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, timeout=30, check=False)
    assert (ran.stdout.strip(), ran.stderr) == (str(len(range(0, 4000, 97))), "")
