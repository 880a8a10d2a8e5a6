"""The evaluations behind the table: one directory per checkpoint and task, with the arguments that it was made with.

    OUT/before/mmmu_val/arguments.json      what was asked for
    OUT/before/mmmu_val/…                   lmms-eval's files, and the attention
    OUT/before/log.txt                      what the last process printed

A task that has been evaluated with the same arguments is left alone, so a run that was stopped goes on where it was. Only the
task that was running is lost.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmqa_tasks.harness.evaluations import check_path, evaluate
from cmqa_tasks.reports.before_after import checks
from cmqa_tasks.reports.before_after.benchmarks import leaves
from cmqa_tasks.results import ResultsError, latest_results
from cmqa_tasks.writing.progress import steps

TASKS = (
    "blink",
    "mmmu_val",
    "mathvista_testmini",
    "scienceqa_img",
    "cmqa_unimodal",
    "cmqa_crossmodal",
    "clqa_monolingual",
    "clqa_crosslingual",
)
"""What is evaluated unless ``--tasks`` says otherwise."""
_ARGUMENTS = "arguments.json"
_FREE = ("device", "device_map")
"""Model arguments that do not change an answer."""
_JUDGED, _JUDGE = "mathvista", "gpt-4o-2024-11-20"
"""Tasks whose answers a language model reads, and lmms-eval's default for it."""
_NO_JUDGE = "a language model reads its answers, and none is set: OPENAI_API_KEY, see docs/before-after.md"
_PACKAGES = ("cmqa-tasks", "lmms-eval", "transformers")


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    Raises:
        ValueError: a value that does not exist, that lmms-eval would misread or that this command sets itself; the message names
            it.
    """

    checkpoints: Mapping[str, str]
    """By name, hub ids or directories; the first one is what the others are compared with."""
    out: Path
    tasks: tuple[str, ...] = TASKS
    model_args: str = ""
    """As lmms-eval's, for all checkpoints: ``dtype=bfloat16``."""
    gen_kwargs: str | None = None
    """As lmms-eval's, for all tasks."""
    batch_size: int = 1
    limit: int | None = None
    """Items per task, for a quick look."""

    def __post_init__(self) -> None:
        check_path("--out", self.out)
        checks.check_checkpoint_names(tuple(self.checkpoints))
        for name, checkpoint in self.checkpoints.items():
            checks.check_checkpoint(checks.option(name), checkpoint)
            check_path(checks.option(name), _absolute(checkpoint))
        checks.model_args(self.model_args)
        checks.check_tasks(self.tasks)
        for option, number in (("--batch-size", self.batch_size), ("--limit", self.limit)):
            if number is not None and number < 1:
                raise ValueError(f"{option} {number}: at least 1")

    @property
    def first(self) -> str:
        """The checkpoint that the others are compared with."""
        return next(iter(self.checkpoints))

    def directory(self, name: str, task: str) -> Path:
        """Where the evaluation of a task lies."""
        return self.out / name / task

    def arguments(self, name: str, task: str) -> dict[str, Any]:
        """What makes a task's numbers, as it is kept beside them."""
        checkpoint = self.checkpoints[name]
        model_args = checks.model_args(self.model_args)
        return {
            "task": task,
            "checkpoint": _absolute(checkpoint),
            "checkpoint_files": _fingerprint(Path(checkpoint)),
            "model_args": {name: model_args[name] for name in sorted(model_args) if name not in _FREE},
            "gen_kwargs": self.gen_kwargs,
            "limit": self.limit,
            "judge": judge_of(task),
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
        }

    def config(self, name: str, task: str) -> dict[str, Any]:
        """The evaluation of a task, as lmms-eval's ``--config`` reads it."""
        out = self.directory(name, task)
        ours = f"pretrained={_absolute(self.checkpoints[name])},attention=on,attention_path={out / 'attention'}"
        optional = {"limit": self.limit, "gen_kwargs": self.gen_kwargs}
        return {
            "model": "cmqa_hf",
            "model_args": f"{ours},{self.model_args}" if self.model_args else ours,
            "tasks": task,
            "batch_size": self.batch_size,
            "log_samples": True,
            "output_path": str(out),
        } | {name: value for name, value in optional.items() if value is not None}


def _absolute(checkpoint: str) -> str:
    return str(Path(checkpoint).resolve()) if Path(checkpoint).exists() else checkpoint


