"""``cmqa demo`` (what ``make eval`` runs): the miniature's checkpoints that ship, before and after mixing, in one table.

Both are evaluated by the real lmms-eval on every task of the miniature, with attention logged, beside two policies of known
behaviour on the same items. Nothing is downloaded. How they were made: ``experiments/mini`` in the source.

    print(run(Path("runs/demo")))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cmqa_tasks.attention import store
from cmqa_tasks.attention.rows import AttentionRow
from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.harness.catalogue import MINI_GROUPS, mini_task_name
from cmqa_tasks.harness.evaluations import DEMO, OFFLINE, begin, check_path, evaluate
from cmqa_tasks.results import latest_samples
from cmqa_tasks.scoring.statistics.bootstrap import Array, interval, resampled, widened
from cmqa_tasks.writing import markdown

TASKS = ("cmqa_mini", "clqa_mini")
PAIR = {"mini_dataset": "dataset", "mini_instance": "instance"}
"""Names of the checkpoints that ship, before and after mixing, and the strategies that they were trained under last."""
BATCH = 64
BEFORE, AFTER = PAIR
POLICIES = ("oracle", "follow_image")
"""They stand beside: what the best and the worst reader of contradictions get."""
RESAMPLES = 10_000
_LEGEND = f"""recognition: share of contradictions that are called so; false alarms: share of agreeing pairs that are; attention:
share of the first-named piece (the picture, the English note, the first) in what the last prompt token gives to both.
{BEFORE} was trained with one kind of evidence per example, {AFTER} with two mixed inside each, which never contradicted each
other. docs/mini.md says what this shows and what not."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One response, scored."""

    group: str
    task: str
    item: str
    fact: str
    relation: str
    outcome: str
    """``conflict``, ``first``, ``second``, ``correct`` … as in :mod:`cmqa_tasks.facts.records`."""
    followed_image: bool
    """Whether a conflict item of a page and a note was answered with the page's value."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of items."""

    name: str
    group: str
    relation: str
    outcomes: tuple[str, ...]
    """Outcomes that count; ``image`` and ``note`` are the sides that a conflict item of both kinds followed."""

    def counts(self, row: Answered) -> bool | None:
        """Whether an item counts; None if the figure is not about it."""
        if row.group != self.group or row.relation != self.relation:
            return None
        return row.outcome in self.outcomes or ("image" in self.outcomes and row.followed_image)


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
    answers = {name: answered(out / name) for name in (*POLICIES, *PAIR)}
    header = [
        "evidence",
        "model",
        "read right",
        "recognition (95 %)",
        "false alarms",
        "follows picture",
        "attention on the first-named",
    ]
    rows = [row for context in CONTEXTS for row in _block(context, answers, out)]
    return markdown.table(header, rows, words=2)


def _block(context: Context, answers: Mapping[str, Sequence[Answered]], out: Path) -> Iterator[list[str]]:
    if context.group.endswith("single"):
        for name, rows in answers.items():
            yield [context.title, name, _mean(rows, context, "single", "correct"), "", "", "", ""]
        return
    for name, rows in answers.items():
        read, alarms = (_mean(rows, context, "agree", outcome) for outcome in ("correct", "conflict"))
        recognised = list(_per_fact(rows, context, "conflict", "conflict").values())
        followed = _mean(rows, context, "conflict", "image") if context.image else ""
        attended = f"{share(out / name, context.arms):.2f}" if name in PAIR else ""
        yield [context.title, name, read, _interval(recognised, (0.0, 1.0), ""), alarms, followed, attended]
    before, after = (_per_fact(answers[name], context, "conflict", "conflict") for name in (BEFORE, AFTER))
    moved = _interval([after[fact] - before[fact] for fact in before], (-1.0, 1.0), "+")
    yield [context.title, f"{AFTER} − {BEFORE}", "", moved, "", "", ""]


def _per_fact(rows: Sequence[Answered], context: Context, relation: str, outcome: str) -> dict[str, float]:
    return per_fact(rows, Figure("", context.group, relation, (outcome,)))


def _mean(rows: Sequence[Answered], context: Context, relation: str, outcome: str) -> str:
    return f"{np.mean(list(_per_fact(rows, context, relation, outcome).values())):.3f}"


