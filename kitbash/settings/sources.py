"""Where settings come from: flags, the environment, `.env`, a YAML file, defaults, in that order of precedence."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import BaseModel
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from typing_extensions import override

from kitbash import assets
from kitbash.errors import ConfigError
from kitbash.settings.names import CONFIG_FILE, names, refuse_unknown
from kitbash.settings.yaml_text import parse_mapping

Tree = dict[str, Any]

DOTENV_FILE: Final = ".env"
YAML_FILE: Final = "config/kitbash.yaml"


class GivenSource(PydanticBaseSettingsSource):
    """A settings source whose values are already a tree, with a word for where they came from."""

    def __init__(self, model: type[BaseSettings], tree: Tree, origin: str) -> None:
        """Hold one tree of values."""
        super().__init__(model)
        self.tree = tree
        self.origin = origin

    @override
    def get_field_value(self, field: object, field_name: str) -> tuple[Any, str, bool]:
        return self.tree.get(field_name), field_name, False

    @override
    def __call__(self) -> Tree:
        return self.tree


_MAPPINGS: Final = frozenset({"projects", "personas"})
"""Settings that are a mapping as a whole; in the environment they are JSON or YAML."""


def from_names(model: type[BaseModel], given: Mapping[str, str | None], origin: str) -> Tree:
    """Return the tree that environment names set; an empty value sets nothing.

    Raises ConfigError for a `KITBASH_` name that sets nothing.
    """
    refuse_unknown(given, model, origin)
    tree: Tree = {}
    for name, dotted in names(model).items():
        value = given.get(name)
        if value:
            *above, last = dotted.split(".")
            branch = tree
            for part in above:
                branch = branch.setdefault(part, {})
            branch[last] = parse_mapping(value, name) if dotted in _MAPPINGS else value
    return tree


def yaml_file(dotenv: Mapping[str, str | None]) -> Path:
    """Return the YAML file in force: KITBASH_CONFIG, else `config/kitbash.yaml` here, else the shipped one."""
    named = os.environ.get(CONFIG_FILE) or dotenv.get(CONFIG_FILE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            message = f"{CONFIG_FILE} names {str(path)!r}, which is not a file; name a YAML file or unset it"
            raise ConfigError(message)
        return path
    here = Path(YAML_FILE)
    return here if here.is_file() else assets.path(YAML_FILE)


def from_yaml(path: Path) -> Tree:
    """Return the tree in a YAML file. Raises ConfigError if it cannot be read or is not a mapping."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read as UTF-8 text: {error}"
        raise ConfigError(message) from error
    # A subject whose lines are all commented out sets nothing.
    return {name: value for name, value in parse_mapping(text, str(path)).items() if value is not None}


def sources(model: type[BaseSettings]) -> tuple[GivenSource, ...]:
    """Return every source below the flags, the strongest first."""
    dotenv = dotenv_values(DOTENV_FILE) if Path(DOTENV_FILE).is_file() else {}
    file = yaml_file(dotenv)
    return (
        GivenSource(model, from_names(model, os.environ, "the environment"), "environment"),
        GivenSource(model, from_names(model, dotenv, DOTENV_FILE), DOTENV_FILE),
        GivenSource(model, from_yaml(file), str(file)),
    )
