"""Settings: which source wins, what is kept, and what is said about a wrong one."""

from pathlib import Path

import pytest

from kitbash.errors import ConfigError
from kitbash.settings import LEASE_MARGIN_MS
from tests.unit.settings_kit import Given, Sources, alone


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return alone(tmp_path, monkeypatch)


SOURCES: dict[str, Sources] = {
    "flag": {"flags": {"redis": {"host": "from-flag"}}},
    "environment": {"env": {"KITBASH_REDIS__HOST": "from-environment"}},
    ".env": {"dotenv": "KITBASH_REDIS__HOST=from-.env\n"},
    "kitbash.yaml": {"yaml": "redis:\n  host: from-kitbash.yaml\n"},
}


@pytest.mark.parametrize("strongest", range(len(SOURCES)))
def test_flags_beat_the_environment_beats_dotenv_beats_yaml(given: Given, strongest: int) -> None:
    names = list(SOURCES)[strongest:]
    together = Sources()
    for name in names:
        together.update(SOURCES[name])
    loaded = given.load(**together)
    assert loaded.settings.redis.host == f"from-{names[0]}"
    assert loaded.origins["redis.host"] == names[0]


def test_what_no_source_sets_has_its_default_and_no_origin(given: Given) -> None:
    loaded = given.load()
    assert loaded.settings.redis.host is None
    assert loaded.settings.redis.port == 6379
    assert [rule.threshold for rule in loaded.settings.rules()] == [None, 0.0, None, None, 0.0]
    assert loaded.origins == {}


def test_sources_are_merged_leaf_by_leaf(given: Given) -> None:
    loaded = given.load(
        flags={"redis": {"db": 3}},
        env={"REDIS_HOST": "h"},
        dotenv="REDIS_PORT=7000\n",
        yaml="redis:\n  connect_timeout_s: 9\n",
    )
    redis = loaded.settings.redis
    assert (redis.db, redis.host, redis.port, redis.connect_timeout_s) == (3, "h", 7000, 9.0)
    assert dict(loaded.origins) == {
        "redis.db": "flag",
        "redis.host": "environment",
        "redis.port": ".env",
        "redis.connect_timeout_s": "kitbash.yaml",
    }


def test_setting_a_part_of_a_layer_keeps_the_rest(given: Given) -> None:
    loaded = given.load(env={"LAYER2_TIMEOUT_MS": "1234"}, yaml="layers:\n  synthesis:\n    threshold: 0.7\n")
    layers = loaded.settings.layers
    assert (layers.cartridge.timeout_ms, layers.cartridge.threshold) == (1234, None)
    assert (layers.synthesis.timeout_ms, layers.synthesis.threshold) == (5000, 0.7)
    assert (layers.kobold.timeout_ms, layers.reflex.threshold) == (60_000, None)


def test_an_empty_environment_value_sets_nothing(given: Given) -> None:
    assert given.load(env={"REDIS_HOST": ""}, yaml="redis: {host: from-yaml}").settings.redis.host == "from-yaml"


