"""The command run in this process: to start one takes longer than most commands."""

import sys
from dataclasses import dataclass
from typing import Any

import pytest

from kitbash.cli.main import main
from tests.e2e.processes import Ran


@dataclass(frozen=True, slots=True)
class Cli:
    """The command, what it prints, and the environment it finds."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        self.monkeypatch.setattr(sys, "argv", ["kitbash", *arguments])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = self.capsys.readouterr()
        code = left.value.code
        assert code is None or isinstance(code, int)
        return Ran(code or 0, out.encode(), err.encode())

    def said(self, *arguments: str) -> Any:
        """Return what a command prints as JSON."""
        ran = self(*arguments, "--json")
        assert ran.is_clean
        assert ran.code == 0, ran.err
        return ran.json

    def asked(self, *arguments: str) -> str:
        """Return the id of a question that was asked."""
        ran = self("ask", "--json", *arguments)
        assert ran.is_clean
        return ran.json["query_id"]

    def refused(self, *arguments: str, code: int = 2) -> str:
        """Return the one line with which a command refuses."""
        ran = self(*arguments)
        assert ran.code == code, ran.err
        assert len(ran.err.splitlines()) == 1
        assert ran.is_clean
        return ran.err
