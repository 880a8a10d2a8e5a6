"""What logged attention comes to: numbers per item, maps by layer and head, profiles by depth, contrasts per fact.

Every average is one of signed values: over heads, items and both orders of the evidence (see :mod:`cmqa_tasks.attention.pools`).
Absolute values, where there are any, come last; otherwise noise and the effect of the position would look like imbalance::

    found = pools(path)                                     # D by pool, from a merged file
    found["image_text"].map()                               # layers × heads
    depth_profile(found["image_text"]).mean                 # by layer, with an interval
    contrast(found["image_text"], [found["text_text"], found["image_image"]]).effect("modality")
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
    "EFFECTS",
    "SUMMARIES",
    "Effect",
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


EFFECTS: Mapping[str, str] = {
    "modality": "m: A over B, whatever their order (image, English)",
    "position_across": "p: the first piece over the second, pieces of two kinds",
    "position_within": "p: the first piece over the second, pieces of one kind",
    "imbalance": "|D| of an item of two kinds − |D| of an item of one kind",
}
"""What a contrast tells apart, and what a positive value of each means."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A mean over facts with its interval, [layers] each."""

    mean: Array
    low: Array
    """Lower end of the 95 % interval from a bootstrap over facts; NaN with fewer than two facts."""
    high: Array
    facts: Array
    """How many facts have a value."""


@dataclass(frozen=True, slots=True)
class PoolContrast:
    """Cross-modal against unimodal attention by fact and layer, of the facts that have both. All arrays are [facts × layers].

    Let A stand first in one order and second in the other. If D of an item is ``m + p`` in the one and ``m − p`` in the other,
    the mean of both orders is what the kind does, and half of their difference is what the place does. A fact of which only one
    order was asked has neither: NaN.
    """

    facts: tuple[str, ...]
    layers: tuple[int, ...]
    """Empty where D was averaged over the layers first; the arrays have one column then."""
    modality: Array
    """m: mean of D over both orders."""
    position_across: Array
    """p across kinds: half of D where A stands first minus D where it stands second."""
    position_within: Array
    """p within a kind: D of the first piece against the second, mean over the unimodal pools."""
    imbalance: Array
    """Mean |D| of the cross-modal items minus that of the unimodal ones. D is averaged over heads (and layers) with its sign
    before. Position is in both; so is noise, which makes |D| of either larger."""

    def effect(self, name: str, *, resamples: int = bootstrap.RESAMPLES, seed: int = 0) -> Effect:
        """One of :data:`EFFECTS`, over facts.

        Raises:
            ValueError: no such effect.
        """
        if name not in EFFECTS:
            raise ValueError(f"effect {name!r}: choose one of {', '.join(EFFECTS)}")
        sums, counts = _known(getattr(self, name))

        def estimate(weights: Array) -> Array:
            means: Array = divide(weights @ sums, weights @ counts)
            return means

        low, high = _interval(estimate, len(self.facts), resamples, seed)
        return Effect(estimate(np.ones((1, len(self.facts))))[0], low, high, counts.sum(axis=0))


def _known(values: Array) -> tuple[Array, Array]:
    """Values with 0 where they are missing, and 1 where they are not, [facts × layers] each."""
    there = np.isfinite(values)
    return np.where(there, values, 0.0), there.astype(np.float64)


def contrast(cross: Pool, unimodal: Sequence[Pool], *, over_layers: bool = False) -> PoolContrast:
    """Compare a cross-modal pool with one or more unimodal ones, fact by fact.

    Args:
        cross: items of two kinds, in one order or both.
        unimodal: items of one kind each.
        over_layers: average D over the layers, with its sign, before anything else.

    Raises:
        ValueError: there is no unimodal pool, or the pools differ in layers.
    """
    if not unimodal or any(pool.layers != cross.layers for pool in unimodal):
        names = ", ".join(pool.name for pool in unimodal) or "nothing"
        raise ValueError(f"cannot compare {cross.name} with {names}: pools of the same layers are needed")
    facts = tuple(sorted(set(cross.facts).intersection(*(pool.facts for pool in unimodal))))

    def by_fact(pool: Pool, order: str, *, absolute: bool = False) -> Array:
        means: Array = divide(*pool.per_fact(facts, order, absolute=absolute, over_layers=over_layers))
        return means

    def sizes(pool: Pool) -> Array:
        mean: Array = finite_mean(np.stack([by_fact(pool, order, absolute=True) for order in pool.orders]), axis=0)
        return mean

    first, second = by_fact(cross, "a"), by_fact(cross, "b")
    within = finite_mean(np.stack([by_fact(pool, order) for pool in unimodal for order in pool.orders]), axis=0)
    beyond = sizes(cross) - finite_mean(np.stack([sizes(pool) for pool in unimodal]), axis=0)
    layers = () if over_layers else cross.layers
    return PoolContrast(facts, layers, (first + second) / 2, (first - second) / 2, within, beyond)
