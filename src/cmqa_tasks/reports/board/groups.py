"""Scores by world and by type of fact, with how many facts each has: where a model is weak, never who is best.

by_group(tallies, contrast, [(), ()], labels_of(runs, facts, "world"))[0]["maps"].across
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.reports.board.estimates import NOTHING, Estimate
from cmqa_tasks.results.tally import Tally
from cmqa_tasks.scoring.metrics import FALSE_ALARM, RECOGNITION, balanced
from cmqa_tasks.scoring.statistics.bootstrap import Array, interval, resampled, widened

GROUPINGS = ("world", "type")
RESAMPLES = 2_000
"""Enough for intervals of few facts, a fifth of the board's own."""
_RATES = (RECOGNITION, FALSE_ALARM)


@dataclass(frozen=True, slots=True)
class GroupScore:
    """``balanced`` of one model on the facts of one world or type."""

    facts: int
    same: Estimate
    across: Estimate


def by_group(
    tallies: Sequence[Tally], contrast: Contrast, lost: Sequence[Sequence[str]], labels: Sequence[str], seed: int = 0
) -> list[Mapping[str, GroupScore]]:
    """The scores of each model by group, the groups in alphabetical order.

    Args:
        tallies: of the models, over one list of facts.
        contrast: which arms.
        lost: by model, the arms that are not measured (:attr:`Estimates.unmeasured`): they have no scores.
        labels: the group of each fact; facts of the group ``""`` are left out.
        seed: of the bootstrap.
    """
    models = zip(tallies, lost, strict=True)
    sums = np.stack([_sums(tally, contrast, arms) for tally, arms in models], axis=1)  # [facts × models × arms × rates × 2]
    groups = np.array(labels)
    scores: list[dict[str, GroupScore]] = [{} for _ in tallies]
    for group in sorted({*labels} - {""}):
        for model, score in enumerate(_scores(sums[groups == group], contrast, seed)):
            scores[model][group] = score
    return list(scores)


def _sums(tally: Tally, contrast: Contrast, lost: Sequence[str]) -> Array:
    marks = [[tally.marks(arm, rate) for rate in _RATES] for arm in contrast.arms]
    sums = np.array([[[*of_rate] for of_rate in of_arm] for of_arm in marks], dtype=np.float64)  # [arms × rates × 2 × facts]
    measured = np.array([arm not in lost for arm in contrast.arms])
    return np.moveaxis(sums * measured[:, None, None, None], -1, 0)


def _scores(sums: Array, contrast: Contrast, seed: int) -> list[GroupScore]:
    facts = len(sums)
    exact = _balanced(sums.sum(axis=0)[None])[0]  # [models × arms]
    drawn = _balanced(resampled(sums.reshape(facts, -1), RESAMPLES, seed).reshape(RESAMPLES, *sums.shape[1:]))
    sides = [slice(len(contrast.same)), slice(len(contrast.same), None)]
    same, across = (_side(exact[:, side], drawn[..., side], facts) for side in sides)
    return [GroupScore(facts, *pair) for pair in zip(same, across, strict=True)]


def _balanced(totals: Array) -> Array:
    """[resamples × models × arms]."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = totals[..., 0] / totals[..., 1]
    return balanced(rates[..., 0], rates[..., 1])


def _side(exact: Array, drawn: Array, facts: int) -> list[Estimate]:
    """The mean over the arms of a side, for each model."""
    if not exact.shape[1]:
        return [Estimate(NOTHING)] * len(exact)
    low, high = widened(*interval(drawn.mean(axis=2), facts), facts, (0.0, 1.0))
    return [Estimate(*map(float, ends)) for ends in zip(exact.mean(axis=1), low, high, strict=True)]
