"""The paired cluster bootstrap: facts are drawn with replacement, and all items of a drawn fact come along.

One resample is a vector of *weights*, how often each fact was drawn. A rate is a sum over facts divided by another one, so the
sums of thousands of resamples are one matrix product, and everything that is computed from one product — two arms, fifty
models — is paired.

    totals = resampled(sums, resamples=10_000, seed=0)        # [resamples × quantities] from [facts × quantities]
    low, high = interval(estimate(totals), facts)

Efron, B. and Tibshirani, R. (1993), An Introduction to the Bootstrap, chapter 13 (percentile intervals); Cameron, A. C.,
Gelbach, J. B. and Miller, D. L. (2008), Bootstrap-based improvements for inference with clustered errors (resampling of whole
clusters); Hesterberg, T. (2015), What teachers should know about the bootstrap (wider percentiles for few clusters).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.stats import norm
from scipy.stats import t as student

Array = npt.NDArray[np.float64]
LEVEL = 0.95
RESAMPLES = 10_000
_ROUNDING = 1e-6
"""What 32-bit sums may be off by, relative to a rate."""
_CHUNK_CELLS = 4_000_000
"""Weights at a time: 16 MB."""


def weights(facts: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.float32]]:
    """How often each fact is drawn, [chunk × facts], a chunk of resamples at a time. The same arguments give the same weights."""
    random = np.random.default_rng(seed)
    for begin in range(0, resamples, chunk := max(1, _CHUNK_CELLS // max(facts, 1))):
        rows = min(chunk, resamples - begin)
        draws = random.integers(facts, size=(rows, facts), dtype=np.int32)
        draws += (np.arange(rows, dtype=np.int32) * facts)[:, None]
        yield np.bincount(draws.ravel(), minlength=rows * facts).reshape(rows, facts).astype(np.float32)


def resampled(sums: npt.NDArray[np.generic], resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """Totals of per-fact sums in every resample, [resamples × quantities].

    Args:
        sums: [facts × quantities]; finite. Whole numbers below 2²⁴ in total stay exact.
        resamples: how many.
        seed: of the draws.
    """
    values = np.ascontiguousarray(sums, dtype=np.float32)
    parts = [chunk @ values for chunk in weights(len(values), resamples, seed)]
    return np.concatenate(parts).astype(np.float64)


def tail_of(facts: int, level: float = LEVEL) -> float:
    """The share of resamples beyond each end of an interval: less than (1 − level)/2, as few facts spread too little in
    resamples.

    A resample's variance lacks the factor n/(n − 1), and percentiles are those of a normal curve where Student's is due
    (Hesterberg).
    """
    if facts < 2:
        return 0.0
    return float(norm.sf(student.isf((1.0 - level) / 2.0, facts - 1) * np.sqrt(facts / (facts - 1))))


def interval(draws: Array, facts: int, level: float = LEVEL) -> tuple[Array, Array]:
    """The percentile interval of each column of [resamples × columns] (or of [resamples]).

    Resamples in which a quantity has no items (NaN) are left out; where all are, the ends are NaN.

    Args:
        draws: estimates from resamples.
        facts: how many facts were drawn from.
        level: of the interval.
    """
    tail = tail_of(facts, level)
    if not np.isnan(draws).any():
        low, high = np.quantile(draws, (tail, 1.0 - tail), axis=0)
        return low, high
    known = ~np.isnan(draws).all(axis=0)
    ends = np.nanquantile(np.where(known, draws, 0.0), (tail, 1.0 - tail), axis=0)
    low, high = np.where(known, ends, np.nan)
    return low, high


def unseen(facts: int, level: float = LEVEL) -> float:
    """The largest share of facts of a kind of which none was seen among so many (Clopper and Pearson 1934, for 0 of n).

    A resample of facts that all behave alike behaves like them: its interval would have no width. This is what remains possible.
    """
    return 1.0 - ((1.0 - level) / 2.0) ** (1.0 / facts) if facts else 1.0


def widened(low: Array, high: Array, facts: int, reach: tuple[float, float], level: float = LEVEL) -> tuple[Array, Array]:
    """Intervals, those without any width as wide as :func:`unseen` facts at the ends of the range allow.

    Args:
        low: lower ends.
        high: upper ends.
        facts: how many facts they come from.
        reach: the smallest and the largest value that a fact can have.
        level: of the interval.
    """
    share = unseen(facts, level)
    flat = high - low < _ROUNDING
    down, up = low + share * (reach[0] - low), high + share * (reach[1] - high)
    return np.where(flat, down, low), np.where(flat, up, high)
