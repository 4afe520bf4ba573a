"""With an encoder the same question has the same answer, and the same candidates, in the caller and in workers."""

from pathlib import Path
from typing import Any

from tests import servers
from tests.e2e.processes import Env, ask_all, environment, home, kitbash, worker
from tests.encoders import safetensors_folder

QUESTIONS = ("How fast is light in vacuum?", "Which comet glows?", "Is the moon a star?", "Which tail orbits the star?")
SAME = ("answer", "status", "layer", "confidence", "sources")


def told(env: Env, mode: str) -> tuple[list[dict[str, Any]], list[int]]:
    """Return what is answered, and how many layers spoke."""
    found = ask_all(env, mode, QUESTIONS)
    return [{name: it[name] for name in SAME} for it in found], [len(it["path"]) for it in found]


def test_meaning_gives_the_same_answers_in_both_modes(tmp_path: Path) -> None:
    with servers.plain() as server:
        encoder = safetensors_folder(tmp_path / "tiny")
        env = {**environment(home(tmp_path), server.url), "KITBASH_ENCODER__PATH": str(encoder)}
        assert kitbash(env, "cartridge", "embed").code == 0
        with worker(env, server, tmp_path / "worker.log"):
            assert told(env, "celery") == told(env, "direct")
        said = (tmp_path / "worker.log").read_text()
        assert "unusable" not in said
