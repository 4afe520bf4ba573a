"""The environment names that work, and which of two wins."""

from pathlib import Path

import pytest

from kitbash.settings import Settings
from kitbash.settings.names import SHORT_NAMES, leaves, long_name, names
from tests.unit.settings_kit import Given, alone


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    return alone(tmp_path, monkeypatch)


PLAIN = {
    "REDIS_HOST": ("redis.host", "cache"),
    "REDIS_PORT": ("redis.port", 7001),
    "REDIS_DB": ("redis.db", 4),
    "BITNET_HOST": ("bitnet.host", "small"),
    "BITNET_PORT": ("bitnet.port", 7002),
    "KOBOLD_HOST": ("kobold.host", "large"),
    "KOBOLD_PORT": ("kobold.port", 7003),
    "LAYER0_TIMEOUT_MS": ("layers.reflex.timeout_ms", 10),
    "LAYER1_TIMEOUT_MS": ("layers.bitnet.timeout_ms", 11),
    "LAYER2_TIMEOUT_MS": ("layers.cartridge.timeout_ms", 12),
    "LAYER3_TIMEOUT_MS": ("layers.synthesis.timeout_ms", 13),
    "LAYER4_TIMEOUT_MS": ("layers.kobold.timeout_ms", 14),
    "KITBASH_PROJECT": ("query.project", "fiction"),
    "KITBASH_LOG_LEVEL": ("log.level", "DEBUG"),
    "KITBASH_DATA_DIR": ("paths.data_dir", Path("data")),
    "KITBASH_CARTRIDGES_DIR": ("paths.cartridges_dir", Path("kbc")),
    "KITBASH_ARCHIVE_DIR": ("paths.archive_dir", Path("old")),
}


def value_of(settings: object, dotted: str) -> object:
    for part in dotted.split("."):
        settings = getattr(settings, part)
    return settings


@pytest.mark.parametrize("name", PLAIN)
def test_a_short_name_sets_what_users_expect(given: Given, name: str) -> None:
    dotted, value = PLAIN[name]
    loaded = given.load(env={name: str(value)})
    assert value_of(loaded.settings, dotted) == value
    assert loaded.origins[dotted] == "environment"


@pytest.mark.parametrize("name", ["KITBASH_REDIS_URL", "KITBASH_BROKER_URL", "REDIS_PASSWORD"])
def test_a_secret_has_a_short_name_too(given: Given, name: str) -> None:
    loaded = given.load(env={name: "redis://h"})
    assert loaded.origins == {SHORT_NAMES[name]: "environment"}


def test_a_kitbash_name_wins_over_a_plain_one_of_the_same_source(given: Given) -> None:
    env = {"REDIS_HOST": "plain", "KITBASH_REDIS__HOST": "ours", "KOBOLD_PORT": "1", "KITBASH_KOBOLD__PORT": "2"}
    settings = given.load(env=env).settings
    assert settings.redis.host == "ours"
    assert settings.kobold.port == 2


def test_a_fixed_name_wins_over_the_long_one(given: Given) -> None:
    env = {"KITBASH_PROJECT": "fiction", "KITBASH_QUERY__PROJECT": "experiment"}
    assert given.load(env=env).settings.query.project == "fiction"


def test_a_stronger_source_wins_whatever_the_name(given: Given) -> None:
    loaded = given.load(env={"REDIS_HOST": "environment"}, dotenv="KITBASH_REDIS__HOST=dotenv\n")
    assert loaded.settings.redis.host == "environment"


def test_every_setting_has_a_long_name_and_every_short_name_a_setting() -> None:
    dotted = {name for name, _ in leaves(Settings)}
    every = names(Settings)
    assert {every[long_name(name)] for name in dotted} == dotted
    assert set(SHORT_NAMES.values()) <= dotted
    assert long_name("layers.reflex.timeout_ms") == "KITBASH_LAYERS__REFLEX__TIMEOUT_MS"


def test_other_programs_names_are_none_of_our_business(given: Given) -> None:
    assert given.load(env={"REDIS_HOSTS": "x", "HOME_KITBASH_X": "y", "kitbash_x": "z"}).origins == {}


def test_folders_that_are_not_set_lie_below_the_data_folder(given: Given) -> None:
    paths = given.load(env={"KITBASH_DATA_DIR": "/srv/kit", "KITBASH_ARCHIVE_DIR": "~/old"}).settings.paths
    assert paths.cartridges == Path("/srv/kit/cartridges")
    assert paths.archive == Path("~/old").expanduser()


def test_the_archive_lies_below_the_data_folder_unless_it_is_told_where(given: Given) -> None:
    assert given.load(env={"KITBASH_DATA_DIR": "/srv/kit"}).settings.paths.archive == Path("/srv/kit/archive")


def test_a_model_is_configured_by_its_host_or_its_url(given: Given) -> None:
    assert given.load().settings.kobold.address is None
    assert given.load(env={"KOBOLD_HOST": "gpu"}).settings.kobold.address == "http://gpu:5001"
    assert given.load(yaml="kobold: {url: 'http://x:1'}").settings.kobold.address == "http://x:1"


def test_the_shipped_yaml_file_can_be_loaded(given: Given) -> None:
    given.load()
    given.monkeypatch.delenv("KITBASH_CONFIG")
    from kitbash.settings import load

    assert load().settings.query.project == "default"
