"""The reliability diagram and the risk-coverage curve as PNG, with matplotlib, which is an extra."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from kitbash.cascade.training.figures import Scored, reliability, risk_coverage
from kitbash.errors import UsageError

RELIABILITY: Final = "reliability.png"
RISK: Final = "risk-coverage.png"
_DPI: Final = 80


def draw(folder: Path, kinds: Mapping[str, Scored]) -> list[Path]:
    """Have both drawn into a folder, one curve for each kind of question; return the files.

    Raises UsageError where matplotlib is not installed or the folder cannot be written.
    """
    try:
        # Imported here: only who wants a picture needs it, and it takes most of a second.
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        message = "--plot needs matplotlib, which is not installed: pip install 'kitbash[plots]'"
        raise UsageError(message) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [_reliability(Figure, folder / RELIABILITY, kinds), _risk(Figure, folder / RISK, kinds)]
    except OSError as error:
        message = f"{folder} cannot be written: {error}; name another folder"
        raise UsageError(message) from error


def _reliability(figure_of: Any, path: Path, kinds: Mapping[str, Scored]) -> Path:
    figure = figure_of(figsize=(6, 4.5), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.plot((0, 1), (0, 1), color="0.6", linestyle="--", linewidth=1, label="as sure as right")
    for name, scored in kinds.items():
        bins = reliability(scored)
        upper.plot([it.sure for it in bins], [it.right for it in bins], marker="o", markersize=4, label=name)
        lower.plot([it.sure for it in bins], [it.count for it in bins], marker="o", markersize=3)
    upper.set(ylabel="share that is right", ylim=(0, 1.02))
    upper.legend(frameon=False)
    lower.set(xlabel="confidence", ylabel="answers", xlim=(0, 1), ylim=(0, None))
    return _saved(figure, path)


def _risk(figure_of: Any, path: Path, kinds: Mapping[str, Scored]) -> Path:
    figure = figure_of(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    for name, scored in kinds.items():
        points = risk_coverage(scored)
        axes.plot([coverage for coverage, _ in points], [risk for _, risk in points], label=name)
    axes.set(xlabel="share of the questions answered", ylabel="share of the answers wrong", xlim=(0, 1), ylim=(0, None))
    axes.legend(frameon=False)
    return _saved(figure, path)


def _saved(figure: Any, path: Path) -> Path:
    # Without the version of the program: the same bytes from the same figures.
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
    return path
