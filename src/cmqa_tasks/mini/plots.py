"""Pictures of a run of the miniature. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cmqa_tasks.mini.report import CONTEXTS, Row, mass_ratios
from cmqa_tasks.mini.table import Figure, per_fact, shown

FORMATS = ("png", "svg")
_COLOURS = ("#000000", "#0072b2", "#009e73", "#d55e00", "#cc79a7", "#56b4e9")
"""Of the palette of Okabe and Ito, told apart by people of any colour vision."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cmqa",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def draw(rows: Sequence[Row], out: Path) -> list[Path]:
    """Recognition and attention by kind of context and strategy: a point per seed, a bar for their mean.

    Args:
        rows: evaluated checkpoints.
        out: an existing directory for the files.

    Returns:
        The files.
    """
    recognised = {figure.name: [_mean(row, figure) for row in rows] for figure in shown()}
    ratios = np.array([mass_ratios(row.directory) for row in rows])
    attention = dict(zip(CONTEXTS, ratios.T.tolist(), strict=True))
    branches = [row.training.branch for row in rows]
    return [
        *_points(recognised, branches, "recognition", out / "recognition"),
        *_points(attention, branches, "ln(mass on one / on the other piece), nats", out / "attention"),
    ]


def _mean(row: Row, figure: Figure) -> float:
    return float(np.mean(list(per_fact(row.answers, figure).values())))


def _points(values: dict[str, list[float]], branches: Sequence[str], label: str, path: Path) -> list[Path]:
    """Groups of points on the x axis by the keys of ``values``, colours by branch."""
    import matplotlib.pyplot as plt

    names = list(dict.fromkeys(branches))
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(figsize=(9, 3.6), layout="constrained")
        for place, name in enumerate(names):
            at = np.arange(len(values)) + (place - (len(names) - 1) / 2) * 0.8 / len(names)
            chosen = np.array(
                [[one for one, branch in zip(row, branches, strict=True) if branch == name] for row in values.values()]
            )
            colour = _COLOURS[place % len(_COLOURS)]
            axes.plot(np.repeat(at, chosen.shape[1]), chosen.ravel(), "o", color=colour, markersize=4, alpha=0.6, label=name)
            axes.hlines(chosen.mean(1), at - 0.08, at + 0.08, color=colour, linewidth=2)
        axes.set_xticks(range(len(values)), [name.replace(" and ", "\nand ") for name in values])
        axes.set_ylabel(label)
        axes.axhline(0, color="#999999", linewidth=0.8)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title="trained")
        files = [path.with_suffix(f".{kind}") for kind in FORMATS]
        for file in files:
            figure.savefig(file, dpi=150, metadata={"Date": None} if file.suffix == ".svg" else None)
        plt.close(figure)
    return files
