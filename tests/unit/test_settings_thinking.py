"""Settings of thinking and keeping: personas, spotlights, the archive, what is remembered."""

from pathlib import Path

import pytest

from kitbash.errors import ConfigError
from kitbash.runtime import policy
from tests.unit.settings_kit import Given, alone


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return alone(tmp_path, monkeypatch)


def test_a_persona_is_set_whole_and_worn_by_a_project(given: Given) -> None:
    personas = "personas:\n  bard: {masks: [sings, rhymes], character_context: who was there}\n"
    settings = given.load(yaml=f"{personas}projects:\n  mine: {{persona: bard}}\n").settings
    assert settings.personas["bard"].masks == ("sings", "rhymes")
    assert [mask.ident for mask in policy(settings).project("mine").masks] == ["sings", "rhymes"]
    assert {mask.character_context for mask in policy(settings).project("mine").masks} == {"who was there"}
    assert policy(settings).project("default").masks == ()


@pytest.mark.parametrize("there", ["", "personas:\n  fool: {masks: [jokes]}\n"])
def test_a_persona_that_does_not_exist_is_refused_with_those_that_do(given: Given, there: str) -> None:
    says = r"projects\.mine\.persona 'bard' is not one of personas \((fool|none is set)\)"
    with pytest.raises(ConfigError, match=says):
        given.load(yaml=f"{there}projects:\n  mine: {{persona: bard}}\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KITBASH_COUPLING__ITEMS_PER_LEVEL", "1"),
        ("KITBASH_COUPLING__ITEMS_PER_LEVEL", "21"),
        ("KITBASH_COUPLING__DISSONANCE_THRESHOLD", "-1"),
        ("KITBASH_COUPLING__DECAY_S", "0"),
        ("KITBASH_ARCHIVE__MAX_BYTES", "999999"),
        ("KITBASH_ARCHIVE__KEEP_DAYS", "-1"),
        ("KITBASH_CONTEXT__TTL_S", "3599"),
        ("KITBASH_CONTEXT__DEADLINE_S", "0"),
    ],
)
def test_what_thinking_and_keeping_cannot_do_with_is_refused(given: Given, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.removeprefix("KITBASH_").replace("__", ".").lower()):
        given.load(env={name: value})


def test_what_thinking_and_keeping_start_from(given: Given) -> None:
    settings = given.load().settings
    assert (settings.archive.enabled, settings.context.enabled) == (True, True)
    rules = policy(settings)
    assert (rules.items_per_level, rules.dissonance_threshold) == (6, 0)
    rules = policy(given.load(env={"KITBASH_COUPLING__ITEMS_PER_LEVEL": "9"}).settings)
    assert rules.items_per_level == 9
