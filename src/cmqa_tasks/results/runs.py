"""What was evaluated, put together from the files of one or more directories: a run per model and setting.

    runs = read_runs(["runs/base", "tuned=runs/step-900"])
    runs[0].parts["image_text"].items          # a typed table, one row an item

An evaluation may be spread over several runs and directories (unimodal today, cross-modal tomorrow); their parts come together
when model, revision, arguments, software and setting are the same. An arm that was evaluated twice is not averaged: below one
directory the more complete run counts, of equally complete ones the later, and the run says so; in two directories it is an
error unless they are given names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

import cmqa_tasks.results.attention as attention
import cmqa_tasks.results.items as items
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.results.files import ResultsError, RunFiles, find
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
    def failed(self) -> int:
        """How many of its requests failed: there was no answer."""
        return self._count("failed")

    @property
    def measured(self) -> bool:
        """Whether at least half of its answers could be read: rates of the others would say nothing of the model."""
        return bool(2 * (self._count("unparsed") + self.failed) <= self.items.num_rows)

    def _count(self, outcome: str) -> int:
        counts = pc.value_counts(self.items.column("outcome")).to_pylist()
        return sum(int(count["counts"]) for count in counts if count["values"] == outcome)

    @property
    def partial(self) -> bool:
        """Whether items of the task are missing."""
        return bool(self.items.num_rows < self.stamp.original)


@dataclass(frozen=True, slots=True)
class Run:
    """A model under one setting: its tasks by arm, from one evaluation or several."""

    name: str
    """The given one, or the checkpoint's."""
    variant: str
    """What tells it from runs of the same name under the same setting, such as ``dtype float16``; most often empty."""
    subject: ModelStamp
    setting: Setting
    parts: Mapping[str, TaskRun]
    superseded: int
    """Other evaluations of the same arms below the same directory, which do not count."""

    @property
    def title(self) -> str:
        """Name and variant: no other run of the same setting has the same."""
        return f"{self.name} [{self.variant}]" if self.variant else self.name

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
        failed = sum(self.parts[arm].failed for arm in held)
        short += [f"{failed} requests failed"] if failed else []
        unmeasured = [arm for arm in held if not self.parts[arm].measured]
        short += [f"most answers unread or failed: {', '.join(unmeasured)}"] if unmeasured else []
        others = [f"{self.superseded} other evaluations of the same arms left out"] if self.superseded else []
        return (*short, *([self.subject.changes] if self.subject.changes else []), *others)


_Key = tuple[Setting, str, ModelStamp]
"""Setting, given name and model: what comes together in a run."""


def read_runs(sources: Iterable[RunDirectory | Path | str]) -> list[Run]:
    """The runs below some directories (a text may say ``NAME=DIRECTORY``), sorted by setting and name.

    Raises:
        ResultsError: whatever is wrong with a file (see the modules of this package), samples that were not logged, or the
            same arm of the same model in two sources without a name.
        cmqa_tasks.attention.store.StoreError: a log of attention is damaged.
    """
    parts: dict[_Key, dict[str, tuple[TaskRun, RunDirectory]]] = {}
    superseded: dict[_Key, int] = {}
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
    variants = _variants(parts.keys())
    runs = [
        Run(
            key[1] or key[2].model,
            variants[key],
            key[2],
            key[0],
            {arm: part for arm, (part, _) in sorted(by_arm.items())},
            superseded[key],
        )
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


def _check_names(keys: Iterable[_Key]) -> None:
    """A given name is one model's, and under one setting one way of running it."""
    models: dict[str, dict[Setting, set[ModelStamp]]] = {}
    for setting, name, subject in keys:
        if name:
            models.setdefault(name, {}).setdefault(setting, set()).add(subject)
    for name, by_setting in models.items():
        subjects = set.union(*by_setting.values())
        if max(map(len, by_setting.values())) > 1 or len({subject.model for subject in subjects}) > 1:
            differences = "; ".join(_difference(subject, _differing(subjects), set()) for subject in sorted(subjects))
            raise ResultsError(f"{name!r} names {len(subjects)} different models: {differences}")


def _variants(keys: Collection[_Key]) -> dict[_Key, str]:
    """What tells a run from others of its name under one setting; empty where nothing must.

    A model that was asked differently under another protocol, in other software say, stays one model.
    """
    by_name: dict[str, list[_Key]] = {}
    for key in keys:
        by_name.setdefault(key[1] or key[2].model, []).append(key)
    return {key: variant for alike in by_name.values() for key, variant in _variants_of(alike).items()}


def _variants_of(keys: Sequence[_Key]) -> dict[_Key, str]:
    settings: dict[Setting, list[ModelStamp]] = {}
    for setting, _, subject in keys:
        settings.setdefault(setting, []).append(subject)
    differing = {name for subjects in settings.values() for name in _differing(subjects)}
    ordered = [name for name in ModelStamp.__slots__ if name in differing]
    common = set.intersection(*(set(subject.arguments.split(",")) for _, _, subject in keys))
    return {key: _difference(key[2], ordered, common) for key in keys}


def _differing(subjects: Collection[ModelStamp]) -> list[str]:
    return [name for name in ModelStamp.__slots__ if len({getattr(subject, name) for subject in subjects}) > 1]


def _difference(subject: ModelStamp, fields: Sequence[str], common: Collection[str]) -> str:
    """A model's values of some fields; of its arguments those that are not common, nor said by another field."""
    values = {name: str(getattr(subject, name)) for name in fields}
    if "arguments" in values:
        parts = subject.arguments.split(",")
        values["arguments"] = ",".join(
            part for part in parts if part not in common and part.partition("=")[0] not in values.keys() - {"arguments"}
        )
    return ", ".join(f"{name} {value}" for name, value in values.items() if value)
