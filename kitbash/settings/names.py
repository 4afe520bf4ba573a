"""Which environment names set which setting, and what to say to a name that sets none."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kitbash.errors import ConfigError

PREFIX: Final = "KITBASH_"
DELIMITER: Final = "__"
CONFIG_FILE: Final = "KITBASH_CONFIG"
"""Names the YAML file to read instead of `config/kitbash.yaml`; not itself a setting."""

SHORT_NAMES: Final[Mapping[str, str]] = {
    "KITBASH_REDIS_URL": "redis.url",
    "KITBASH_BROKER_URL": "broker.url",
    "KITBASH_DATA_DIR": "paths.data_dir",
    "KITBASH_CARTRIDGES_DIR": "paths.cartridges_dir",
    "KITBASH_ARCHIVE_DIR": "paths.archive_dir",
    "KITBASH_PROJECT": "query.project",
    "KITBASH_LOG_LEVEL": "log.level",
    "REDIS_HOST": "redis.host",
    "REDIS_PORT": "redis.port",
    "REDIS_DB": "redis.db",
    "REDIS_PASSWORD": "redis.password",
    "BITNET_HOST": "bitnet.host",
    "BITNET_PORT": "bitnet.port",
    "KOBOLD_HOST": "kobold.host",
    "KOBOLD_PORT": "kobold.port",
    "LAYER0_TIMEOUT_MS": "layers.reflex.timeout_ms",
    "LAYER1_TIMEOUT_MS": "layers.bitnet.timeout_ms",
    "LAYER2_TIMEOUT_MS": "layers.cartridge.timeout_ms",
    "LAYER3_TIMEOUT_MS": "layers.synthesis.timeout_ms",
    "LAYER4_TIMEOUT_MS": "layers.kobold.timeout_ms",
}
"""The fixed names, and the plain ones that users of the original expect. A `KITBASH_` name wins over a plain one."""


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def leaves(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every setting as its dotted name and field, in the order they are declared."""
    for name, field in model.model_fields.items():
        dotted = f"{above}{name}"
        below = _model_of(field)
        if below is None:
            yield dotted, field
        else:
            yield from leaves(below, f"{dotted}.")


def long_name(dotted: str) -> str:
    """Return the `KITBASH_A__B` name of one setting."""
    return PREFIX + dotted.replace(".", DELIMITER).upper()


def names(model: type[BaseModel]) -> dict[str, str]:
    """Return every environment name that sets something, with the dotted name of what it sets.

    Plain names come first, so that a `KITBASH_` name read after them wins.
    """
    plain = {name: dotted for name, dotted in SHORT_NAMES.items() if not name.startswith(PREFIX)}
    long = {long_name(dotted): dotted for dotted, _ in leaves(model)}
    short = {name: dotted for name, dotted in SHORT_NAMES.items() if name.startswith(PREFIX)}
    return plain | long | short


def refuse_unknown(given: Mapping[str, str | None], model: type[BaseModel], origin: str) -> None:
    """Raise ConfigError, naming the nearest valid name, if a `KITBASH_` name sets nothing."""
    valid = names(model)
    for name in given:
        if not name.startswith(PREFIX) or name in valid or name == CONFIG_FILE:
            continue
        near = get_close_matches(name, [*valid, CONFIG_FILE], n=1, cutoff=0.0)[0]
        message = f"{origin} sets {name}, which Kitbash does not know; did you mean {near}?"
        raise ConfigError(message)
