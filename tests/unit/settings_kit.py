"""Settings loaded from exactly what a test gives: nothing of the machine's environment or files."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import pytest

from kitbash.settings import Loaded, load
from kitbash.settings.load import Settings
from kitbash.settings.names import PREFIX, names


class Sources(TypedDict, total=False):
    """What each source holds; the two files as text."""

    flags: dict[str, Any]
    env: dict[str, str]
    dotenv: str
    yaml: str


@dataclass(frozen=True, slots=True)
class Given:
    """Writes each source and loads what is in force."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def load(self, **sources: Unpack[Sources]) -> Loaded:
        (self.folder / ".env").write_text(sources.get("dotenv", ""), encoding="utf-8")
        (self.folder / "kitbash.yaml").write_text(sources.get("yaml", ""), encoding="utf-8")
        for name, value in ({"KITBASH_CONFIG": "kitbash.yaml"} | sources.get("env", {})).items():
            self.monkeypatch.setenv(name, value)
        return load(sources.get("flags"))


def alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """Stand in an empty folder with no name set that Kitbash reads."""
    monkeypatch.chdir(folder)
    for name in [*names(Settings), *(name for name in os.environ if name.startswith(PREFIX))]:
        monkeypatch.delenv(name, raising=False)
    return Given(folder, monkeypatch)
