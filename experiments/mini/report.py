"""The page about a run of the miniature: every seed, means with intervals, attention."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmqa_tasks.reports.demo.miniature import Answered, Figure, per_fact
from cmqa_tasks.writing import markdown
from experiments.mini import reading
from experiments.mini.attended import CONTEXTS, imbalances, mass_ratios
from experiments.mini.grow import BASE, Training
from experiments.mini.table import FIGURES, Estimate, over_seeds

_INTRODUCTION = """# The miniature

Written by `make mini`. [docs/mini.md](../docs/mini.md) says what this is and what it does and does not show. Figures are
recognition, the share of contradictions that are called so, unless their column says otherwise; over the facts of the release
`mini`, asked through lmms-eval.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One evaluated checkpoint."""

    training: Training
    answers: Sequence[Answered]
    directory: Path
    """Where lmms-eval's files and the attention lie."""


def page(rows: Sequence[Row]) -> str:
    """The page as Markdown."""
    converged = [row.training.seed for row in rows if row.training.branch == BASE and row.training.unimodal.converged]
    seeds = [row.training.seed for row in rows if row.training.branch == BASE]
    parts = [
        _INTRODUCTION,
        f"{len(converged)} of {len(seeds)} bases converged by their unimodal figures, which were looked at first.\n",
        "## Bases, before anything cross-modal was looked at\n",
        _bases(rows),
        "## Means over the seeds that converged, with 95 % intervals over seeds and facts\n",
        _means([row for row in rows if row.training.seed in converged]) if converged else "None converged.\n",
        "## Every seed\n",
        _every(rows),
        "## Attention of the last prompt token: ln(mass on the first-named / on the other), summed over layers and heads\n",
        _attention(rows, mass_ratios, "+"),
        "## The same, mean over layers and heads of |D|, which is per token: nats",
        _attention(rows, imbalances),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _bases(rows: Sequence[Row]) -> str:
    header = ["seed", "steps", "CPU seconds", "single", "unimodal", "twins", "converged"]
    bases = [row.training for row in rows if row.training.branch == BASE]
    lines = [
        [
            str(base.seed),
            str(sum(stage.steps for stage in base.stages)),
            f"{base.seconds:.0f}",
            *(f"{figure:.3f}" for figure in (base.unimodal.single, base.unimodal.recognition, base.unimodal.twins)),
            "yes" if base.unimodal.converged else "no",
        ]
        for base in bases
    ]
    return markdown.table(header, lines, words=0)


def _means(rows: Sequence[Row]) -> str:
    branches = list(dict.fromkeys(row.training.branch for row in rows))
    lines = [[branch, *(_interval(_estimate(rows, branch, figure)) for figure in FIGURES)] for branch in branches]
    return markdown.table(["trained", *(figure.name for figure in FIGURES)], lines, words=1)


def _estimate(rows: Sequence[Row], branch: str, figure: Figure) -> Estimate:
    return over_seeds([per_fact(row.answers, figure) for row in rows if row.training.branch == branch])


def _interval(estimate: Estimate) -> str:
    return f"{estimate.mean:.2f} ({estimate.low:.2f}–{estimate.high:.2f})"


def _every(rows: Sequence[Row]) -> str:
    header = ["seed", "trained", *(figure.name for figure in FIGURES), *(f"read among {size}" for size in reading.SIZES)]
    lines = [
        [
            str(row.training.seed),
            row.training.branch,
            *(f"{share_of(row, figure):.3f}" for figure in FIGURES),
            *(f"{mean:.3f}" for mean in reading.means(row.directory)),
        ]
        for row in rows
    ]
    return markdown.table(header, lines, words=2)


def first_converged(rows: Sequence[Row]) -> int | None:
    """The first seed whose base converged."""
    return next((row.training.seed for row in rows if row.training.branch == BASE and row.training.unimodal.converged), None)


def share_of(row: Row, figure: Figure) -> float:
    """A figure of one checkpoint, over facts."""
    return float(np.mean(list(per_fact(row.answers, figure).values())))


def _attention(rows: Sequence[Row], figure: Callable[[Path], list[float]], sign: str = "") -> str:
    lines = [
        [str(row.training.seed), row.training.branch, *(f"{value:{sign}.2f}" for value in figure(row.directory))] for row in rows
    ]
    return markdown.table(["seed", "trained", *CONTEXTS], lines, words=2)
