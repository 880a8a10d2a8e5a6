"""The smallest gap that a release can show: by simulation, for its numbers of types and facts.

    power(Counter(clusters)).recognition.types      # 0.07: told from none in four of five cases, also for new types of fact

How much types differ is an assumption, said in :data:`BETWEEN` and :data:`WITHIN`; ``benchmarks/intervals.py`` tries others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from scipy.stats import norm
from scipy.stats import t as student

BETWEEN, WITHIN = 1.0, 0.6
"""Standard deviations of logits between types, and between types on one side of the contrast (pieces of one kind, or of two)."""
RECOGNITION, FALSE_ALARMS = (1.0, 0.0), (-2.0, -2.0)
"""Mean logits on the two sides."""
ITEMS = 4
"""Contradictions of a fact on a side: two in each of two arms; as many agreements."""
DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Gap:
    """The smallest difference that is told from none with 80 % power."""

    facts: float
    """For new facts of the same types."""
    types: float
    """For new types like these; NaN for one type."""


@dataclass(frozen=True, slots=True)
class Power:
    """What a set can show."""

    recognition: Gap
    balanced: Gap


def power(facts_by_type: Mapping[str, int], draws: int = DRAWS, seed: int = 0) -> Power:
    """What a set with so many facts of each type can show of the gap between pieces of one kind and of two."""
    random, kinds = np.random.default_rng(seed), len(facts_by_type)
    of_fact = np.repeat(np.arange(kinds), list(facts_by_type.values()))
    gaps = np.array([_two_gaps(random, of_fact, kinds) for _ in range(draws)])
    return Power(*(_smallest(gaps[:, :, column], kinds) for column in range(2)))


def detectable(error: float, clusters: int, share: float = 0.8, level: float = 0.95) -> float:
    """The smallest difference that an interval over so many clusters tells from zero with this power.

    Student's quantiles of both errors at clusters − 1 degrees of freedom, times the standard error (Bloom, H. S. (1995), Minimum
    detectable effects).

    Args:
        error: standard error of the difference, clusters resampled.
        clusters: how many.
        share: chance of telling it.
        level: of the interval.

    Raises:
        ValueError: fewer than two clusters.
    """
    if clusters < 2:
        raise ValueError(f"a detectable difference needs at least two clusters, not {clusters}")
    return float(student.isf((1.0 - level) / 2.0, clusters - 1) + student.isf(1.0 - share, clusters - 1)) * error


def _smallest(gaps: npt.NDArray[np.float64], kinds: int) -> Gap:
    """From the gaps of two sets of facts with the same types, [draws × 2]."""
    over_facts = float(np.sqrt(((gaps[:, 0] - gaps[:, 1]) ** 2).mean() / 2.0))
    over_types = detectable(float(gaps[:, 0].std()), kinds) if kinds > 1 else float("nan")
    return Gap(float(norm.isf(0.025) + norm.isf(0.2)) * over_facts, over_types)


def _two_gaps(random: np.random.Generator, of_fact: npt.NDArray[np.int64], kinds: int) -> list[list[float]]:
    """The gaps of recognition and of ``balanced`` in two sets of facts of the same types, [2 × 2]."""
    type_logits = [
        np.array(means)[:, None] + BETWEEN * random.standard_normal(kinds) + WITHIN * random.standard_normal((2, kinds))
        for means in (RECOGNITION, FALSE_ALARMS)
    ]
    gaps = []
    for _ in range(2):
        shares = [
            random.binomial(ITEMS, expit(logits[:, of_fact] + random.standard_normal(len(of_fact)))).mean(axis=1) / ITEMS
            for logits in type_logits
        ]
        recognition, false_alarms = (float(same - across) for same, across in shares)
        gaps.append([recognition, (recognition - false_alarms) / 2.0])
    return gaps
