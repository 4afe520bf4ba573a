"""YAML read safely: plain values only, no aliases, no tags, a bounded size."""

from typing import Any, Final, cast

import yaml
from typing_extensions import override

from kitbash.errors import ConfigError

MAX_YAML_CHARS: Final = 1_000_000


class _NoAliasesError(yaml.YAMLError):
    """An alias where none may stand."""


class _PlainLoader(yaml.SafeLoader):
    """A safe loader without aliases: settings need none, and aliases can be made to explode."""

    @override
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            message = "YAML aliases are not allowed here"
            raise _NoAliasesError(message)
        return super().compose_node(parent, index)


def parse_mapping(text: str, name: str) -> dict[str, Any]:
    """Return the mapping a YAML text holds, empty for an empty text. Raises ConfigError naming `name` otherwise."""
    if len(text) > MAX_YAML_CHARS:
        message = f"{name} is longer than {MAX_YAML_CHARS:,} characters; it should be a short file"
        raise ConfigError(message)
    try:
        value: Any = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # Not the reader's own words: they quote the line, which may hold a secret.
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        place = f", line {mark.line + 1}" if mark else ""
        reason = str(error) if isinstance(error, _NoAliasesError) else "it is not valid YAML"
        message = f"{name}{place}: {reason}"
        raise ConfigError(message) from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"{name} must hold a mapping, not a {type(value).__name__}"
        raise ConfigError(message)
    return {str(key): item for key, item in cast("dict[Any, Any]", value).items()}
