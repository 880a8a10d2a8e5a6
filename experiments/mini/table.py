"""The miniature's table: figures per seed and branch, and their means over seeds with intervals over seeds and facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cmqa_tasks.reports.demo.miniature import Figure
from cmqa_tasks.scoring.statistics.bootstrap import RESAMPLES, Array, interval, weights

CROSSMODAL = Figure("image and English", "cmqa_mini_crossmodal", "conflict", ("conflict",))
"""The gap's figure: recognition of a picture against a note."""
FIGURES: tuple[Figure, ...] = (
    Figure("single", "cmqa_mini_single", "single", ("correct",)),
    Figure("unimodal", "cmqa_mini_unimodal", "conflict", ("conflict",)),
    CROSSMODAL,
    Figure("… follows the image", "cmqa_mini_crossmodal", "conflict", ("image",)),
    Figure("… false alarms", "cmqa_mini_crossmodal", "agree", ("conflict",)),
    Figure("image and Chinese", "cmqa_mini_bilingual", "conflict", ("conflict",)),
    Figure("monolingual", "clqa_mini_monolingual", "conflict", ("conflict",)),
    Figure("English and Chinese", "clqa_mini_crosslingual", "conflict", ("conflict",)),
)
"""The columns; without another word they are recognition, the share of contradictions that are called so."""


def shown() -> tuple[Figure, ...]:
    """The figures that are recognition by kind of context."""
    return tuple(figure for figure in FIGURES if figure.outcomes == ("conflict",) and figure.relation == "conflict")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def over_seeds(by_seed: Sequence[Mapping[str, float]], resamples: int = RESAMPLES) -> Estimate:
    """Mean over seeds and facts, with a percentile bootstrap in which both are drawn anew, seeds and facts crossed.

    Args:
        by_seed: of each seed, the figure of each fact; the same facts in each.
        resamples: how many draws.

    Raises:
        ValueError: no seed, or seeds with different facts.
    """
    facts = sorted(by_seed[0]) if by_seed else []
    if not facts or any(sorted(figures) != facts for figures in by_seed):
        raise ValueError("every seed must have the same facts, and there must be at least one")
    values = np.array([[figures[fact] for fact in facts] for figures in by_seed])
    seeds, items = (np.concatenate(list(weights(count, resamples, seed))) for seed, count in enumerate(values.shape))
    means: Array = ((seeds @ values) * items).sum(1) / values.size
    low, high = interval(means, len(values))
    return Estimate(float(values.mean()), float(low), float(high))
