"""The metrics of a task's items with their intervals, which every form of export needs.

measures_of(run.parts["image_text"])[0].value      # of balanced
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.results import ResultsError, TaskRun
from cmqa_tasks.scoring.metrics import Metric, Scored, metrics_of
from cmqa_tasks.scoring.statistics.bootstrap import Array, interval, resampled, widened


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of one task."""

    metric: Metric
    value: float
    low: float
    high: float
    """Ends of the 95 % interval; facts are resampled."""
    items: int
    """How many items count."""


def arm_of(part: TaskRun) -> Arm:
    """The arm of a task, one of the user's own included.

    Raises:
        ResultsError: its results do not say of which kinds its pieces are.
    """
    if part.arm in ARMS:
        return ARMS[part.arm]
    if not part.kinds:
        raise ResultsError(f"{part.samples}: the results do not say of which kinds the pieces of arm {part.arm} are")
    return Arm.model_validate({"name": part.arm, "pieces": part.kinds})


def scored_items(part: TaskRun) -> list[tuple[str, Scored]]:
    """The fact of each item, and what the metrics need of it."""
    arm, columns = arm_of(part), (part.items.column(name).to_pylist() for name in ("fact_id", "relation", "outcome"))
    return [(fact, Scored(relation, outcome, arm.pieces)) for fact, relation, outcome in zip(*columns, strict=True)]


def headline_of(part: TaskRun) -> Metric:
    """The metric of a task that a single number stands for: ``balanced``; ``read_correct`` of single pieces."""
    return metrics_of(arm_of(part))[0]


def measures_of(part: TaskRun) -> list[Measure]:
    """Every metric of a task for which any item counts, in the order of the harness's table."""
    items = scored_items(part)
    measures = [_measure(metric, items) for metric in metrics_of(arm_of(part))]
    return [measure for measure in measures if not math.isnan(measure.value)]


def _measure(metric: Metric, items: Sequence[tuple[str, Scored]]) -> Measure:
    marks = [(fact, mark) for fact, item in items for mark in metric.marks([item])]
    facts = {fact: row for row, fact in enumerate(sorted({fact for fact, _ in marks}))}
    relations = ("conflict", "agree") if metric.by_relation else ("any",)
    sums = np.zeros((len(facts), 2 * len(relations)))  # of each relation: the sum of the marks, and how many there are
    for fact, mark in marks:
        column = 2 * relations.index(mark.relation) if metric.by_relation else 0
        sums[facts[fact], column : column + 2] += (mark.value, 1.0)
    value = metric.rate(mark for _, mark in marks)
    low, high = _ends(sums, len(facts)) if marks and not math.isnan(value) else (math.nan, math.nan)
    return Measure(metric, value, low, high, len(marks))


def _ends(sums: Array, facts: int) -> tuple[float, float]:
    totals = resampled(sums)
    with np.errstate(invalid="ignore"):
        rates = totals[:, ::2] / totals[:, 1::2]
    low, high = widened(*interval(rates.mean(axis=1), facts), facts, (0.0, 1.0))
    return float(low), float(high)
