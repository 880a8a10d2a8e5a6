"""The table as Markdown, CSV and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from cmqa_tasks.reports.before_after.pairs import Difference
from cmqa_tasks.reports.before_after.runs import SIDES, Request
from cmqa_tasks.reports.before_after.table import Row
from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.compare.files import with_interval
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.numbers import number, p_value, rounded

FORMAT = 1
NAME = "before_after"
_HEADER = ("task", "metric", "items", "before", "after", "difference", "gained", "lost", "p", "p (Holm)")
_ATTENTION = ("D before", "D after", "difference of D")
_READING = """\
Differences are after − before: of shares in points, of attention in nats, with 95 % intervals from a paired bootstrap over
items, of CMQA and CLQA over facts. Gained and lost are items; p is exact (McNemar's test; where a fact has several items, over
facts), and adjusted by Holm's rule for all rows that have one. D is the log density ratio of attention from the last prompt
token, averaged over layers, heads and items: above 0 it favours the image, of two pieces of one kind the first, of two languages
English. A dash: no number; the notes say why. What each column means: docs/before-after.md."""


def write(rows: Sequence[Row], request: Request) -> list[Path]:
    """Write all three forms into the request's directory, each whole or not at all."""
    forms = {"md": to_markdown(rows, request), "csv": to_csv(rows), "json": to_json(rows, request)}
    return [write_text(request.out / f"{NAME}.{ending}", text) for ending, text in forms.items()]


def to_markdown(rows: Sequence[Row], request: Request) -> str:
    """The table for people, and under it what must be known of single rows."""
    named = "  \n".join(f"{side.capitalize()}: `{request.checkpoints[side]}`" for side in SIDES)
    parts = ["# Before and after", named]
    parts += [f"**Only {request.limit} items of each task were asked (--limit).**"] if request.limit is not None else []
    parts += [markdown.table([*_HEADER, *_ATTENTION], [_cells(row) for row in rows]), _READING]
    notes = [f"* {row.task}: {'; '.join(row.notes)}." for row in rows if row.notes]
    return "\n\n".join([*parts, "\n".join(["Notes:", "", *notes])] if notes else parts) + "\n"


def _cells(row: Row) -> list[str]:
    score, test, read = row.score, row.test, row.attention
    tested = ["–"] * 4 if test is None else [str(test.gained), str(test.lost), p_value(test.p), p_value(row.adjusted)]
    change = with_interval(Estimate(score.value, score.low, score.high))
    cells = [row.task, row.metric or "–", str(row.items), number(score.before), number(score.after), change, *tested]
    return [*cells, number(read.before), number(read.after), _nats(read)]


def _nats(one: Difference) -> str:
    return "–" if math.isnan(one.value) else f"{number(one.value)} [{number(one.low)}, {number(one.high)}]"


def _flat(row: Row) -> dict[str, object]:
    test = row.test
    return {
        "task": row.task,
        "metric": row.metric,
        "items": row.items,
        "clusters": row.clusters,
        "unread": row.unread,
        "unpaired": row.unpaired,
        **_ends("", row.score),
        "gained": None if test is None else test.gained,
        "lost": None if test is None else test.lost,
        "p": None if test is None else rounded(test.p),
        "p_holm": rounded(row.adjusted),
        **_ends("attention_", row.attention),
        "attention_items": row.attention_items,
    }


def _ends(prefix: str, one: Difference) -> Mapping[str, float | None]:
    said = {"before": one.before, "after": one.after, "difference": one.value, "low": one.low, "high": one.high}
    return {f"{prefix}{name}": rounded(value) for name, value in said.items()}


def to_csv(rows: Sequence[Row]) -> str:
    """A line per row, shares as shares."""
    return spreadsheet.to_csv([_flat(row) | {"notes": "; ".join(row.notes)} for row in rows])


def to_json(rows: Sequence[Row], request: Request) -> str:
    """The same, with the arguments of the evaluations."""
    made = {side: {task: request.arguments(side, task) for task in request.tasks} for side in SIDES}
    flat = [_flat(row) | {"notes": list(row.notes)} for row in rows]
    return json.dumps({"format": FORMAT, "rows": flat, "arguments": made}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