def _fingerprint(directory: Path) -> str | None:
    """Tells whether the files of a local checkpoint have changed, by names, sizes and times; None for a hub id."""
    if not directory.is_dir():
        return None
    stats = [(path.name, path.stat()) for path in sorted(directory.iterdir()) if path.is_file()]
    text = json.dumps([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_ours(task: str) -> bool:
    """Whether a task is one of this package."""
    return task.startswith(("cmqa_", "clqa_"))


def judge_of(task: str) -> str | None:
    """The language model that reads the answers of a task, as lmms-eval takes it from the environment; None for no model."""
    kind = os.environ.get("API_TYPE") or ("openai" if os.environ.get("OPENAI_API_KEY") else None)
    if not task.startswith(_JUDGED) or kind in (None, "dummy"):
        return None
    return f"{kind}: {os.environ.get('MODEL_VERSION', _JUDGE)}"


def run(request: Request) -> dict[tuple[str, str], str]:
    """Evaluate what has not been evaluated, in one process per checkpoint.

    Returns:
        Why a task has no results, by checkpoint and task; empty if all have.

    Raises:
        ResultsError: an evaluation with other arguments lies where this one belongs, or something that is none.
        ValueError: a hub's checkpoint that is still to be evaluated cannot be had.
    """
    todo = missing(request)
    revision = checks.model_args(request.model_args).get("revision", "main")
    checks.reach({name: request.checkpoints[name] for name, tasks in todo.items() if tasks}, revision)
    failed: dict[tuple[str, str], str] = {}
    names = [name for name, tasks in todo.items() if tasks]
    with steps("cmqa before-after", len(names)) as begin:
        for name in names:
            begin(f"evaluating {name}")
            failed |= {(name, task): why for task, why in _evaluate(request, name, todo[name]).items()}
    return failed


def missing(request: Request) -> dict[str, list[str]]:
    """The tasks that have not been evaluated, or not to the end, by checkpoint.

    Raises:
        ResultsError: as :func:`run`.
    """
    return {name: [task for task in request.tasks if not _done(request, name, task)] for name in request.checkpoints}


def _done(request: Request, name: str, task: str) -> bool:
    directory = request.directory(name, task)
    if not directory.exists():
        return False
    path = directory / _ARGUMENTS
    if not path.is_file():
        raise ResultsError(f"{directory} exists and was not made by this command: choose another --out")
    there, here = json.loads(path.read_text(encoding="utf-8")), request.arguments(name, task)
    different = [argument for argument in here | there if there.get(argument) != here.get(argument)]
    if different:
        listed = "; ".join(f"{name} {there.get(name)!r} there, {here.get(name)!r} here" for name in different)
        raise ResultsError(f"{directory} was evaluated with other arguments ({listed}): choose another --out or remove it")
    return _complete(directory, task)


def _complete(directory: Path, task: str) -> bool:
    """Whether the results hold the task, and the samples as many rows as they say."""
    try:
        results = latest_results(directory)
    except ResultsError:
        return False
    counts = results.n_samples
    return all(_rows(directory, leaf) == counts.get(leaf, {}).get("effective") for leaf in leaves(results, task))


def _rows(directory: Path, leaf: str) -> int:
    files = sorted(directory.rglob(f"*_samples_{leaf}.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return files[-1].read_bytes().count(b"\n") if files else 0


def _evaluate(request: Request, name: str, tasks: Sequence[str]) -> dict[str, str]:
    """Evaluate tasks; why those failed that did."""
    unjudged = [task for task in tasks if task.startswith(_JUDGED) and judge_of(task) is None]
    todo = [task for task in tasks if task not in unjudged]
    for task in todo:
        _prepare(request, name, task)
    failures = evaluate([request.config(name, task) for task in todo], request.out / name, {}) if todo else []
    reasons = {task: str(failure or "its results are incomplete") for task, failure in zip(todo, failures, strict=True)}
    failed = {task: why for task, why in reasons.items() if not _complete(request.directory(name, task), task)}
    for task in failed:  # half an evaluation is not read by anybody
        _prepare(request, name, task)
    return failed | dict.fromkeys(unjudged, _NO_JUDGE)


def _prepare(request: Request, name: str, task: str) -> None:
    """A directory for a task's evaluation that holds nothing but its arguments."""
    directory = request.directory(name, task)
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    (directory / _ARGUMENTS).write_text(json.dumps(request.arguments(name, task), indent=1) + "\n", encoding="utf-8")
