"""Tests of paired outcomes, and what difference they could have found.

p = mcnemar(gained=14, lost=3)
adjusted = holm([p, 0.04, 0.5])
detectable(facts=320, discordance=0.1)      # 0.049…: five points
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.optimize import brentq
from scipy.stats import binom, norm


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p of as many items gained as lost, given how many changed at all (McNemar 1947; exact: binomial, p =
    ½).
    """
    return float(min(1.0, 2.0 * binom.cdf(min(gained, lost), gained + lost, 0.5)))


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for several tests by the step-down rule of Holm (1979). NaN stays and does not count."""
    adjusted = [math.nan] * len(values)
    order = sorted((value, index) for index, value in enumerate(values) if not math.isnan(value))
    largest = 0.0
    for rank, (value, index) in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * value))
        adjusted[index] = largest
    return adjusted


def detectable(facts: int, discordance: float, power: float = 0.8, level: float = 0.95) -> float:
    """The smallest difference between two rates over the same facts that a paired test would find with this power.

    Solves δ (z₁ √ψ + z₂ √(ψ − δ²))² = …, the sample size formula for McNemar's test (Miettinen 1968; Connor 1987):
    n δ² = (z₁ √ψ + z₂ √(ψ − δ²))². A difference needs as many facts that changed, so ψ is at least δ; and fewer changed facts
    than the exact test can call significant are never enough.

    Args:
        facts: pairs.
        discordance: ψ, the share of facts on which the two differ, as observed.
        power: chance of finding it.
        level: one minus the two-sided significance level.

    Returns:
        A difference of rates; NaN without facts. More than 1 if no difference could be found.
    """
    if not facts:
        return math.nan
    alpha = 1.0 - level
    fewest = math.ceil(round(1.0 - math.log2(alpha), 9)) / facts
    first, second = float(norm.ppf(1.0 - alpha / 2.0)), float(norm.ppf(power))

    def lacking(difference: float) -> float:
        changed = max(discordance, difference)
        needed = first * math.sqrt(changed) + second * math.sqrt(changed - difference**2)
        return math.sqrt(facts) * difference - needed

    smallest = float(brentq(lacking, 1e-12, 1.0)) if lacking(1.0) > 0 else math.inf
    return max(smallest, fewest)
