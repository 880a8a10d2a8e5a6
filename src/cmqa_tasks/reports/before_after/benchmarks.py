"""Rows of other benchmarks: lmms-eval's own numbers with its own standard errors; nothing is scored here.

A difference is paired by item where a task's samples hold a plain number per item whose mean is lmms-eval's number. All others
get an interval from the two standard errors, which is too wide for answers to the same questions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from cmqa_tasks.attention.store import locate
from cmqa_tasks.reports.before_after.scores import MetricRow, Score, paired, unpaired
from cmqa_tasks.results import ResultsError, ResultsFile, latest_results, latest_samples
from cmqa_tasks.results.attention import by_item

_SLACK = 1e-4
"""What lmms-eval's number may be off by from the mean of its items for rounding."""
FAILED = "[LMMS_EVAL_REQUEST_FAILED"
"""What lmms-eval puts in the place of an answer to a request that failed."""
_ATTENTION = "log_density_ratio"


def rows_of(task: str, directories: Mapping[str, Path]) -> list[MetricRow]:
    """The rows of a task, a group or one with items of its own.

    Raises:
        ResultsError: a checkpoint has no results, or lmms-eval gives the task no number.
        cmqa_tasks.attention.store.StoreError: an attention log is damaged.
    """
    results = {name: latest_results(directory) for name, directory in directories.items()}
    first = next(iter(results.values()))
    shown = [task] if _numbers(first, task) else leaves(first, task)
    rows = [row for name in shown for row in _rows(name, directories, results)]
    if not rows:
        raise ResultsError(f"lmms-eval's results hold no number of {task}")
    return rows + list(_attention(task, leaves(first, task), directories))


def leaves(results: ResultsFile, task: str) -> list[str]:
    """The tasks with items of their own that a task stands for: itself, or the members of the group, sorted."""
    members = results.group_subtasks.get(task) or []
    return sorted(leaf for member in members for leaf in leaves(results, member)) if members else [task]


def _numbers(results: ResultsFile, task: str) -> dict[str, Score]:
    """lmms-eval's numbers of a task by metric, with its filter where that is not ``none``."""
    recorded = results.results.get(task, {})
    scores = {}
    for key, value in recorded.items():
        metric, comma, chosen = key.partition(",")
        if comma and not metric.endswith("_stderr") and _is_number(value):
            stderr = recorded.get(f"{metric}_stderr,{chosen}")
            name = metric if chosen == "none" else f"{metric} ({chosen})"
            scores[name] = Score(float(value), float(stderr) if _is_number(stderr) else math.nan)
    return scores


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def _rows(task: str, directories: Mapping[str, Path], results: Mapping[str, ResultsFile]) -> Iterator[MetricRow]:
    numbers = {name: _numbers(content, task) for name, content in results.items()}
    answers = {name: _answers(directory, leaves(results[name], task)) for name, directory in directories.items()}
    first, *later = numbers
    requests = {
        name: [(row.get("doc_id"), row.get("input"), row.get("target")) for row in rows] for name, rows in answers.items()
    }
    alike = all(requests[name] == requests[first] for name in later)
    for metric in numbers[first]:
        scores = {
            name: Score(mine[metric].value, mine[metric].stderr, failed=_failed(answers[name]))
            for name, mine in numbers.items()
            if metric in mine
        }
        items = {name: _plain(answers[name], metric, score.value) for name, score in scores.items()} if alike else {}
        changes = {
            name: (paired(items[first], items[name], {}) if items.get(first) and items.get(name) else None)
            or unpaired(scores[first], scores[name])
            for name in scores
            if name != first
        }
        note = () if alike else ("the checkpoints were not asked the same questions: data or prompts differ",)
        yield MetricRow(task, metric, scores, changes, note)


def _answers(directory: Path, tasks: list[str]) -> list[dict[str, Any]]:
    return [row | {"doc_id": f"{task}/{row.get('doc_id')}"} for task in tasks for row in latest_samples(directory, task)]


def _plain(rows: list[dict[str, Any]], metric: str, value: float) -> dict[str, float]:
    """A metric's number of each item; nothing where one has none, or lmms-eval's number is not their mean."""
    if not rows or not all(_is_number(row.get(metric)) for row in rows):
        return {}
    items = {str(row["doc_id"]): float(row[metric]) for row in rows}
    return items if abs(fmean(items.values()) - value) <= _SLACK else {}


def _failed(rows: list[dict[str, Any]]) -> float:
    return fmean(FAILED in str(row.get("filtered_resps", "")) for row in rows) if rows else math.nan


def _attention(task: str, tasks: list[str], directories: Mapping[str, Path]) -> Iterator[MetricRow]:
    """The mean ``log_density_ratio``, where it was logged."""
    logged = {
        name: {f"{leaf}/{item}": value for leaf in tasks for item, value in by_item(leaf, locate(directory)).items()}
        for name, directory in directories.items()
    }
    first, *later = logged
    changes = {name: change for name in later if (change := paired(logged[first], logged[name], {}))}
    if changes:
        yield MetricRow(task, _ATTENTION, {name: Score(fmean(logged[name].values())) for name in (first, *changes)}, changes)
