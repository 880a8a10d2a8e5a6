"""The table: a row per task and metric, from the evaluations of two or more checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cmqa_tasks.reports.before_after import benchmarks, ours
from cmqa_tasks.reports.before_after.runs import Request, is_ours
from cmqa_tasks.reports.before_after.scores import MetricRow
from cmqa_tasks.results import ResultsError
from cmqa_tasks.scoring.statistics.paired import holm


def table(request: Request, failed: Mapping[tuple[str, str], str]) -> list[MetricRow]:
    """All rows: other benchmarks in the order of the request, then the tasks of this package."""
    rows: list[MetricRow] = []
    for task in request.tasks:
        notes = tuple(f"{name} was not evaluated: {failed[name, task]}" for name in request.checkpoints if (name, task) in failed)
        if notes:
            rows.append(MetricRow(task, "", notes=notes))
        names = [name for name in request.checkpoints if (name, task) not in failed]
        if not is_ours(task) and request.first in names:
            directories = {name: request.directory(name, task) for name in names}
            rows += _or_note(task, partial(benchmarks.rows_of, task, directories))
    own = [task for task in request.tasks if is_ours(task)]
    names = [name for name in request.checkpoints if any((name, task) not in failed for task in own)]
    if request.first in names:
        rows += _or_note(", ".join(own), partial(ours.rows_of, {name: request.out / name for name in names}))
    return _with_adjusted(rows)


def _or_note(task: str, make: Callable[[], list[MetricRow]]) -> list[MetricRow]:
    try:
        return make()
    except ResultsError as error:
        return [MetricRow(task, "", notes=(f"no number: {error}",))]


def _with_adjusted(rows: Sequence[MetricRow]) -> list[MetricRow]:
    """The rows with p-values adjusted for all of the table."""
    places = [(row, name) for row in rows for name in row.changes]
    values = holm([row.changes[name].p for row, name in places])
    adjusted = {(id(row), name): value for (row, name), value in zip(places, values, strict=True)}
    return [row.with_adjusted({name: adjusted.get((id(row), name), math.nan) for name in row.changes}) for row in rows]
