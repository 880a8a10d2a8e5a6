"""Evaluated items of one task and their scores, from the samples that lmms-eval logged.

Our tasks say all of it in ``cmqa_item``. Of other tasks each metric keeps what it needs in its own form: a number, or an object
that its aggregation reads (:mod:`cmqa_tasks.reports.before_after.forms`). Whether it was read rightly is checked against
lmms-eval's own number, which must be the mean of the items' scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from cmqa_tasks.facts.records import ITEM_KEY
from cmqa_tasks.reports.before_after.forms import Score, score_of
from cmqa_tasks.results import ResultsError, ResultsFile, latest_samples
from cmqa_tasks.scoring.outcomes import is_right

_SLACK = 1e-4
"""What a rounded number of lmms-eval may be off by, as a share."""
_PERCENT = ("llm_as_judge_eval",)
"""Metrics that lmms-eval gives in percent (MathVista)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One response, scored."""

    task: str
    """The task that has it, not the group."""
    key: str
    """The same in another run over the same data: the item's id, or task and document as in the log of attention."""
    cluster: str
    """Items of one cluster are not independent: the fact, else the item itself."""
    part: str
    """Metrics are means within the parts, then over them: the task, with the relation for ``balanced``."""
    score: float | None
    """None where nobody has read the answer."""
    note: str
    """What a reader must know of this score; mostly empty."""
    asked: tuple[str, str]
    """Prompt and target, to tell whether another run had the same."""


def items_of(directory: Path, results: ResultsFile, task: str) -> dict[str, list[Item]]:
    """The items of a task by metric, in the order of its metrics.

    Args:
        directory: where its evaluation lies.
        results: its results file.
        task: one with items of its own.

    Raises:
        ResultsError: it is not known how the task scores an item, or lmms-eval's own number differs from the items'.
    """
    rows = latest_samples(directory, task)
    if not rows:
        return {}
    if ITEM_KEY in rows[0]:
        found = _ours(task, rows)
    else:
        names = [one["metric"] for one in results.configs[task].get("metric_list") or ()]
        found = {name: [_theirs(task, row, score) for row, score in read] for name in names if (read := _read(rows, name))}
        if not found:
            raise ResultsError(f"how {task} scores an item is not known: its samples have no number under {', '.join(names)}")
    for name, items in found.items():
        _check(task, name, items, results.metric(task, name))
    return found


def _read(rows: Sequence[Mapping[str, Any]], name: str) -> list[tuple[Mapping[str, Any], Score]]:
    """Rows with their scores under a metric; nothing if any row has none in a known form."""
    read = [(row, score_of(row, name)) for row in rows]
    return [(row, score) for row, score in read if score is not None] if all(score is not None for _, score in read) else []


def _theirs(task: str, row: Mapping[str, Any], score: Score) -> Item:
    key = f"{task}/{row['doc_id']}"
    return Item(task, key, key, task, score.value, score.note, (str(row.get("input")), str(row.get("target"))))


def _ours(task: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Item]]:
    """Recognition, false alarms and the balanced score; of single pieces, how often they are read."""
    found: dict[str, list[Item]] = {"balanced": [], "recognition": [], "false_alarm": [], "read_correct": []}
    for row in rows:
        item = row[ITEM_KEY]
        relation, called = item["relation"], item["outcome"] == "conflict"
        right = is_right(relation, item["outcome"])
        own = {"conflict": "recognition", "agree": "false_alarm", "single": "read_correct"}[relation]
        for name, part, value in _scores(task, relation, own, called, right):
            asked = str(row.get("input")), str(row.get("target"))
            found[name].append(Item(task, item["item_id"], item["fact_id"], part, float(value), "", asked))
    return {name: items for name, items in found.items() if items}


def _scores(task: str, relation: str, own: str, called: bool, right: bool) -> Iterator[tuple[str, str, bool]]:
    yield own, task, right if relation == "single" else called
    if relation != "single":
        yield "balanced", f"{task} {relation}", right


def _check(task: str, name: str, items: Sequence[Item], said: float | None) -> None:
    """Make sure that the mean of the scores, over parts, is lmms-eval's number, where it has one and every answer was read."""
    parts: dict[str, list[float]] = {}
    for item in items:
        if item.score is None:
            return
        parts.setdefault(item.part, []).append(item.score)
    if said is None or math.isnan(said):
        return
    mean = fmean(map(fmean, parts.values()))
    if abs(mean - said / (100 if name in _PERCENT else 1)) > _SLACK:
        raise ResultsError(
            f"{task}: lmms-eval says {name} {said}, but its items' mean is {mean:.5f}: their form is not understood"
        )
