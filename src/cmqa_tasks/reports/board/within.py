"""Within one model: are contradictions between pieces of one kind recognised more often than across kinds, fact by fact?

The two items of a fact on either side (two arms each) share their evidence, so they are no independent pairs. Facts are: a fact
counts for the side on which a larger share of its contradictions was recognised, and not at all where the shares are equal. If
kind did not matter, either side would be as likely, whatever the fact; so the counts are tested as McNemar does (exact,
binomial). With one arm on each side this *is* McNemar's test on items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.results.tally import Counts, Tally, Values
from cmqa_tasks.scoring.metrics import RECOGNITION
from cmqa_tasks.scoring.statistics.paired import holm, mcnemar


@dataclass(frozen=True, slots=True)
class Within:
    """McNemar's test of one model under a contrast."""

    facts: int
    """With a contradiction in every arm."""
    same: int
    """Facts that are recognised more often with pieces of one kind."""
    across: int
    """Facts that are recognised more often across kinds."""
    p: float
    """Exact, two-sided."""
    adjusted: float = math.nan
    """The same, adjusted for all models of the board (Holm)."""


def within(tally: Tally, contrast: Contrast) -> Within | None:
    """The test of one model; None where an arm was not evaluated."""
    if not contrast.same or not set(contrast.arms) <= tally.counts.keys():
        return None
    same, across = (_recognised(tally, arms) for arms in (contrast.same, contrast.across))
    complete = np.all([tally.marks(arm, RECOGNITION)[1] > 0 for arm in contrast.arms], axis=0)
    ahead = (same[0] * across[1] - across[0] * same[1])[complete]
    more, less = int((ahead > 0).sum()), int((ahead < 0).sum())
    return Within(int(complete.sum()), more, less, mcnemar(more, less)) if len(ahead) else None


def _recognised(tally: Tally, arms: Sequence[str]) -> tuple[Values, Counts]:
    """Per fact, over some arms, how many contradictions were recognised, and how many there are."""
    marks = [tally.marks(arm, RECOGNITION) for arm in arms]
    return np.sum([called for called, _ in marks], axis=0), np.sum([items for _, items in marks], axis=0)


def adjusted(tests: Sequence[Within | None]) -> list[Within | None]:
    """The tests of the models of a board, each p adjusted for all of them."""
    values = holm([math.nan if test is None else test.p for test in tests])
    return [None if test is None else replace(test, adjusted=p) for test, p in zip(tests, values, strict=True)]
