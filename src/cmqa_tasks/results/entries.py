"""What was evaluated, put together from the runs of one or more directories: an entry per model and setting.

    entries = read_all([Source.parse("runs/base"), Source.parse("tuned=runs/step-900")])
    entries[0].parts["image_text"].items          # a typed table, one row an item

An evaluation may be spread over several runs and directories (unimodal today, cross-modal tomorrow); their parts come together
when model, revision, arguments, software and setting are the same. An arm that was evaluated twice is not averaged: below one
directory the more complete run counts, of equally complete ones the later, and the entry says so; in two directories it is an
error unless they are given names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.results import items, parquet
from cmqa_tasks.results.errors import ResultsError
from cmqa_tasks.results.files import RunFiles, find
from cmqa_tasks.results.stamp import Setting, Subject, TaskStamp, stamps


@dataclass(frozen=True, slots=True)
class Source:
    """A directory of results, and the name that its model is given."""

    directory: Path
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """``NAME=DIRECTORY`` or ``DIRECTORY``; a directory that exists is taken as it is."""
        name, equals, directory = text.partition("=")
        if not equals or Path(text).exists():
            return cls(Path(text))
        if not name or not directory:
            raise ResultsError(f"{text!r}: write NAME=DIRECTORY, or DIRECTORY alone")
        return cls(Path(directory), name)


@dataclass(frozen=True, slots=True)
class Part:
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
class Entry:
    """A model under one setting: its parts by arm."""

    name: str
    subject: Subject
    setting: Setting
    parts: Mapping[str, Part]
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


def read_all(sources: Iterable[Source]) -> list[Entry]:
    """The entries of all sources, sorted by setting and name.

    Raises:
        ResultsError: whatever is wrong with a file (see the modules of this package), samples that were not logged, or the
            same arm of the same model in two sources without a name.
        cmqa_tasks.attention.store.StoreError: a log of attention is damaged.
    """
    parts: dict[tuple[Setting, str, Subject], dict[str, tuple[Part, Source]]] = {}
    superseded: dict[tuple[Setting, str, Subject], int] = {}
    for source in sources:
        for part in _parts(source):
            key = part.stamp.setting, source.name or "", part.stamp.subject
            known = parts.setdefault(key, {}).get(part.arm)
            if known is not None and known[1] is not source:
                raise ResultsError(
                    f"{part.stamp.subject.model}, arm {part.arm}, was evaluated in {known[1].directory} "
                    f"and in {source.directory}: give one of them, or name them, as in old=DIRECTORY new=DIRECTORY"
                )
            superseded[key] = superseded.get(key, 0) + (known is not None)
            if known is None or part.items.num_rows >= known[0].items.num_rows:
                parts[key][part.arm] = part, source
    _check_names(parts)
    names = _names(parts)
    entries = [
        Entry(names[key], key[2], key[0], {arm: part for arm, (part, _) in sorted(found.items())}, superseded[key])
        for key, found in parts.items()
    ]
    return sorted(entries, key=lambda entry: (entry.setting, entry.name, entry.subject))


def _parts(source: Source) -> Iterator[Part]:
    """The parts of a source, oldest first; files are read by as many threads as there are CPUs."""
    todo = [(run, task, stamp) for run in find(source.directory) for task, stamp in stamps(run).items()]
    if not todo:
        raise ResultsError(f"no run below {source.directory} has a task of cmqa-tasks")
    with ThreadPoolExecutor() as pool:
        yield from pool.map(lambda one: _part(source, *one), todo)


def _part(source: Source, run: RunFiles, task: str, stamp: TaskStamp) -> Part:
    path = run.samples.get(task)
    if path is None:
        raise ResultsError(f"{run.results}: no samples of task {task} beside it; evaluate with --log_samples")
    table = items.read(path, stamp)
    return Part(stamp, parquet.fill(table, stamp, path, source.directory), path)


def _check_names(parts: Iterable[tuple[Setting, str, Subject]]) -> None:
    """A given name is one model's."""
    models: dict[str, set[Subject]] = {}
    for _, name, subject in parts:
        if name:
            models.setdefault(name, set()).add(subject)
    for name, subjects in models.items():
        if len(subjects) > 1:
            raise ResultsError(f"{name!r} names {len(subjects)} different models: {'; '.join(_differences(sorted(subjects)))}")


def _differences(subjects: list[Subject]) -> list[str]:
    fields = [name for name in Subject.__slots__ if len({getattr(one, name) for one in subjects}) > 1]
    return [", ".join(f"{name} {getattr(one, name)!r}" for name in fields) for one in subjects]


def _names(parts: Iterable[tuple[Setting, str, Subject]]) -> dict[tuple[Setting, str, Subject], str]:
    """A name for each row: the given one, else the model's, with its other properties where that alone would be ambiguous."""
    keys = list(parts)
    alike: dict[str, set[Subject]] = {}
    for _, name, subject in keys:
        if not name:
            alike.setdefault(subject.model, set()).add(subject)
    written: dict[Subject, str] = {}
    for model, subjects in alike.items():
        ordered = sorted(subjects)
        for subject, difference in zip(ordered, _differences(ordered), strict=True):
            written[subject] = f"{model} [{difference}]" if len(ordered) > 1 else model
    return {key: key[1] or written[key[2]] for key in keys}
