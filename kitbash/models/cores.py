"""How many threads a model in this process may use.

ggml's threads spin while they wait for each other: one more than there are free cores makes a model hundreds of times
slower, so a core is left to everything else.
"""

import os
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Cores:
    """The machine's cores and how many processes of one worker share them; told by the worker before it forks."""

    processes: int = 1

    def threads(self, wanted: int, available: int | None = None) -> int:
        """Return the wanted number of threads, or for 0 this process's share of all cores but one, at least 1."""
        cores = available or available_cores()
        return wanted or max(1, (cores - 1) // max(1, self.processes))


def available_cores() -> int:
    """Return how many cores this process may run on."""
    # Absent on macOS.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


SHARED: Final = Cores()
"""This process's; a forked child inherits what its worker told."""
