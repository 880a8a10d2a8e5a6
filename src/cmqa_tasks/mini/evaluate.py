"""Evaluates checkpoints of the miniature through lmms-eval's command line, with attention logged, and reads what came out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.harness.catalogue import MINI_GROUPS, mini_task_name
from cmqa_tasks.harness.evaluations import OFFLINE, evaluate
from cmqa_tasks.results import latest_samples

TASKS = ("cmqa_mini", "clqa_mini")
BATCH = 64


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


def evaluate_checkpoints(checkpoints: Mapping[str, Path], out: Path, limit: int | None = None) -> None:
    """Evaluate checkpoints on every task of the miniature; what has been evaluated before is left alone.

    Args:
        checkpoints: by name.
        out: gets a directory per name, with lmms-eval's files and the attention.
        limit: items per task, for a quick look.

    Raises:
        EvaluationError: an evaluation failed.
    """
    missing = {name: path for name, path in checkpoints.items() if not is_evaluated(out / name)}
    if not missing:
        return
    out.mkdir(parents=True, exist_ok=True)
    limited = {} if limit is None else {"limit": limit}
    for failure in evaluate(
        [configuration(str(path), out / name) | limited for name, path in missing.items()], out, environment()
    ):
        if failure is not None:
            raise failure


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