def _interval(values: Sequence[float], reach: tuple[float, float], sign: str) -> str:
    """A mean over facts with its interval, by the same bootstrap as leaderboards."""
    column: Array = np.array(values)[:, None]
    low, high = interval(resampled(column, RESAMPLES) / len(values), len(values))
    low, high = widened(low, high, len(values), reach)
    return f"{column.mean():{sign}.3f} ({low[0]:{sign}.2f} to {high[0]:{sign}.2f})".replace("-", "−")


def configuration(checkpoint: str, out: Path) -> dict[str, Any]:
    """How lmms-eval evaluates a checkpoint on every task of the miniature, attention logged, into a directory."""
    arguments = {"pretrained": checkpoint, "dtype": "float32", "attention": "on", "attention_path": out / "attention"}
    return {
        "model": "cmqa_hf",
        "model_args": ",".join(f"{key}={value}" for key, value in arguments.items()),
        "tasks": ",".join(TASKS),
        "batch_size": BATCH,
        "log_samples": True,
        "output_path": str(out),
    }


def environment() -> dict[str, str]:
    """Offline, and on one thread unless the user says otherwise: for so small a model, threads mostly wait for each other."""
    return {**OFFLINE, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}


def is_evaluated(out: Path) -> bool:
    """Whether a directory has samples of every task."""
    names = [name for _, name in task_names()]
    return all(any(out.rglob(f"*_samples_{name}.jsonl")) for name in names)


def task_names() -> Iterator[tuple[str, str]]:
    """(group, task) of every task of the miniature."""
    for group, members in MINI_GROUPS.items():
        for arm, language in members:
            yield group, mini_task_name(ARMS[arm], language)


def answered(out: Path) -> list[Answered]:
    """Every response of an evaluated checkpoint.

    Raises:
        ResultsError: a task's samples are missing.
    """
    return [_answer(group, task, row) for group, task in task_names() for row in latest_samples(out, task)]


def _answer(group: str, task: str, row: Mapping[str, Any]) -> Answered:
    item = row[ITEM_KEY]
    image = {"image_text": "first", "image_zhtext": "first", "text_image": "second", "zhtext_image": "second"}.get(item["arm"])
    return Answered(
        group=group,
        task=task,
        item=item["item_id"],
        fact=item["fact_id"],
        relation=item["relation"],
        outcome=item["outcome"],
        followed_image=item["relation"] == "conflict" and item["outcome"] == image,
    )


def per_fact(rows: Iterable[Answered], figure: Figure) -> dict[str, float]:
    """The figure of each fact, over its items."""
    marks_of: dict[str, list[bool]] = {}
    for row in rows:
        counted = figure.counts(row)
        if counted is not None:
            marks_of.setdefault(row.fact, []).append(counted)
    return {fact: sum(marks) / len(marks) for fact, marks in marks_of.items()}


def masses(row: AttentionRow) -> list[Array]:
    """The attention on A, the first-named piece, and on B, the other one, each [layers × heads]."""
    return [np.exp(row.grid(f"log_mass_{side}").astype(np.float64)) for side in "ab"]


def mass_ratio(row: AttentionRow) -> Array:
    """Nats, [1]: ln of the mass on A over the mass on B. Masses are summed over layers and heads before they are divided: heads
    count by how much of the evidence they read, and the many that read none of it do not.
    """
    a, b = (np.nansum(mass) for mass in masses(row))
    return np.log([a / b])


def by_arm(directory: Path, figure: Callable[[AttentionRow], Array]) -> dict[str, Array]:
    """Mean of a figure of the last prompt token's attention over the contradicting items of each arm."""
    figures: dict[str, list[Array]] = {}
    for log in sorted((directory / "attention").iterdir()):
        for row in store.read(store.merge(log)):
            if row.aggregate == "last_prompt" and row.relation == "conflict":
                figures.setdefault(str(row.arm), []).append(figure(row))
    return {arm: np.mean(values, axis=0) for arm, values in figures.items()}


def share(directory: Path, arms: Sequence[str]) -> float:
    """A's share of the mass on both pieces, over some arms, each weighing the same."""
    shares = by_arm(directory, lambda row: 1 / (1 + np.exp(-mass_ratio(row))))
    return float(np.mean([shares[arm] for arm in arms]))
