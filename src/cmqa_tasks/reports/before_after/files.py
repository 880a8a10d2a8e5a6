"""The table as Markdown, CSV and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from cmqa_tasks.reports.before_after.runs import Request
from cmqa_tasks.reports.before_after.scores import MetricRow, Score, ScoreChange
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.numbers import NOTHING, number, p_value, rounded, signed, significant

FORMAT = 2
"""Raised when a field of the JSON form changes its meaning."""
NAME = "before_after"
_SCORES = """\
Scores of other benchmarks are lmms-eval's, ± its standard error. Beside those of this package's tasks stand the shares of
answers that could not be read (unparsed) and of requests that failed. What lmms-eval could not read counts as wrong in its
scores; it does not say how much that is. `log_density_ratio` compares attention per token on the two pieces, in nats: above 0
it favours the image, the first of two alike, or English."""
_CHANGES = """\
Differences are in the units of the score, with 95 % intervals: from a paired bootstrap over facts (this package's tasks) or
items, or, marked ~, from the two standard errors, as if the items were different ones. Gained and lost are items. p is
McNemar's exact test, adjusted by Holm's rule for all rows that have one. A dash: no number. What each column means:
docs/before-after.md."""


def write(rows: Sequence[MetricRow], request: Request) -> list[Path]:
    """Write all three forms into the request's directory, each whole or not at all."""
    forms = {"md": to_markdown(rows, request), "csv": to_csv(rows, request), "json": to_json(rows, request)}
    return [write_text(request.out / f"{NAME}.{ending}", text) for ending, text in forms.items()]


def to_markdown(rows: Sequence[MetricRow], request: Request) -> str:
    """The tables for people, and under them what must be known of single rows."""
    names = list(request.checkpoints)
    title = "Before and after" if names == ["before", "after"] else f"{len(names)} checkpoints"
    parts = [f"# {title}", "  \n".join(f"{name}: `{markdown.code(path)}`" for name, path in request.checkpoints.items())]
    parts += [f"**Only {request.limit} items of each task were asked (--limit).**"] if request.limit is not None else []
    shown = [row for row in rows if row.metric]
    if shown:
        scores = [[row.task, row.metric, *(_cell(row.scores.get(name)) for name in names)] for row in shown]
        changes = [_changed(row, name, change) for row in shown for name, change in row.changes.items()]
        header = ("task", "metric", "checkpoint", "difference", "gained", "lost", "p", "p (Holm)", "items", "unpaired")
        parts += ["## Scores", markdown.table(["task", "metric", *names], scores), _SCORES]
        parts += [f"## Differences from {request.first}", markdown.table(header, changes, words=3), _CHANGES]
    notes = [f"* {row.task}: {markdown.plain('; '.join(row.notes))}." for row in rows if row.notes]
    return "\n\n".join([*parts, "\n".join(["Notes:", "", *notes])] if notes else parts) + "\n"


def _cell(score: Score | None) -> str:
    if score is None or math.isnan(score.value):
        return NOTHING
    spread = "" if math.isnan(score.stderr) else f" ± {number(score.stderr)}"
    shares = (("unparsed", score.unparsed), ("failed", score.failed))
    beside = [f"{name} {_percent(share)}" for name, share in shares if share > 0 or (name == "unparsed" and share == 0)]
    return f"{number(score.value)}{spread}" + (f" ({', '.join(beside)})" if beside else "")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share else "0"


def _changed(row: MetricRow, name: str, change: ScoreChange) -> list[str]:
    counts = [NOTHING if count is None else str(count) for count in (change.gained, change.lost)]
    items = [str(change.items), str(change.unpaired)] if change.way == "paired" else [NOTHING, NOTHING]
    return [row.task, row.metric, name, _difference(change), *counts, p_value(change.p), p_value(change.adjusted), *items]


def _difference(change: ScoreChange) -> str:
    difference, mark = change.difference, "~" if change.way == "unpaired" else ""
    return signed(difference.value) + (
        "" if math.isnan(difference.low) else f" {mark}[{signed(difference.low)}, {signed(difference.high)}]"
    )


def to_csv(rows: Sequence[MetricRow], request: Request) -> str:
    """A line per row and later checkpoint."""
    return spreadsheet.to_csv([line | {"notes": "; ".join(row.notes)} for row in rows for line in _flat(row, request)])


def to_json(rows: Sequence[MetricRow], request: Request) -> str:
    """The same, with the arguments of the evaluations."""
    arguments = {name: {task: request.arguments(name, task) for task in request.tasks} for name in request.checkpoints}
    lines = [line | {"notes": list(row.notes)} for row in rows for line in _flat(row, request)]
    content = {"format": FORMAT, "rows": lines, "arguments": arguments}
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _flat(row: MetricRow, request: Request) -> Iterator[dict[str, object]]:
    """For each later checkpoint; one line of a row without any."""
    nothing = Score(math.nan)
    for name in row.changes or ("",):
        change, before, after = row.changes.get(name), row.scores.get(request.first, nothing), row.scores.get(name, nothing)
        yield {
            "task": row.task,
            "metric": row.metric,
            "first": request.first,
            "checkpoint": name,
            "items": change.items if change else 0,
            "unpaired": change.unpaired if change else 0,
            "before": rounded(before.value),
            "after": rounded(after.value),
            "before_stderr": rounded(before.stderr),
            "after_stderr": rounded(after.stderr),
            "unparsed_before": rounded(before.unparsed),
            "unparsed_after": rounded(after.unparsed),
            "failed_before": rounded(before.failed),
            "failed_after": rounded(after.failed),
            "interval": change.way if change else "",
            "difference": rounded(change.difference.value) if change else None,
            "low": rounded(change.difference.low) if change else None,
            "high": rounded(change.difference.high) if change else None,
            "gained": change.gained if change else None,
            "lost": change.lost if change else None,
            "p": significant(change.p) if change else None,
            "p_holm": significant(change.adjusted) if change else None,
        }
