"""`kitbash config show`."""

from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, SecretStr

from kitbash.blackboard.connection import masked
from kitbash.cli import output
from kitbash.settings import Settings, load
from kitbash.settings.names import leaves, long_name


def show(*, origin: bool, as_json: bool) -> None:
    """Print every setting with its value, and where it came from if asked."""
    loaded = load()
    rows = [
        (dotted, _shown(_value(loaded.settings, dotted), dotted), _origin(loaded.origins, dotted)) for dotted in names()
    ]
    if as_json:
        output.print_json([{"name": name, "value": value, "origin": where} for name, value, where in rows])
        return
    if origin:
        output.table(
            "Settings", ("name", "value", "origin", "environment name"), [(*it, long_name(it[0])) for it in rows]
        )
    else:
        output.table("Settings", ("name", "value"), [it[:2] for it in rows])


def names() -> list[str]:
    """Return the dotted name of every setting."""
    return [dotted for dotted, _ in leaves(Settings)]


def _origin(origins: Any, dotted: str) -> str:
    return next(
        (where for name, where in origins.items() if name == dotted or name.startswith(f"{dotted}.")), "default"
    )


def _value(settings: Settings, dotted: str) -> Any:
    value: Any = settings
    for part in dotted.split("."):
        value = getattr(value, part)
    return value


def _shown(value: Any, dotted: str = "") -> Any:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return masked(text) if dotted.endswith("url") else "***"
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _shown(item) for key, item in cast("dict[Any, Any]", value).items()}
    return str(value) if isinstance(value, Path) else value
