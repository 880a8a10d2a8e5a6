"""The table: a row per task and metric, from two directories of evaluations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cmqa_tasks.attention.store import locate
from cmqa_tasks.reports.before_after.items import Item, items_of
from cmqa_tasks.reports.before_after.pairs import Difference, Exact, Pairs, attention, difference, exact, pair
from cmqa_tasks.reports.before_after.runs import SIDES, Request, Side, leaves
from cmqa_tasks.results import ResultsError, ResultsFile, latest_results
from cmqa_tasks.results.attention import by_item
from cmqa_tasks.scoring.statistics.paired import holm

_REACH = (-1.0, 1.0)
_SLACK = 1e-4
_MEANS = ("balanced",)
"""Metrics whose items are right or wrong, but which are no share of them: they get no test."""


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one task."""

    task: str
    metric: str = ""
    items: int = 0
    """That both checkpoints have, with a score in both."""
    clusters: int = 0
    """Facts; of other tasks, items."""
    unread: int = 0
    """Further items that both have, but whose answer in one of the two only a judge could have read."""
    unpaired: int = 0
    """Items that only one of the two has."""
    score: Difference = field(default_factory=Difference)
    test: Exact | None = None
    adjusted: float = math.nan
    """``test.p``, adjusted for all rows of the table that have one (Holm)."""
    attention: Difference = field(default_factory=Difference)
    """Of the log density ratio D, averaged over layers, heads and items."""
    attention_items: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """A task of both checkpoints."""

    task: str
    results: tuple[ResultsFile, ResultsFile]
    items: Mapping[str, tuple[Mapping[str, list[Item]], Mapping[str, list[Item]]]]
    """By task with items of its own, for both checkpoints: by metric."""
    logged: tuple[Mapping[str, float], Mapping[str, float]]
    """Mean D by item."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """All that a member of the group has."""
        return tuple(dict.fromkeys(name for before, _ in self.items.values() for name in before))


def table(request: Request, failed: Mapping[tuple[Side, str], str]) -> list[Row]:
    """All rows, tasks in the order of the request.

    Args:
        request: whose evaluations lie in its directory.
        failed: why some have no results; they get a row that says so.
    """
    found: list[Row] = []
    for task in request.tasks:
        why = tuple(f"not evaluated {side}: {failed[side, task]}" for side in SIDES if (side, task) in failed)
        found += [Row(task, notes=why)] if why else _rows(request, task)
    adjusted = holm([row.test.p if row.test else math.nan for row in found])
    return [replace(row, adjusted=value) for row, value in zip(found, adjusted, strict=True)]


def _rows(request: Request, task: str) -> list[Row]:
    try:
        return list(_made(_evaluated(request, task)))
    except ResultsError as error:
        return [Row(task, notes=(f"no number: {error}",))]


def _evaluated(request: Request, task: str) -> _Evaluated:
    one, other = (request.directory(side, task) for side in SIDES)
    results = latest_results(one), latest_results(other)
    members, others = (leaves(result, task) for result in results)
    if members != others:
        raise ResultsError(f"{task} stands for {', '.join(members)} before and for {', '.join(others)} after")
    items = {leaf: (items_of(one, results[0], leaf), items_of(other, results[1], leaf)) for leaf in members}
    return _Evaluated(task, results, items, (_logged(one, members), _logged(other, members)))


def _logged(directory: Path, members: Sequence[str]) -> dict[str, float]:
    logs = locate(directory)  # the checkpoint's own: nothing else is evaluated into this directory
    return {item: value for leaf in members for item, value in by_item(leaf, logs).items()}


def _made(one: _Evaluated) -> Iterator[Row]:
    """A row per metric; of metrics that a group has no number of, of each member. The first of each shows the attention."""
    numbers = {name: [result.metric(one.task, name) for result in one.results] for name in one.metrics}
    alone = list(one.items) == [one.task]
    whole = [name for name, said in numbers.items() if alone or all(value is not None for value in said)]
    for name in whole:
        yield _row(one, one.task, list(one.items), name, numbers[name], with_attention=name == whole[0])
    for leaf, (before, _) in one.items.items():
        rest = [name for name in before if name not in whole]
        for name in rest:
            yield _row(one, leaf, [leaf], name, [None, None], with_attention=not whole and name == rest[0])


def _row(
    one: _Evaluated, task: str, members: Sequence[str], name: str, whole: Sequence[float | None], *, with_attention: bool
) -> Row:
    before, after = ([item for leaf in members for item in one.items[leaf][side].get(name, ())] for side in (0, 1))
    pairs = pair(before, after)
    reach = _REACH if pairs.binary else None
    pooled = len(members) > 1 and _pooled(task, pairs, whole)
    row = Row(
        task,
        name,
        pairs.items,
        _clusters(pairs),
        pairs.unread,
        pairs.unpaired,
        Difference() if pairs.unread else difference(pairs, pooled, reach),
        exact(pairs) if pairs.binary and not pairs.unread and name not in _MEANS else None,
        notes=tuple(_notes(pairs, before, after)),
    )
    if not with_attention:
        return row
    read = attention((before, after), one.logged)
    return replace(row, attention=difference(read, False, None), attention_items=read.items)


def _clusters(pairs: Pairs) -> int:
    return int(pairs.clusters.max()) + 1 if pairs.items else 0


def _pooled(task: str, pairs: Pairs, whole: Sequence[float | None]) -> bool:
    """Whether a group's number is a mean over all items, as of the two is lmms-eval's own; else it is over members.

    Raises:
        ResultsError: it is neither.
    """
    if pairs.unpaired or pairs.unread:
        return False
    for pooled in (False, True):
        found = difference(pairs, pooled, None, resamples=1)
        near = (abs(mine - theirs) for mine, theirs in zip((found.before, found.after), whole, strict=True) if theirs is not None)
        if all(off <= _SLACK for off in near):
            return pooled
    raise ResultsError(f"lmms-eval's number for {task} ({whole}) is no mean over its members or items")


def _notes(pairs: Pairs, before: Sequence[Item], after: Sequence[Item]) -> Iterator[str]:
    if pairs.unpaired:
        yield f"{pairs.unpaired} items that only one of the two has are left out"
    for side, items in zip(SIDES, (before, after), strict=True):
        for note, count in sorted(Counter(item.note for item in items if item.note).items()):
            yield f"{side}: {count} of {len(items)} {note}"
