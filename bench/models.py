"""What models cost beside what they compute: loading, the adapter, a stalled server, the way of a reply, a crowd.

`make bench-models`, or `python -m bench.models NAME...` for the named measures. The model is made here; nothing is
downloaded.
"""

import ctypes
import importlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench import figures, replies
from kitbash.errors import EngineTimeout
from kitbash.models import ctransformers_library, tiny
from kitbash.models.ctransformers import Ctransformers
from kitbash.models.generator import Generator, Prompt
from kitbash.models.koboldcpp import KoboldCpp
from kitbash.models.llamacpp import LlamaCpp
from kitbash.models.openai import OpenAi
from tests.integration import kobold_server
from tests.waiting import until

TEXT: Final = "Ice floats on water since it is lighter than the water that it takes the place of."
PROMPT: Final = Prompt(
    "### Instruction:\nAnswer from the facts.\n- Ice is lighter than water.\nWhy does ice float?\n\n### Response:\n",
    max_tokens=60,
    temperature=0.7,
    deadline_s=10.0,
    stop=("\nQuestion:", "\n###"),
    seed=1,
)
LOADS: Final = 20
PAIRS: Final = 500
STALLS: Final = 10
DEADLINE_S: Final = 0.5
IDLE_WITHIN_S: Final = 5.0
_LOAD: Final = """
import sys, time
from pathlib import Path
from kitbash.models.ctransformers import Ctransformers
started_ns = time.perf_counter_ns()
model = Ctransformers(Path(sys.argv[1]))
model.ready()
print((time.perf_counter_ns() - started_ns) / 1e6)
"""


def first_load(file: Path) -> None:
    """Measure the first load in a process: the file looked at, the library opened, the model in memory."""
    command = [sys.executable, "-c", _LOAD, str(file)]
    samples = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(LOADS)]
    figures.print_median("ctransformers_first_load", samples, most_ms=round(max(samples), 2))


def _packages_own(file: Path) -> Any:
    """Return the model as the package's own Python loads it; only the buffer its tokeniser overruns is made larger."""
    package = importlib.import_module("ctransformers.llm")

    def tokenize(self: Any, text: str, *_: object) -> list[int]:
        data = text.encode()
        tokens = (ctypes.c_int * (3 * len(data) + 8))()
        return tokens[: self.ctransformers_llm_tokenize(data, True, tokens)]  # noqa: FBT003 - begins a text

    roomy = type("Roomy", (package.LLM,), {"tokenize": tokenize})
    return roomy(str(file), config=package.Config(threads=1), lib=ctransformers_library.path().parent.name)


def warm_prompt(file: Path) -> None:
    """Measure a warm prompt through the adapter beside the same call of the package's own Python, in turn."""
    direct = _packages_own(file)
    with closing(Ctransformers(file)) as model:

        def ask_directly() -> str:
            return direct(
                PROMPT.text, max_new_tokens=PROMPT.max_tokens, temperature=PROMPT.temperature, seed=1, stop=PROMPT.stop
            )

        if ask_directly().strip() != model.generate(PROMPT).text:
            message = "the adapter and the library reply differently; the measurement would compare two things"
            raise RuntimeError(message)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(PAIRS):
            theirs.append(figures.timed_ms(ask_directly))
            ours.append(figures.timed_ms(lambda: model.generate(PROMPT)))
    figures.print_median("ctransformers_called_directly", theirs)
    ratio = figures.ratio(ours, theirs)
    figures.print_median("ctransformers_warm_prompt", ours, ratio=ratio, baseline="ctransformers_called_directly")


def stalled_server(_file: Path) -> None:
    """Measure when a deadline of 500 ms has the caller back, and the server's connection closed, for each protocol."""
    adapters: tuple[Callable[[str], Generator], ...] = (KoboldCpp, LlamaCpp, OpenAi)
    for adapter in adapters:
        back_ms: list[float] = []
        idle_ms: list[float] = []
        for _ in range(STALLS):
            with kobold_server.serving(kobold_server.stall()) as server, closing(adapter(server.url)) as model:
                started_s = time.monotonic()
                try:
                    model.generate(Prompt("?", 20, 0.0, DEADLINE_S))
                except EngineTimeout:
                    back_ms.append((time.monotonic() - started_s) * 1000)
                until(server.call.left.is_set, IDLE_WITHIN_S)
                idle_ms.append((time.monotonic() - started_s) * 1000)
        name = adapter.__name__.lower()
        figures.print_median(f"{name}_stalled_caller_back", back_ms, most_ms=round(max(back_ms), 1))
        figures.print_value(
            f"{name}_stalled_server_idle", p50_ms=round(statistics.median(idle_ms), 1), most_ms=round(max(idle_ms), 1)
        )


Measure = Callable[[Path], None]
ALL: Final[tuple[Measure, ...]] = (
    first_load,
    warm_prompt,
    stalled_server,
    replies.first_token,
    replies.crowd,
)


def main() -> None:
    """Print one JSON object a line."""
    wanted = set(sys.argv[1:])
    known = {measure.__name__ for measure in ALL}
    if wanted - known:
        sys.exit(f"no measurement {', '.join(sorted(wanted - known))}; there are {', '.join(sorted(known))}")
    with tempfile.TemporaryDirectory() as folder:
        file = tiny.recite(Path(folder) / "tiny.gguf", TEXT)
        for measure in ALL:
            if not wanted or measure.__name__ in wanted:
                measure(file)


if __name__ == "__main__":
    main()
