"""Rows of the tasks of this package, from :mod:`cmqa_tasks.reports.compare`: over the arms of a contrast, then arm by arm.

rows = rows_of({"before": Path("out/before"), "after": Path("out/after")})
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from cmqa_tasks.reports.before_after.scores import MetricRow, Score, ScoreChange, paired
from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.compare.pairs import ArmPair, ContrastPair, compare
from cmqa_tasks.results import Run, RunDirectory, TaskRun, read_runs
from cmqa_tasks.scoring.metrics import balanced


@dataclass(frozen=True, slots=True)
class _Compared:
    """A row of two checkpoints."""

    task: str
    metric: str
    before: Score
    after: Score
    change: ScoreChange


@dataclass(frozen=True, slots=True)
class _Sides:
    """One arm of both checkpoints."""

    pair: ArmPair
    before: TaskRun
    after: TaskRun

    @property
    def balanced(self) -> tuple[float, float]:
        recognition, false_alarm = self.pair.recognition, self.pair.false_alarm
        return balanced(recognition.a, false_alarm.a), balanced(recognition.b, false_alarm.b)


def rows_of(directories: Mapping[str, Path]) -> list[MetricRow]:
    """The rows of every task of ours that the first checkpoint and a later one were evaluated on.

    Raises:
        cmqa_tasks.results.ResultsError: a file is damaged, or the checkpoints have nothing in common.
        cmqa_tasks.attention.store.StoreError: an attention log is damaged.
    """
    runs = {name: read_runs([RunDirectory(directory, name)]) for name, directory in directories.items()}
    first, *later = runs
    scores: dict[tuple[str, str], dict[str, Score]] = {}
    changes: dict[tuple[str, str], dict[str, ScoreChange]] = {}
    for name in later:
        for row in _compared(runs[first], runs[name]):
            scores.setdefault((row.task, row.metric), {first: row.before})[name] = row.after
            changes.setdefault((row.task, row.metric), {})[name] = row.change
    return [MetricRow(task, metric, scores[task, metric], changes[task, metric]) for task, metric in scores]


def _compared(first: Sequence[Run], later: Sequence[Run]) -> Iterator[_Compared]:
    if all(any(not part.single for run in runs for part in run.parts.values()) for runs in (first, later)):
        comparison = compare(first, later)
        arms = [_Sides(pair, _part(first, pair), _part(later, pair)) for pair in comparison.arms]
        for contrast in comparison.contrasts:
            yield from _contrast(contrast, [sides for sides in arms if sides.pair.setting == contrast.setting])
        for sides in arms:
            yield from _arm(sides)
    for run in first:
        for other in later:
            shared = run.parts.keys() & other.parts.keys() if run.setting == other.setting else set()
            for arm in sorted(arm for arm in shared if run.parts[arm].single):
                yield from _paired("read_correct", (run.parts[arm], other.parts[arm]), _read)


def _part(runs: Sequence[Run], pair: ArmPair) -> TaskRun:
    return next(run.parts[pair.arm] for run in runs if run.setting == pair.setting and pair.arm in run.parts)


def _contrast(contrast: ContrastPair, arms: Sequence[_Sides]) -> Iterator[_Compared]:
    """``balanced`` of both groups of arms, and the gap between them."""
    about, setting = contrast.contrast, contrast.setting
    title = f"{about.title} ({setting.protocol} in {setting.language})"
    across, same = ([arm for arm in arms if arm.pair.arm in names] for names in (about.across, about.same))
    yield _row(title, f"balanced, {about.across_name}", across, contrast.across)
    if contrast.same is not None and contrast.gap is not None:
        yield _row(title, f"balanced, {about.same_name}", same, contrast.same)
        gaps = [mine - theirs for mine, theirs in zip(_means(same), _means(across), strict=True)]
        yield _row(title, "gap", [*same, *across], contrast.gap, gaps)


def _row(title: str, metric: str, arms: Sequence[_Sides], difference: Estimate, values: Sequence[float] = ()) -> _Compared:
    before, after = values or _means(arms)
    items, unpaired = (sum(getattr(arm.pair, name) for arm in arms) for name in ("items", "unpaired"))
    scores = _score(before, [arm.before for arm in arms]), _score(after, [arm.after for arm in arms])
    return _Compared(title, metric, *scores, ScoreChange(difference, "paired", items, unpaired))


def _means(arms: Sequence[_Sides]) -> tuple[float, float]:
    return fmean(arm.balanced[0] for arm in arms), fmean(arm.balanced[1] for arm in arms)


def _arm(arm: _Sides) -> Iterator[_Compared]:
    pair, task = arm.pair, arm.before.stamp.task
    yield _row(task, "balanced", [arm], pair.balanced)
    for metric, rate in (("recognition", pair.recognition), ("false_alarm", pair.false_alarm)):
        change = ScoreChange(rate.difference, "paired", pair.items // 2, pair.unpaired, rate.gained, rate.lost, rate.p)
        yield _Compared(task, metric, _score(rate.a, [arm.before]), _score(rate.b, [arm.after]), change)
    yield from _paired("log_density_ratio", (arm.before, arm.after), _attention)


def _paired(
    metric: str, parts: tuple[TaskRun, TaskRun], values_of: Callable[[TaskRun], Mapping[str, float]]
) -> Iterator[_Compared]:
    """A row of a number that every item has of its own; nothing where no item has one in both."""
    before, after = (values_of(part) for part in parts)
    if change := paired(before, after, dict(zip(*_columns(parts[0], "item_id", "fact_id"), strict=True))):
        means = [fmean(values[item] for item in before if item in after) for values in (before, after)]
        shares = parts if values_of is _read else ()
        first, second = (_score(mean, shares[number : number + 1]) for number, mean in enumerate(means))
        yield _Compared(parts[0].stamp.task, metric, first, second, change)


def _score(value: float, parts: Collection[TaskRun]) -> Score:
    """With the shares of answers of these parts that were not read, or that were none."""
    outcomes = [outcome for part in parts for outcome in part.items.column("outcome").to_pylist()]
    unparsed, failed = (outcomes.count(outcome) / len(outcomes) if outcomes else math.nan for outcome in ("unparsed", "failed"))
    return Score(value, unparsed=unparsed, failed=failed)


def _attention(part: TaskRun) -> dict[str, float]:
    """The mean ``log_density_ratio`` of each item that has one."""
    return {item: value for item, value in zip(*_columns(part, "item_id", "log_density_ratio"), strict=True) if value is not None}


def _read(part: TaskRun) -> dict[str, float]:
    """By item, 1 if the piece was read correctly, else 0."""
    return {item: float(outcome == "correct") for item, outcome in zip(*_columns(part, "item_id", "outcome"), strict=True)}


def _columns(part: TaskRun, *names: str) -> Iterator[list[Any]]:
    return (part.items.column(name).to_pylist() for name in names)
