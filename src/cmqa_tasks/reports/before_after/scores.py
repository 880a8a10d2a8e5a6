"""What one row of the table holds: the score of every checkpoint, and how far each is from the first one.

change = paired({"1": 0.0, "2": 1.0}, {"1": 1.0, "2": 1.0}, {})
change.difference.value, change.gained              # 0.5, 1
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy.stats import norm

from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.scoring.statistics.bootstrap import interval, resampled, widened
from cmqa_tasks.scoring.statistics.paired import mcnemar

NOTHING = math.nan
_SHARES = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Score:
    """What one checkpoint got."""

    value: float
    stderr: float = NOTHING
    """As lmms-eval gives it; NaN where it gives none."""
    unparsed: float = NOTHING
    """Share of answers that could not be read; NaN where nobody says it."""
    failed: float = NOTHING
    """Share of requests that failed; NaN where nobody says it."""


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A later checkpoint minus the first."""

    difference: Estimate
    way: Literal["paired", "unpaired"]
    """Whether the interval is of the differences of items, or made from two standard errors."""
    items: int = 0
    """That both have; 0 where they are not known one by one."""
    unpaired: int = 0
    """Items that one of the two lacks."""
    gained: int | None = None
    """Items that only the later one has; None where items are not right or wrong."""
    lost: int | None = None
    p: float = NOTHING
    """McNemar's exact p."""
    adjusted: float = NOTHING
    """The same, adjusted for all rows of the table that have one (Holm)."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric of one task."""

    task: str
    metric: str
    scores: Mapping[str, Score] = field(default_factory=dict)
    """By checkpoint; one that has no number is missing."""
    changes: Mapping[str, ScoreChange] = field(default_factory=dict)
    """By checkpoint, all but the first."""
    notes: tuple[str, ...] = ()

    def with_adjusted(self, adjusted: Mapping[str, float]) -> MetricRow:
        """The same with adjusted p-values, by checkpoint."""
        return replace(self, changes={name: replace(change, adjusted=adjusted[name]) for name, change in self.changes.items()})


def paired(before: Mapping[str, float], after: Mapping[str, float], clusters: Mapping[str, str]) -> ScoreChange | None:
    """The mean difference of the items that both have, with a 95 % interval from a bootstrap over clusters; None without any.

    Args:
        before: values by item.
        after: the same of the later one.
        clusters: items of one cluster are not independent: the fact of an item; by default each item is its own.
    """
    both = [item for item in before if item in after]
    if not both:
        return None
    first, second = (np.array([values[item] for item in both], np.float64) for values in (before, after))
    _, numbers = np.unique([clusters.get(item, item) for item in both], return_inverse=True)
    sums = np.stack([np.bincount(numbers, second - first), np.bincount(numbers)], axis=1)
    drawn = resampled(sums)
    low, high = interval(drawn[:, 0] / drawn[:, 1], len(sums))
    unpaired_items = len(before) + len(after) - 2 * len(both)
    binary = bool(np.isin(first, _SHARES).all() and np.isin(second, _SHARES).all())
    if not binary:
        estimate = Estimate(float((second - first).mean()), float(low), float(high))
        return ScoreChange(estimate, "paired", len(both), unpaired_items)
    low, high = widened(low, high, len(sums), (-1.0, 1.0))
    estimate = Estimate(float((second - first).mean()), float(low), float(high))
    gained, lost = int((second > first).sum()), int((second < first).sum())
    p = mcnemar(gained, lost) if len(sums) == len(both) else NOTHING  # it takes independent items
    return ScoreChange(estimate, "paired", len(both), unpaired_items, gained, lost, p)


def unpaired(before: Score, after: Score) -> ScoreChange:
    """The difference of two scores; its interval takes them for independent, which is too wide for the same items."""
    value = after.value - before.value
    spread = float(norm.ppf(0.975)) * math.hypot(before.stderr, after.stderr)
    return ScoreChange(Estimate(value, value - spread, value + spread), "unpaired")
