"""The project's own `docker compose`, under a name and a password of its own."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
COMMAND_S: Final = 60.0
_READS: Final = ("COMPOSE_", "REDIS_", "KOBOLD_")
"""What `docker compose` or the project's file would take from the environment."""


@dataclass(frozen=True, slots=True)
class Compose:
    """One project made of docker-compose.yml, and what is laid over it."""

    name: str
    env_file: Path
    over: tuple[Path, ...] = ()

    def run(self, *arguments: str, timeout_s: float = COMMAND_S) -> str:
        """Return what a command prints. Raises AssertionError, with what it complained of, when it fails."""
        done = self.attempt(*arguments, timeout_s=timeout_s)
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *arguments: str, timeout_s: float = COMMAND_S) -> "subprocess.CompletedProcess[str]":
        """Return how a command ended."""
        files = [f"--file={path}" for path in (ROOT / "docker-compose.yml", *self.over)]
        which = [f"--project-name={self.name}", f"--env-file={self.env_file}", *files]
        return subprocess.run(
            ["docker", "compose", "--progress=quiet", *which, *arguments],
            env=_without(_READS, os.environ),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )

    def sh(self, service: str, script: str) -> str:
        """Return what a shell script prints, to either stream, in the container of a service."""
        done = self.attempt("exec", "-T", service, "sh", "-c", script)
        return (done.stdout + done.stderr).strip()


def _without(prefixes: tuple[str, ...], names: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in names.items() if not name.startswith(prefixes)}
