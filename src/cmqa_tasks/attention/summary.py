"""What logged attention comes to: numbers per item, maps by layer and head, profiles by depth, contrasts per fact.

Every average is one of signed values: over heads, items and both orders of the evidence (see :mod:`cmqa_tasks.attention.pools`).
Absolute values, where there are any, come last; otherwise noise and the effect of the position would look like imbalance::

    found = pools(path)                                     # D by pool, from a merged file
    found["image_text"].map()                               # layers × heads
    depth_profile(found["image_text"]).mean                 # by layer, with an interval
    contrast(found["image_text"], [found["text_text"], found["image_image"]]).excess()
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cmqa_tasks.attention.pools import Array, Pool, divide, finite_mean, pools
from cmqa_tasks.attention.rows import AttentionRow
from cmqa_tasks.scoring.statistics import bootstrap

__all__ = [
    "FORMER_NAMES",
    "SUMMARIES",
    "Pool",
    "PoolContrast",
    "Profile",
    "contrast",
    "depth_profile",
    "item_summary",
    "pools",
]

SUMMARIES: Mapping[str, str] = {
    "log_density_ratio": "mean of D over layers and heads, in nats; > 0: more for A (image, English, else the first)",
    "absolute_log_density": "mean of |D| over layers and heads, in nats",
    "logit_gap": "mean of M over layers and heads: mean logit of A minus mean logit of B",
    "log_norm_ratio": "mean over layers and heads of ln of the norm of what is read from A, minus that of B",
    "layers_favouring_a": "share of layers whose D, averaged over heads, is positive",
    "layers_favouring_b": "share of layers whose D, averaged over heads, is negative",
}
"""The per-item numbers of an evaluation's table, and what they are."""
FORMER_NAMES: Mapping[str, str] = {
    "attention_log_density_ratio": "log_density_ratio",
    "attention_magnitude": "absolute_log_density",
    "attention_gap_of_logits": "logit_gap",
    "attention_norm_balance": "log_norm_ratio",
    "attention_layers_for_a": "layers_favouring_a",
    "attention_layers_for_b": "layers_favouring_b",
}
"""What results of 0.5 and before call the :data:`SUMMARIES`, for whoever reads such files."""


def item_summary(row: AttentionRow | None) -> dict[str, float]:
    """The numbers of :data:`SUMMARIES` for one item.

    Means go over finite values only: NaN marks a layer that does not see both segments, an infinity a mass or norm of exactly 0.

    Args:
        row: usually the one of the aggregate ``last_prompt``; None where nothing was logged.

    Returns:
        Every name, always; NaN where there is nothing to average, as for an item without two segments.
    """
    if row is None:
        return dict.fromkeys(SUMMARIES, math.nan)
    density = row.grid("log_density_ratio")
    by_layer = finite_mean(density, axis=1)
    measured = by_layer[np.isfinite(by_layer)]
    values = (
        finite_mean(density),
        finite_mean(np.abs(density)),
        finite_mean(row.grid("logit_gap")),
        finite_mean(row.grid("log_norm_ratio")),
        finite_mean((measured > 0).astype(float)),
        finite_mean((measured < 0).astype(float)),
    )
    return {name: float(value) for name, value in zip(SUMMARIES, values, strict=True)}


@dataclass(frozen=True, slots=True)
class Profile:
    """A quantity by depth: mean over heads, both orders weighing the same."""

    layers: tuple[int, ...]
    mean: Array
    """[layers]"""
    low: Array
    """Lower end of the 95 % interval, [layers]; NaN with fewer than two facts."""
    high: Array
    null_mean: Array
    """Mean of D under shuffled labels, [layers]: the bias of unequal lengths."""
    null_sd: Array
    """Standard deviation of the mean over these items under shuffled labels, [layers]."""
    items: int
    facts: int


def depth_profile(pool: Pool, *, resamples: int = bootstrap.RESAMPLES, seed: int = 0) -> Profile:
    """The profile of a pool, with intervals from a bootstrap over facts (:mod:`cmqa_tasks.scoring.statistics.bootstrap`)."""
    facts = pool.facts
    parts = [pool.per_fact(facts, order) for order in pool.orders]
    everyone = np.ones((1, len(facts)))
    low, high = _interval(lambda weights: _balanced(parts, weights), len(facts), resamples, seed)
    return Profile(pool.layers, _balanced(parts, everyone)[0], low, high, *_null(pool), pool.items, len(facts))


