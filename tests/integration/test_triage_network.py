"""The network that ships: as good as its file says, better than the rules, fast, and dispensable."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from kitbash import assets
from kitbash.cli import train as command
from kitbash.errors import NetworkError, UsageError
from kitbash.knowledge.library import Library
from kitbash.models.ternary import file, shipped
from kitbash.models.ternary.network import Network
from kitbash.models.ternary.shipped import ShippedNetwork
from kitbash.models.ternary.training import examples, templates
from kitbash.models.ternary.training.examples import Example, Examples
from kitbash.models.ternary.training.scoring import auroc
from kitbash.models.ternary.training.trainer import Size, train
from tests.integration.cartridge_making import build_text

SEED = 1
POINTS = 0.02


@pytest.fixture(scope="module")
def network() -> Network:
    return shipped.load()


@pytest.fixture(scope="module")
def made() -> Examples:
    return examples.examples(templates.read(assets.path("config/triage")), command.starter_facts(), SEED)


def domain_of(network: Network, text: str) -> str:
    found = network.read(text)
    about = {**found.domains, templates.OUTSIDE: found.outside}
    return max(about, key=lambda name: about[name])


def share(examples_: list[Example], is_right: Callable[[Example], bool]) -> float:
    return sum(map(is_right, examples_)) / len(examples_)


def test_the_file_is_small_and_opens_at_once() -> None:
    path = assets.path(shipped.NAME)
    assert path.stat().st_size <= 150_000
    started_s = time.perf_counter()
    file.load(path)
    assert time.perf_counter() - started_s < 0.5


def test_held_out_questions_are_none_of_those_trained_on(made: Examples) -> None:
    trained = {it.text for it in made.train}
    assert not trained & {it.text for it in made.of_aliases}
    # A held-out template may, filled, come out as another one does; hardly ever.
    assert share(list(made.of_templates), lambda it: it.text in trained) < 0.01


def test_forms_of_held_out_templates_are_told_as_recorded_and_better_than_by_rules(
    network: Network, made: Examples
) -> None:
    told = [it for it in made.of_templates if it.form]
    right = share(told, lambda it: network.read(it.text).form == it.form)
    assert right == pytest.approx(network.figures["form"], abs=0.005)
    assert right >= network.figures["twin_form"] - POINTS
    assert right >= command.rules_accuracy(made) + 0.1


def test_domains_of_held_out_templates_are_told_as_recorded(network: Network, made: Examples) -> None:
    right = share(list(made.of_templates), lambda it: domain_of(network, it.text) == it.domain)
    assert right == pytest.approx(network.figures["domain"], abs=0.005)
    assert right >= network.figures["twin_domain"] - POINTS


def test_domains_of_held_out_aliases_are_told_as_recorded(network: Network, made: Examples) -> None:
    right = share(list(made.of_aliases), lambda it: domain_of(network, it.text) == it.domain)
    assert right == pytest.approx(network.figures["alias_domain"], abs=0.005)
    assert right >= network.figures["twin_alias_domain"] - POINTS
    assert right >= 0.8


def test_what_is_outside_everything_is_told_from_held_out_aliases(network: Network, made: Examples) -> None:
    outside = [network.read(it.text).outside for it in made.of_templates if it.domain == templates.OUTSIDE]
    inside = [network.read(it.text).outside for it in made.of_aliases]
    found = auroc(np.array(outside, np.float32), np.array(inside, np.float32))
    assert found == pytest.approx(network.figures["outside_auroc"], abs=0.005)
    assert found >= 0.93


def test_its_domains_are_the_starter_cartridges(network: Network, made: Examples) -> None:
    assert {*network.domains} == {it.domain for it in made.train} - {templates.OUTSIDE}


@pytest.mark.parametrize("question", ["", "?", "x", "\x00", "w " * 1000, "日本語で話して", "a" * 2000])
def test_any_question_can_be_read(network: Network, question: str) -> None:
    found = network.read(question)
    assert sum(found.domains.values()) + found.outside == pytest.approx(1, abs=1e-4)
    assert 0 < found.form_probability <= 1


def test_a_question_without_words_is_outside(network: Network) -> None:
    assert network.read("?!").outside == 1


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04K\x01.", bytes(200_000)])
def test_a_broken_file_leaves_the_rules_and_is_logged_once(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "triage.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"triage\.bin"):
        shipped.load(path)
    broken = ShippedNetwork(path)
    with capture_logs() as logged:
        assert [broken.read("What is DNA?") for _ in range(3)] == [None, None, None]
    assert [it["event"] for it in logged] == ["triage.network_unusable"]


def test_the_client_imports_no_numpy_even_to_read_its_first_question() -> None:
    code = (
        "import sys; from kitbash.runtime import Runtime; from kitbash.settings import load; import kitbash.client;"
        "network = Runtime(load().settings).network;"
        "assert network.read('What is DNA?') is not None; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_training_again_gives_the_same_network(tmp_path: Path) -> None:
    where = tmp_path / "cartridges"
    build_text(where)
    library = Library([where], tmp_path / "cache")
    facts = [fact for it in library.cartridges.values() for fact in it.index.facts()]
    library.close()
    made = examples.examples(templates.read(assets.path("config/triage")), facts, 5)
    few = Examples(made.train[::40], made.of_templates[::10], made.of_aliases)
    small = Size(buckets=256, hidden=8, rounds=1)
    once, again = (file.encode(train(few, ["water_general"], 5, small).network) for _ in range(2))
    assert once == again
    assert file.encode(train(few, ["water_general"], 6, small).network) != once


def test_the_command_trains_a_network_and_prints_its_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "small.bin"
    command.triage(seed=2, output=path, as_json=True, size=Size(buckets=512, hidden=8, rounds=1))
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"] == path.stat().st_size
    assert said["rules"]["form"] > 0
    assert said["ternary"].keys() == said["twin"].keys()
    assert file.load(path).figures["form"] == said["ternary"]["form"]


def test_a_network_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "own" / "triage.bin"
    path.parent.mkdir()
    command.write(path, b"one")
    with pytest.raises(OSError, match=r".+"):
        command.write(tmp_path / "missing" / "triage.bin", b"two")
    command.write(path, b"three")
    assert path.read_bytes() == b"three"
    assert [it.name for it in path.parent.iterdir()] == ["triage.bin"]


def test_a_template_with_a_slot_that_nothing_fills_is_named(tmp_path: Path) -> None:
    for source in assets.path("config/triage").iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "fact.txt").write_text("how far is {planet}\n")
    with pytest.raises(UsageError, match=r"fact\.txt: nothing fills planet"):
        templates.read(tmp_path)
    (tmp_path / "fact.txt").write_text("# nothing\n")
    with pytest.raises(UsageError, match="holds no template"):
        templates.read(tmp_path)
