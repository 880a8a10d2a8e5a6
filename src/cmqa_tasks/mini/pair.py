"""``cmqa demo`` (what ``make eval`` runs): the checkpoints that ship, before and after mixing, in one table.

Both are evaluated by the real lmms-eval on every task of the miniature, with attention logged, beside two policies of known
behaviour on the same items. Nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmqa_tasks.harness.evaluations import DEMO, begin, check_path, evaluate
from cmqa_tasks.mini.attended import share
from cmqa_tasks.mini.evaluate import TASKS, Answered, answered, configuration, environment
from cmqa_tasks.mini.ship import PAIR
from cmqa_tasks.mini.table import Figure, per_fact
from cmqa_tasks.scoring.statistics.bootstrap import Array, interval, resampled, widened
from cmqa_tasks.writing import markdown

BEFORE, AFTER = PAIR
POLICIES = ("oracle", "follow_image")
"""They stand beside: what the best and the worst reader of contradictions get."""
_RESAMPLES = 10_000
_LEGEND = f"""recognition: share of contradictions that are called so; false alarms: share of agreeing pairs that are; attention:
share of the first-named piece (the picture, the English note, the first) in what the last prompt token gives to both.
{BEFORE} was trained with one kind of evidence per example, {AFTER} with two mixed inside each, which never contradicted each
other. docs/mini.md says what this shows and what not."""


@dataclass(frozen=True, slots=True)
class Context:
    """One kind of context."""

    title: str
    group: str
    arms: tuple[str, ...] = ()
    """Of two pieces."""
    image: bool = False
    """Whether the picture is one of two pieces."""


CONTEXTS = (
    Context("one picture, or one note", "cmqa_mini_single"),
    Context("two pictures, or two notes", "cmqa_mini_unimodal", ("image_image", "text_text")),
    Context("picture and note", "cmqa_mini_crossmodal", ("image_text", "text_image"), image=True),
    Context("picture and Chinese note", "cmqa_mini_bilingual", ("image_zhtext", "zhtext_image"), image=True),
    Context("two notes in one language", "clqa_mini_monolingual", ("en_en", "zh_zh")),
    Context("English and Chinese note", "clqa_mini_crosslingual", ("en_zh", "zh_en")),
)
"""The table's blocks: pieces that stand together."""


def run(out: Path, limit: int | None = None) -> str:
    """Evaluate and return the table.

    Args:
        out: directory for the harness's own output, a directory per model; a previous demo in it is replaced.
        limit: items per task, for a quick look.

    Raises:
        EvaluationError: an evaluation failed.
        FileExistsError: ``out`` holds something else than a demo.
        ValueError: lmms-eval would misread the path of ``out``.
    """
    check_path("--out", out)
    begin(out, DEMO)
    limited = {} if limit is None else {"limit": limit}
    for failure in evaluate([config | limited for config in _configurations(out)], out, environment()):
        if failure is not None:
            raise failure
    return f"{table(out)}\n\n{_LEGEND}"


def _configurations(out: Path) -> Iterator[dict[str, Any]]:
    for name in POLICIES:
        arguments = {"model": "cmqa_reference", "model_args": f"policy={name}", "tasks": ",".join(TASKS)}
        yield arguments | {"log_samples": True, "output_path": str(out / name)}
    for name in PAIR:
        yield configuration(f"cmqa:{name}", out / name)


def table(out: Path) -> str:
    """The Markdown table of an evaluated demo: a row per context and model, and the paired difference that mixing makes."""
    found = {name: answered(out / name) for name in (*POLICIES, *PAIR)}
    header = [
        "evidence",
        "model",
        "read right",
        "recognition (95 %)",
        "false alarms",
        "follows picture",
        "attention on the first-named",
    ]
    rows = [row for context in CONTEXTS for row in _block(context, found, out)]
    return markdown.table(header, rows, words=2)


def _block(context: Context, found: Mapping[str, Sequence[Answered]], out: Path) -> Iterator[list[str]]:
    if context.group.endswith("single"):
        for name, rows in found.items():
            yield [context.title, name, _mean(rows, context, "single", "correct"), "", "", "", ""]
        return
    for name, rows in found.items():
        read, alarms = (_mean(rows, context, "agree", outcome) for outcome in ("correct", "conflict"))
        recognised = list(_per_fact(rows, context, "conflict", "conflict").values())
        followed = _mean(rows, context, "conflict", "image") if context.image else ""
        attended = f"{share(out / name, context.arms):.2f}" if name in PAIR else ""
        yield [context.title, name, read, _interval(recognised, (0.0, 1.0), ""), alarms, followed, attended]
    before, after = (_per_fact(found[name], context, "conflict", "conflict") for name in (BEFORE, AFTER))
    moved = _interval([after[fact] - before[fact] for fact in before], (-1.0, 1.0), "+")
    yield [context.title, f"{AFTER} − {BEFORE}", "", moved, "", "", ""]


def _per_fact(rows: Sequence[Answered], context: Context, relation: str, outcome: str) -> dict[str, float]:
    return per_fact(rows, Figure("", context.group, relation, (outcome,)))


def _mean(rows: Sequence[Answered], context: Context, relation: str, outcome: str) -> str:
    return f"{np.mean(list(_per_fact(rows, context, relation, outcome).values())):.3f}"


def _interval(values: Sequence[float], reach: tuple[float, float], sign: str) -> str:
    """A mean over facts with its interval, by the same bootstrap as leaderboards."""
    column: Array = np.array(values)[:, None]
    low, high = interval(resampled(column, _RESAMPLES) / len(values), len(values))
    low, high = widened(low, high, len(values), reach)
    return f"{column.mean():{sign}.3f} ({low[0]:{sign}.2f} to {high[0]:{sign}.2f})".replace("-", "−")