def _balanced(parts: Sequence[tuple[Array, Array]], weights: Array) -> Array:
    """Means over weighted facts, [weights × layers]: of each order, then of the orders."""
    means: Array = finite_mean(np.stack([divide(weights @ sums, weights @ counts) for sums, counts in parts]), axis=0)
    return means


def _null(pool: Pool) -> tuple[Array, Array]:
    """Mean of the null, and standard deviation of a mean of so many independent items, the orders weighing the same."""
    means, variances = [], []
    for order in pool.orders:
        mean, sd = np.moveaxis(np.concatenate(pool.null[order]), 1, 0)
        means.append(finite_mean(mean, axis=0))
        variances.append(divide(finite_mean(sd**2, axis=0), np.isfinite(sd).sum(axis=0)))
    return finite_mean(np.stack(means), axis=0), np.sqrt(finite_mean(np.stack(variances), axis=0) / len(variances))


def _interval(estimate: Callable[[Array], Array], facts: int, resamples: int, seed: int) -> tuple[Array, Array]:
    """The 95 % interval of an estimate from weights [resamples × facts]; NaN with fewer than two facts."""
    if facts < 2:
        nothing = np.full(estimate(np.ones((1, facts))).shape[1:], np.nan)
        return nothing, nothing
    estimates = [estimate(drawn.astype(np.float64)) for drawn in bootstrap.weights(facts, resamples, seed)]
    return bootstrap.interval(np.concatenate(estimates), facts)


@dataclass(frozen=True, slots=True)
class PoolContrast:
    """Cross-modal against unimodal attention by fact and layer, of the facts that have both. All arrays are [facts × layers]."""

    facts: tuple[str, ...]
    layers: tuple[int, ...]
    cross: Array
    """D of the cross-modal pool: mean over heads and the items of an order, then over the orders."""
    unimodal: Array
    """D of the unimodal pools, the first piece against the second: mean over heads and items of a pool, then over the pools."""
    difference: Array
    """D(cross) − D(unimodal), the latter read in the order of the former. Where a fact has both orders, the effect of position
    cancels, and this is ``cross``; where it has one, the unimodal arms' estimate of that effect is taken off."""

    def excess(self, *, resamples: int = bootstrap.RESAMPLES, seed: int = 0) -> tuple[Array, Array, Array]:
        """|mean ``difference``| − |mean ``unimodal``|: imbalance beyond what position does to two pieces of one kind.

        Means over facts come before absolute values; where nothing is preferred, those of single facts would not be 0.

        Returns:
            The excess and the ends of its 95 % interval from a bootstrap over facts, [layers] each.
        """
        parts = [_known(self.difference), _known(self.unimodal)]

        def estimate(weights: Array) -> Array:
            between, within = (np.abs(divide(weights @ sums, weights @ counts)) for sums, counts in parts)
            beyond: Array = between - within
            return beyond

        low, high = _interval(estimate, len(self.facts), resamples, seed)
        return estimate(np.ones((1, len(self.facts))))[0], low, high


def _known(values: Array) -> tuple[Array, Array]:
    """Values with 0 where they are missing, and 1 where they are not, [facts × layers] each."""
    there = np.isfinite(values)
    return np.where(there, values, 0.0), there.astype(np.float64)


def contrast(cross: Pool, unimodal: Sequence[Pool]) -> PoolContrast:
    """Compare a cross-modal pool with one or more unimodal ones, fact by fact.

    Raises:
        ValueError: there is no unimodal pool, or the pools differ in layers.
    """
    if not unimodal or any(pool.layers != cross.layers for pool in unimodal):
        names = ", ".join(pool.name for pool in unimodal) or "nothing"
        raise ValueError(f"cannot compare {cross.name} with {names}: pools of the same layers are needed")
    facts = tuple(sorted(set(cross.facts).intersection(*(pool.facts for pool in unimodal))))
    position = finite_mean(np.stack([finite_mean(_orders(pool, facts), axis=0) for pool in unimodal]), axis=0)
    values = _orders(cross, facts)
    signs = np.array([-1.0 if order == "b" else 1.0 for order in cross.orders])
    matched = values - signs[:, None, None] * position
    return PoolContrast(facts, cross.layers, finite_mean(values, axis=0), position, finite_mean(matched, axis=0))


def _orders(pool: Pool, facts: Sequence[str]) -> Array:
    """Means over heads and items, [orders × facts × layers]; NaN where a fact lacks an order."""
    return np.stack([divide(*pool.per_fact(facts, order)) for order in pool.orders])
