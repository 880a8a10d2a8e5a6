"""Outcomes of a run, counted by fact, arm, relation and outcome: all that rates, intervals and ranks are made of.

    tally = count(run, facts_of([run]))
    tally.marks("image_text", RECOGNITION)      # per fact: how many conflict items were called contradictory, of how many

What an item says under a metric is asked of :mod:`cmqa_tasks.scoring.metrics`, as in the harness: both agree by construction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmqa_tasks.facts.records import OUTCOMES, Relation
from cmqa_tasks.results.runs import Run
from cmqa_tasks.scoring.metrics import Metric, Scored

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
RELATIONS: tuple[Relation, ...] = ("conflict", "agree", "single")
Pieces = tuple[tuple[str, str], ...]
EITHER = 2
_SIDES = ("a", "b")


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one run over a list of facts, which runs that are compared share."""

    facts: Sequence[str]
    pieces: dict[str, Pieces] = field(repr=False)
    """By arm: (modality, language) of each piece; nothing where the results do not say it."""
    counts: dict[str, Counts] = field(repr=False)
    """By arm: [facts × relations × outcomes]."""
    first: dict[str, npt.NDArray[np.int8]] = field(repr=False)
    """By two-piece arm: which side (0, 1) the first piece of a fact's conflict items shows; :data:`EITHER` where they are crossed
    and show both; −1 where there is none."""
    correct: dict[str, npt.NDArray[np.bool_]] = field(repr=False)
    """By single arm: [facts × sides], whether every piece that shows this side was read correctly."""
    log_density_ratio: dict[str, tuple[Values, Counts]] = field(repr=False)
    """By arm: per fact, the sum of its items' means, and how many items have one."""

    def marks(self, arm: str, metric: Metric) -> tuple[Values, Counts]:
        """Per fact, the sum of its items' marks under a metric of :mod:`cmqa_tasks.scoring.metrics`, and how many items count."""
        if arm not in self.counts:
            return np.zeros(len(self.facts)), np.zeros(len(self.facts), np.int64)
        values = _marks(metric, self.pieces[arm])
        counted = self.counts[arm]
        return (counted * np.nan_to_num(values)).sum(axis=(1, 2)), (counted * ~np.isnan(values)).sum(axis=(1, 2))

    def rate(self, arm: str, metric: Metric) -> float:
        """A metric of an arm that is a mean of marks; NaN where no item counts."""
        sums, numbers = self.marks(arm, metric)
        return float(sums.sum() / numbers.sum()) if numbers.any() else math.nan

    def items(self, arms: Iterable[str]) -> int:
        """How many items these arms have."""
        return int(sum(self.counts[arm].sum() for arm in arms if arm in self.counts))

    def readable(self, arm: str, first: str, second: str) -> npt.NDArray[np.bool_] | None:
        """Per fact, whether all pieces of its conflict items were read correctly alone; None where single arms are missing.

        Crossed conflict items show either side in either place, so all that the two single arms ask about must be read.
        """
        if arm not in self.first or first not in self.correct or second not in self.correct:
            return None
        first_side, one, other = self.first[arm], self.correct[first], self.correct[second]
        side, facts = np.clip(first_side, 0, 1), np.arange(len(self.facts))
        shown = np.where(first_side == EITHER, one.all(axis=1) & other.all(axis=1), one[facts, side] & other[facts, 1 - side])
        return np.asarray(shown & (first_side >= 0))


@lru_cache(maxsize=256)
def _marks(metric: Metric, pieces: Pieces) -> Values:
    """The mark of an item under a metric, [relations × outcomes]; NaN where it does not count."""
    kinds: Any = pieces
    rows = [[metric.mark(Scored(relation, outcome, kinds)) for outcome in OUTCOMES] for relation in RELATIONS]
    return np.array([[math.nan if mark is None else mark for mark in row] for row in rows])


def labels_of(runs: Iterable[Run], facts: Sequence[str], column: str) -> list[str]:
    """A property of each fact, ``world`` or ``type``, as the items say it; empty where none does."""
    labels: dict[str, str | None] = {}
    wanted = set(facts)
    for run in runs:
        for part in run.parts.values():
            if wanted <= labels.keys():
                return [labels[fact] or "" for fact in facts]
            pairs = part.items.group_by(["fact_id", column]).aggregate([])
            labels |= zip(pairs.column("fact_id").to_pylist(), pairs.column(column).to_pylist(), strict=True)
    return [labels.get(fact) or "" for fact in facts]


def facts_of(runs: Iterable[Run], arms: Iterable[str] | None = None) -> list[str]:
    """The facts of all runs, sorted; of some arms only, if any are named."""
    wanted = None if arms is None else set(arms)
    facts: set[str] = set()
    for run in runs:
        for arm, part in run.parts.items():
            if wanted is None or arm in wanted:
                facts.update(pc.unique(part.items.column("fact_id")).to_pylist())
    return sorted(facts)


def count(run: Run, facts: Sequence[str]) -> Tally:
    """Count a run's outcomes over these facts; items of other facts are left out."""
    index = pa.array(facts, pa.string())
    tally = Tally(facts, {arm: part.kinds for arm, part in run.parts.items()}, {}, {}, {}, {})
    for arm, part in run.parts.items():
        _count_arm(tally, arm, part.items, index)
    return tally


def _count_arm(tally: Tally, arm: str, items: pa.Table, index: pa.Array) -> None:
    fact = _codes(items.column("fact_id"), index)
    known = fact >= 0
    relation, outcome = (
        _codes(items.column(name), pa.array(values))[known] for name, values in (("relation", RELATIONS), ("outcome", OUTCOMES))
    )
    side = _codes(items.column("first_side"), pa.array(_SIDES))[known]
    ratio = items.column("log_density_ratio").to_numpy()[known]
    fact, facts = fact[known], len(tally.facts)
    shape = facts, len(RELATIONS), len(OUTCOMES)
    flat = np.ravel_multi_index((fact, relation, outcome), shape)
    tally.counts[arm] = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
    conflict, single = relation == RELATIONS.index("conflict"), relation == RELATIONS.index("single")
    if single.any():
        asked = single & (side >= 0)
        tally.correct[arm] = np.zeros((facts, 2), np.bool_)
        tally.correct[arm][fact[asked], side[asked]] = True
        wrong = asked & (outcome != OUTCOMES.index("correct"))
        tally.correct[arm][fact[wrong], side[wrong]] = False
    else:
        shown = np.zeros((facts, 2), np.bool_)
        shown[fact[conflict], side[conflict]] = True
        tally.first[arm] = np.where(shown.all(axis=1), EITHER, np.where(shown.any(axis=1), shown[:, 1], -1)).astype(np.int8)
    logged = np.isfinite(ratio)
    if logged.any():
        sums, numbers = (np.bincount(fact[logged], weights, minlength=facts) for weights in (ratio[logged], None))
        tally.log_density_ratio[arm] = sums.astype(np.float64), numbers.astype(np.int64)


def _codes(column: pa.ChunkedArray, index: pa.Array) -> Counts:
    """The place of each value in the index; −1 where it is not in it."""
    places = pc.fill_null(pc.index_in(column.cast(pa.string()), value_set=index), -1)
    codes: Counts = places.to_numpy().astype(np.int64)
    return codes
