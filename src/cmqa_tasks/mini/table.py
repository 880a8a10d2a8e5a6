"""The miniature's table: figures per seed and branch, and their means over seeds with intervals over seeds and facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cmqa_tasks.mini.evaluate import Answered

RESAMPLES = 10_000
_QUANTILES = (0.025, 0.975)
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of items."""

    name: str
    group: str
    relation: str
    outcomes: tuple[str, ...]
    """Outcomes that count; ``image`` and ``note`` are the sides that a conflict item of both kinds followed."""

    def counts(self, row: Answered) -> bool | None:
        """Whether an item counts; None if the figure is not about it."""
        if row.group != self.group or row.relation != self.relation:
            return None
        return row.outcome in self.outcomes or ("image" in self.outcomes and row.followed_image)


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


def per_fact(rows: Iterable[Answered], figure: Figure) -> dict[str, float]:
    """The figure of each fact, over its items."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        counted = figure.counts(row)
        if counted is not None:
            found.setdefault(row.fact, []).append(counted)
    return {fact: sum(marks) / len(marks) for fact, marks in found.items()}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


def over_seeds(by_seed: Sequence[Mapping[str, float]], resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean over seeds and facts, with a percentile bootstrap in which both are drawn anew, seeds and facts crossed.

    Args:
        by_seed: of each seed, the figure of each fact; the same facts in each.
        resamples: how many draws.
        seed: of the draws.

    Raises:
        ValueError: no seed, or seeds with different facts.
    """
    facts = sorted(by_seed[0]) if by_seed else []
    if not facts or any(sorted(one) != facts for one in by_seed):
        raise ValueError("every seed must have the same facts, and there must be at least one")
    values = np.array([[one[fact] for fact in facts] for one in by_seed])
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(values), np.full(len(values), 1 / len(values)), resamples)
    chosen = random.multinomial(len(facts), np.full(len(facts), 1 / len(facts)), resamples)
    means: Array = ((drawn @ values) * chosen).sum(1) / (len(values) * len(facts))
    low, high = np.quantile(means, _QUANTILES)
    return Estimate(float(values.mean()), float(low), float(high))
