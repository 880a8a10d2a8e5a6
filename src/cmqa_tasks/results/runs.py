"""What was evaluated, put together from the files of one or more directories: a run per model and setting.

    runs = read_runs(["runs/base", "tuned=runs/step-900"])
    runs[0].parts["image_text"].items          # a typed table, one row an item

An evaluation may be spread over several runs and directories (unimodal today, cross-modal tomorrow); their parts come together
when model, revision, arguments, software and setting are the same. An arm that was evaluated twice is not averaged: below one
directory the more complete run counts, of equally complete ones the later, and the run says so; in two directories it is an
error unless they are given names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.results import attention, items
from cmqa_tasks.results.errors import ResultsError
from cmqa_tasks.results.files import RunFiles, find
from cmqa_tasks.results.stamp import ModelStamp, Setting, TaskStamp, stamps


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """A directory of results, and the name that its model is given."""

    path: Path
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> RunDirectory:
        """``NAME=DIRECTORY`` or ``DIRECTORY``; a directory that exists is taken as it is."""
        name, equals, directory = text.partition("=")
        if not equals or Path(text).exists():
            return cls(Path(text))
        if not name or not directory:
            raise ResultsError(f"{text!r}: write NAME=DIRECTORY, or DIRECTORY alone")
        return cls(Path(directory), name)


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task of one run."""

    stamp: TaskStamp
    items: pa.Table = field(repr=False)
    """Columns of :data:`cmqa_tasks.results.items.ITEMS`."""
    samples: Path
    """Where its responses stand."""

    @property
    def arm(self) -> str:
        """The arm of its items; the task's name where there is none."""
        return str(self.items.column("arm")[0].as_py()) if self.items.num_rows else self.stamp.task

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """(modality, language) of each piece, in order; nothing of an arm of the user's own in results that do not say it."""
        return self.stamp.pieces or (ARMS[self.arm].pieces if self.arm in ARMS else ())

    @property
    def single(self) -> bool:
        """Whether its items have one piece of evidence."""
        return bool(self.items.num_rows) and self.items.column("relation")[0].as_py() == "single"

    @property
    def partial(self) -> bool:
        """Whether items of the task are missing."""
        return bool(self.items.num_rows < self.stamp.original)


@dataclass(frozen=True, slots=True)
class Run:
    """A model under one setting: its tasks by arm, from one evaluation or several."""

    name: str
    subject: ModelStamp
    setting: Setting
    parts: Mapping[str, TaskRun]
    superseded: int
    """Other evaluations of the same arms below the same directory, which do not count."""

    @property
    def dates(self) -> tuple[str, ...]:
        """The days of its runs, sorted."""
        return tuple(sorted({part.stamp.date for part in self.parts.values()}))

    def marks(self, arms: Collection[str]) -> tuple[str, ...]:
        """What a reader must know before comparing numbers of these arms: for the row, never silent."""
        held = [arm for arm in arms if arm in self.parts]
        missing = [arm for arm in arms if arm not in self.parts]
        amounts: dict[str, list[str]] = {}
        for arm in held:
            part = self.parts[arm]
            if part.partial:
                limit = " (limit)" if part.stamp.limited else ""
                amounts.setdefault(f"{part.items.num_rows} of {part.stamp.original} items{limit}", []).append(arm)
        short = [
            f"{amount} in {', '.join(names) if len(names) < len(held) else 'every arm'}" for amount, names in amounts.items()
        ]
        short += [f"not evaluated: {', '.join(missing)}"] if missing else []
        others = [f"{self.superseded} other evaluations of the same arms left out"] if self.superseded else []
        return (*short, *([self.subject.changes] if self.subject.changes else []), *others)


