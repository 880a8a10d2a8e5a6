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
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cmqa_tasks.harness.evaluations import check_path, evaluate
from cmqa_tasks.reports.before_after import checks
from cmqa_tasks.reports.before_after.judge import judge_of
from cmqa_tasks.results import ResultsError, ResultsFile, latest_results

Side = Literal["before", "after"]
SIDES: tuple[Side, Side] = ("before", "after")
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
_PACKAGES = ("cmqa-tasks", "lmms-eval", "transformers")


@dataclass(frozen=True, slots=True)
class Request:
    """What a command line asks for.

    Raises:
        ValueError: a value that does not exist, that lmms-eval would misread or that this command sets itself; the message names
            it.
    """

    checkpoints: Mapping[Side, str]
    """Hub ids or directories."""
    out: Path
    tasks: tuple[str, ...] = TASKS
    model_args: str = ""
    """As lmms-eval's, for both checkpoints: ``dtype=bfloat16``."""
    gen_kwargs: str | None = None
    """As lmms-eval's, for all tasks."""
    batch_size: int = 1
    limit: int | None = None
    """Items per task, for a quick look."""

    def __post_init__(self) -> None:
        check_path("--out", self.out)
        for side, checkpoint in self.checkpoints.items():
            checks.check_checkpoint(f"--{side}", checkpoint)
            check_path(f"--{side}", _place(checkpoint))
        checks.model_args(self.model_args)
        checks.check_tasks(self.tasks)
        for option, number in (("--batch-size", self.batch_size), ("--limit", self.limit)):
            if number is not None and number < 1:
                raise ValueError(f"{option} {number}: at least 1")

    def directory(self, side: Side, task: str) -> Path:
        """Where the evaluation of a task lies."""
        return self.out / side / task

    def arguments(self, side: Side, task: str) -> dict[str, Any]:
        """What makes a task's numbers, as it is kept beside them."""
        checkpoint = self.checkpoints[side]
        model_args = checks.model_args(self.model_args)
        return {
            "task": task,
            "checkpoint": _place(checkpoint),
            "checkpoint_files": _fingerprint(Path(checkpoint)),
            "model_args": {name: model_args[name] for name in sorted(model_args) if name not in _FREE},
            "gen_kwargs": self.gen_kwargs,
            "limit": self.limit,
            "judge": judge_of(task),
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
        }

    def config(self, side: Side, task: str) -> dict[str, Any]:
        """The evaluation of a task, as lmms-eval's ``--config`` reads it."""
        out = self.directory(side, task)
        ours = f"pretrained={_place(self.checkpoints[side])},attention=on,attention_path={out / 'attention'}"
        optional = {"limit": self.limit, "gen_kwargs": self.gen_kwargs}
        return {
            "model": "cmqa_hf",
            "model_args": f"{ours},{self.model_args}" if self.model_args else ours,
            "tasks": task,
            "batch_size": self.batch_size,
            "log_samples": True,
            "output_path": str(out),
        } | {name: value for name, value in optional.items() if value is not None}


def _place(checkpoint: str) -> str:
    return str(Path(checkpoint).resolve()) if Path(checkpoint).exists() else checkpoint


def _fingerprint(directory: Path) -> str | None:
    """Tells whether the files of a local checkpoint have changed, by names, sizes and times; None for a hub id."""
    if not directory.is_dir():
        return None
    stats = [(path.name, path.stat()) for path in sorted(directory.iterdir()) if path.is_file()]
    said = json.dumps([(name, one.st_size, one.st_mtime_ns) for name, one in stats])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def run(request: Request) -> dict[tuple[Side, str], str]:
    """Evaluate what has not been evaluated, in one process of lmms-eval per checkpoint.

    Returns:
        Why a task has no results, by checkpoint and task; empty if all have.

    Raises:
        ResultsError: an evaluation with other arguments lies where this one belongs, or something that is none.
        ValueError: a hub's checkpoint that is still to be evaluated cannot be had.
    """
    failed: dict[tuple[Side, str], str] = {}
    todo = missing(request)
    revision = checks.model_args(request.model_args).get("revision", "main")
    checks.reach({side: request.checkpoints[side] for side, tasks in todo.items() if tasks}, revision)
    for side, tasks in todo.items():
        if tasks:
            failures = _evaluate(request, side, tasks)
            failed |= {
                (side, task): failures.get(task, "its results are incomplete")
                for task in tasks
                if not _complete(request.directory(side, task), task)
            }
    return failed


def missing(request: Request) -> dict[Side, list[str]]:
    """The tasks that have not been evaluated, or not to the end.

    Raises:
        ResultsError: as :func:`run`.
    """
    return {side: [task for task in request.tasks if not _done(request, side, task)] for side in SIDES}


def _done(request: Request, side: Side, task: str) -> bool:
    directory = request.directory(side, task)
    if not directory.exists():
        return False
    path = directory / _ARGUMENTS
    if not path.is_file():
        raise ResultsError(f"{directory} exists and was not made by this command: choose another --out")
    there, here = json.loads(path.read_text(encoding="utf-8")), request.arguments(side, task)
    if there != here:
        differ = "; ".join(
            f"{name} {there.get(name)!r} there, {here.get(name)!r} here"
            for name in here | there
            if there.get(name) != here.get(name)
        )
        raise ResultsError(f"{directory} was evaluated with other arguments ({differ}): choose another --out or remove it")
    return _complete(directory, task)


def _complete(directory: Path, task: str) -> bool:
    """Whether the results hold the task, and the samples as many rows as they say."""
    try:
        results = latest_results(directory)
    except ResultsError:
        return False
    return all(_rows(directory, leaf) == _asked(results, leaf) for leaf in leaves(results, task))


def leaves(results: ResultsFile, task: str) -> list[str]:
    """The tasks with items of their own that a task stands for: itself, or the members of the group, sorted."""
    members = results.group_subtasks.get(task) or []
    return sorted(leaf for member in members for leaf in leaves(results, member)) if members else [task]


def _asked(results: ResultsFile, leaf: str) -> int:
    return int(results.n_samples.get(leaf, {}).get("effective", -1))


def _rows(directory: Path, leaf: str) -> int:
    files = sorted(directory.rglob(f"*_samples_{leaf}.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    return files[-1].read_bytes().count(b"\n") if files else 0


def _evaluate(request: Request, side: Side, tasks: Sequence[str]) -> Mapping[str, str]:
    for task in tasks:
        directory = request.directory(side, task)
        if directory.exists():  # what an evaluation left that was stopped
            shutil.rmtree(directory)
        directory.mkdir(parents=True)
        said = json.dumps(request.arguments(side, task), indent=1) + "\n"
        (directory / _ARGUMENTS).write_text(said, encoding="utf-8")
    environment = {"API_TYPE": "dummy"} if judge_of("mathvista") is None else {}
    failures = evaluate([request.config(side, task) for task in tasks], request.out / side, environment)
    return {task: str(failure) for task, failure in zip(tasks, failures, strict=True) if failure is not None}