@pytest.mark.parametrize(
    ("sources", "named", "nearest"),
    [
        ({"env": {"KITBASH_REDIS__HOTS": "x"}}, "KITBASH_REDIS__HOTS", "KITBASH_REDIS__HOST"),
        ({"env": {"KITBASH_LOGLEVEL": "x"}}, "KITBASH_LOGLEVEL", "KITBASH_LOG_LEVEL"),
        ({"env": {"KITBASH_CONFG": "x"}}, "KITBASH_CONFG", "KITBASH_CONFIG"),
        ({"dotenv": "KITBASH_QUERY__TTLS=9\n"}, "KITBASH_QUERY__TTLS", "KITBASH_QUERY__TTL_S"),
        ({"yaml": "redis:\n  hots: x\n"}, "redis.hots", "redis.host"),
        ({"yaml": "reddis:\n  host: x\n"}, "reddis", "redis"),
        ({"yaml": "layers:\n  reflex:\n    treshold: 1\n"}, "layers.reflex.treshold", "layers.reflex.threshold"),
        ({"flags": {"kobold": {"slot": 1}}}, "kobold.slot", "kobold.slots"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one_there_is(
    given: Given, sources: Sources, named: str, nearest: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        given.load(**sources)
    assert named in str(refused.value)
    assert f"did you mean {nearest}?" in str(refused.value).replace("'", "")


@pytest.mark.parametrize(
    ("sources", "setting", "origin"),
    [
        ({"env": {"REDIS_PORT": "hunter2"}}, "redis.port", "environment"),
        ({"dotenv": "KITBASH_QUERY__TIMEOUT_S=hunter2\n"}, "query.timeout_s", ".env"),
        ({"yaml": "redis:\n  password: [hunter2]\n"}, "redis.password", "kitbash.yaml"),
        ({"yaml": "kobold: hunter2\n"}, "kobold", "kitbash.yaml"),
        ({"yaml": "kobold:\n  api_key: {hunter2: 1}\n"}, "kobold.api_key", "kitbash.yaml"),
        ({"flags": {"log": {"level": "hunter2"}}}, "log.level", "flag"),
        ({"env": {"LAYER1_TIMEOUT_MS": "-1"}}, "layers.bitnet.timeout_ms", "environment"),
    ],
)
def test_a_bad_value_names_the_setting_and_its_origin_and_never_the_value(
    given: Given, sources: Sources, setting: str, origin: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        given.load(**sources)
    assert f"{setting!r} (from {origin})" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_yaml_that_cannot_be_read_is_named_without_quoting_a_secret(given: Given) -> None:
    with pytest.raises(ConfigError, match=r"kitbash\.yaml.*line 2") as refused:
        given.load(yaml="redis:\n  password: hunter2: x\n")
    assert "hunter2" not in str(refused.value)


def test_a_secret_is_hidden_where_settings_are_shown(given: Given) -> None:
    settings = given.load(
        env={"KITBASH_REDIS_URL": "redis://:hunter2@h", "KITBASH_KOBOLD__API_KEY": "hunter2"}
    ).settings
    assert "hunter2" not in repr(settings)
    assert settings.redis.url is not None
    assert settings.redis.url.get_secret_value() == "redis://:hunter2@h"


@pytest.mark.parametrize("text", ["base: &b {port: 1}\nredis: *b\n", "redis: {host: &h x}\nkobold: {host: *h}\n"])
def test_yaml_aliases_are_refused(given: Given, text: str) -> None:
    with pytest.raises(ConfigError, match=r"kitbash\.yaml.*aliases are not allowed"):
        given.load(yaml=text)


@pytest.mark.parametrize(
    "text",
    [
        'redis: !!python/object/apply:os.system ["true"]\n',
        "- a\n- b\n",
        "just words\n",
        "a: " + "[" * 5000,
        "a: [1\n",
        "x" * 1_000_001,
    ],
    ids=["tag", "list", "words", "deep", "unclosed", "long"],
)
def test_yaml_that_is_not_a_plain_short_mapping_is_refused(given: Given, text: str) -> None:
    with pytest.raises(ConfigError, match=r"kitbash\.yaml"):
        given.load(yaml=text)


def test_a_yaml_subject_without_anything_in_it_sets_nothing(given: Given) -> None:
    assert given.load(yaml="redis:\n  # host: localhost\n").settings.redis.port == 6379


def test_a_config_file_that_is_missing_is_named(given: Given) -> None:
    with pytest.raises(ConfigError, match=r"KITBASH_CONFIG names 'gone\.yaml', which is not a file"):
        given.load(env={"KITBASH_CONFIG": "gone.yaml"})


def test_a_config_file_that_is_not_text_is_named(given: Given) -> None:
    (given.folder / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary\.yaml cannot be read as UTF-8"):
        given.load(env={"KITBASH_CONFIG": "binary.yaml"})


def test_a_config_file_named_in_dotenv_is_read(given: Given) -> None:
    (given.folder / "other.yaml").write_text("redis: {host: other}\n")
    given.load()
    given.monkeypatch.delenv("KITBASH_CONFIG")
    (given.folder / ".env").write_text("KITBASH_CONFIG=other.yaml\n")
    from kitbash.settings import load

    assert load().settings.redis.host == "other"


def test_a_visibility_timeout_longer_than_every_lease_is_taken(given: Given) -> None:
    longest_ms = 180_000 - LEASE_MARGIN_MS - 1
    assert given.load(env={"LAYER4_TIMEOUT_MS": str(longest_ms)}).settings.layers.kobold.timeout_ms == longest_ms


def test_a_visibility_timeout_as_short_as_a_lease_is_refused(given: Given) -> None:
    with pytest.raises(ConfigError, match=r"broker\.visibility_timeout_s is 180 s; it must exceed"):
        given.load(env={"LAYER4_TIMEOUT_MS": str(180_000 - LEASE_MARGIN_MS)})


def test_a_project_that_does_not_exist_is_refused_with_those_that_do(given: Given) -> None:
    with pytest.raises(ConfigError, match=r"'novel' is not one of default, experiment, fiction"):
        given.load(env={"KITBASH_PROJECT": "novel"})


def test_a_project_of_ones_own_is_set_whole(given: Given) -> None:
    loaded = given.load(env={"KITBASH_PROJECTS": "{mine: {kappa: 2}}", "KITBASH_PROJECT": "mine"})
    assert loaded.settings.projects["mine"].kappa == 2.0
    assert loaded.settings.projects["mine"].factions == ("general", "self")


def test_a_project_of_ones_own_is_added_to_the_default_ones(given: Given) -> None:
    assert "default" in given.load(yaml="projects:\n  mine: {kappa: 2}\n").settings.projects


def test_settings_cannot_be_changed_after_loading(given: Given) -> None:
    settings = given.load().settings
    with pytest.raises(ValueError, match="frozen"):
        settings.redis.port = 1  # pyright: ignore[reportAttributeAccessIssue]


def test_personas_are_read_from_the_environment_as_a_mapping(given: Given) -> None:
    personas = '{"keeper": {"masks": ["gruff", "brief"], "character_context": "a lighthouse"}}'
    projects = "{fiction: {factions: [fiction], kappa: 0.5, persona: keeper}}"
    loaded = given.load(env={"KITBASH_PERSONAS": personas, "KITBASH_PROJECTS": projects})
    assert loaded.settings.personas["keeper"].masks == ("gruff", "brief")
    assert loaded.settings.projects["fiction"].persona == "keeper"