def read_runs(sources: Iterable[RunDirectory | Path | str]) -> list[Run]:
    """The runs below some directories, sorted by setting and name.

    Args:
        sources: directories, or texts such as ``NAME=DIRECTORY`` (:meth:`RunDirectory.parse`).

    Raises:
        ResultsError: whatever is wrong with a file (see the modules of this package), samples that were not logged, or the
            same arm of the same model in two sources without a name.
        cmqa_tasks.attention.store.StoreError: a log of attention is damaged.
    """
    parts: dict[tuple[Setting, str, ModelStamp], dict[str, tuple[TaskRun, RunDirectory]]] = {}
    superseded: dict[tuple[Setting, str, ModelStamp], int] = {}
    for source in map(_directory, sources):
        for part in _parts(source):
            key = part.stamp.setting, source.name or "", part.stamp.subject
            known = parts.setdefault(key, {}).get(part.arm)
            if known is not None and known[1] is not source:
                raise ResultsError(
                    f"{part.stamp.subject.model}, arm {part.arm}, was evaluated in {known[1].path} "
                    f"and in {source.path}: give one of them, or name them, as in old=DIRECTORY new=DIRECTORY"
                )
            superseded[key] = superseded.get(key, 0) + (known is not None)
            if known is None or part.items.num_rows >= known[0].items.num_rows:
                parts[key][part.arm] = part, source
    _check_names(parts)
    names = _names(parts)
    runs = [
        Run(names[key], key[2], key[0], {arm: part for arm, (part, _) in sorted(by_arm.items())}, superseded[key])
        for key, by_arm in parts.items()
    ]
    return sorted(runs, key=lambda run: (run.setting, run.name, run.subject))


def _directory(source: RunDirectory | Path | str) -> RunDirectory:
    if isinstance(source, str):
        return RunDirectory.parse(source)
    return source if isinstance(source, RunDirectory) else RunDirectory(source)


def _parts(source: RunDirectory) -> Iterator[TaskRun]:
    """The parts of a source, oldest first; files are read by as many threads as there are CPUs."""
    tasks = [(files, task, stamp) for files in find(source.path) for task, stamp in stamps(files).items()]
    if not tasks:
        raise ResultsError(f"no run below {source.path} has a task of cmqa-tasks")
    with ThreadPoolExecutor() as pool:
        yield from pool.map(lambda task: _part(source, *task), tasks)


def _part(source: RunDirectory, files: RunFiles, task: str, stamp: TaskStamp) -> TaskRun:
    path = files.samples.get(task)
    if path is None:
        raise ResultsError(f"{files.results}: no samples of task {task} beside it; evaluate with --log_samples")
    table = items.read(path, stamp)
    return TaskRun(stamp, attention.fill(table, stamp, path, source.path), path)


def _check_names(parts: Iterable[tuple[Setting, str, ModelStamp]]) -> None:
    """A given name is one model's."""
    models: dict[str, set[ModelStamp]] = {}
    for _, name, subject in parts:
        if name:
            models.setdefault(name, set()).add(subject)
    for name, subjects in models.items():
        if len(subjects) > 1:
            raise ResultsError(f"{name!r} names {len(subjects)} different models: {'; '.join(_differences(sorted(subjects)))}")


def _differences(subjects: list[ModelStamp]) -> list[str]:
    fields = [name for name in ModelStamp.__slots__ if len({getattr(subject, name) for subject in subjects}) > 1]
    return [", ".join(f"{name} {getattr(subject, name)!r}" for name in fields) for subject in subjects]


def _names(parts: Iterable[tuple[Setting, str, ModelStamp]]) -> dict[tuple[Setting, str, ModelStamp], str]:
    """A name for each row: the given one, else the model's, with its other properties where that alone would be ambiguous."""
    keys = list(parts)
    alike: dict[str, set[ModelStamp]] = {}
    for _, name, subject in keys:
        if not name:
            alike.setdefault(subject.model, set()).add(subject)
    written: dict[ModelStamp, str] = {}
    for model, subjects in alike.items():
        ordered = sorted(subjects)
        for subject, difference in zip(ordered, _differences(ordered), strict=True):
            written[subject] = f"{model} [{difference}]" if len(ordered) > 1 else model
    return {key: key[1] or written[key[2]] for key in keys}
