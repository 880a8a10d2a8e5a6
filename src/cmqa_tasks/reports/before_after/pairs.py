"""Two checkpoints on the same items of a metric: rates, the paired difference with its interval, and whether it can be chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cmqa_tasks.reports.before_after.items import Item
from cmqa_tasks.results import ResultsError
from cmqa_tasks.scoring.statistics.bootstrap import RESAMPLES, Array, interval, resampled, widened
from cmqa_tasks.scoring.statistics.flips import flipped, largest_p
from cmqa_tasks.scoring.statistics.paired import mcnemar

Numbers = npt.NDArray[np.int64]
NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class Difference:
    """Before, after, and after − before with its 95 % interval; NaN where there is nothing."""

    before: float = NOTHING
    after: float = NOTHING
    value: float = NOTHING
    low: float = NOTHING
    high: float = NOTHING


@dataclass(frozen=True, slots=True)
class Exact:
    """The exact test of a difference between two shares of items."""

    gained: int
    """Items that only the second checkpoint has."""
    lost: int
    """Items that only the first has."""
    p: float
    """Two-sided; see :func:`exact`."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The items that both checkpoints answered and that have a score in both."""

    before: Array
    after: Array
    clusters: Numbers
    """Of each item, a number from 0."""
    parts: Numbers
    """Of each item, a number from 0."""
    unpaired: int
    """Items that one of the two lacks."""
    unread: int
    """Items whose answer nobody has read in one of the two."""

    @property
    def items(self) -> int:
        """How many."""
        return len(self.before)

    @property
    def binary(self) -> bool:
        """Whether each item is right or wrong."""
        return bool(np.isin(self.before, (0.0, 1.0)).all() and np.isin(self.after, (0.0, 1.0)).all())


def pair(before: Sequence[Item], after: Sequence[Item]) -> Pairs:
    """Pair the items of two runs.

    Raises:
        ResultsError: an item was asked differently in the two.
    """
    there = {(item.task, item.key): item for item in after}
    both = [(item, there[item.task, item.key]) for item in before if (item.task, item.key) in there]
    for one, other in both:
        if one.asked != other.asked:
            raise ResultsError(f"{one.task}: item {one.key} was not asked alike before and after: data or prompt differ")
    read = [(one, other) for one, other in both if one.score is not None and other.score is not None]
    ones = [one for one, _ in read]
    return Pairs(
        np.array([one.score for one in ones], np.float64),
        np.array([other.score for _, other in read], np.float64),
        _numbered([one.cluster for one in ones]),
        _numbered([one.part for one in ones]),
        len(before) + len(after) - 2 * len(both),
        len(both) - len(read),
    )


def _numbered(names: Sequence[str]) -> Numbers:
    places = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([places[name] for name in names], np.int64)


def attention(pairs: tuple[Sequence[Item], Sequence[Item]], logged: tuple[Mapping[str, float], Mapping[str, float]]) -> Pairs:
    """The mean D of the items that have one in both runs, whether their answers were read or not."""
    found = [(item.key, item.cluster, item.task) for item in pairs[0] if item.key in logged[0] and item.key in logged[1]]
    keys = [key for key, _, _ in found]
    before, after = (np.array([side[key] for key in keys], np.float64) for side in logged)
    return Pairs(before, after, _numbered([one for _, one, _ in found]), _numbered([one for _, _, one in found]), 0, 0)


def difference(pairs: Pairs, pooled: bool, reach: tuple[float, float] | None, resamples: int = RESAMPLES) -> Difference:
    """Means and their paired difference, with a percentile interval from a bootstrap over clusters.

    Args:
        pairs: the items.
        pooled: over all items alike; else the mean of the parts' means.
        reach: the least and greatest possible difference, for intervals that would have no width; None if there is none.
        resamples: of the bootstrap.
    """
    if not pairs.items:
        return Difference()
    parts = np.zeros_like(pairs.parts) if pooled else pairs.parts
    clusters = int(pairs.clusters.max()) + 1
    means = [_mean(_sums(values, parts, pairs.clusters, clusters).sum(axis=0)[None])[0] for values in (pairs.before, pairs.after)]
    sums = _sums(pairs.after - pairs.before, parts, pairs.clusters, clusters)
    drawn = _mean(resampled(sums.reshape(clusters, -1), resamples).reshape(-1, *sums.shape[1:]))
    low, high = interval(drawn, clusters)
    if reach is not None:
        low, high = widened(low, high, clusters, reach)
    return Difference(float(means[0]), float(means[1]), float(means[1] - means[0]), float(low), float(high))


def _sums(values: Array, parts: Numbers, clusters: Numbers, number: int) -> Array:
    """Sums and counts, [clusters × parts × 2]."""
    sums = np.zeros((number, int(parts.max()) + 1, 2))
    np.add.at(sums, (clusters, parts), np.stack([values, np.ones(len(values))], axis=1))
    return sums


def _mean(totals: Array) -> Array:
    """Means over the parts of the means within them, from [… × parts × 2]; NaN where a part has no items."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Array = (totals[..., 0] / totals[..., 1]).mean(axis=-1)
    return means


def exact(pairs: Pairs) -> Exact:
    """The exact test of a difference between shares: McNemar's where items are independent.

    Where a fact has several items, the signs of all its differences are flipped together
    (:mod:`cmqa_tasks.scoring.statistics.flips`), of which McNemar's test is the case of one item each.
    """
    changes = pairs.after - pairs.before
    gained, lost = int((changes > 0).sum()), int((changes < 0).sum())
    if not pairs.items:
        return Exact(gained, lost, math.nan)
    sums: Array = np.bincount(pairs.clusters, changes).astype(np.float64)
    if len(sums) == pairs.items:
        return Exact(gained, lost, mcnemar(gained, lost))
    scale = np.array([math.sqrt(float((sums**2).sum()))])
    return Exact(gained, lost, float(largest_p(sums.sum()[None], flipped(sums[:, None]), scale)[0]))
