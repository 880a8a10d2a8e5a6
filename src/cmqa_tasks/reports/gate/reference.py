"""The reference file: a model's outcomes, item by item, small enough to commit and readable in a diff.

JSON lines: what it is and why it was recorded; then for each task a line about it and a line per item::

    {"format": 1, "mode": "exact", "model": "…", "reason": "…", "date": "2026-11-25", "stamp": {…}, "environment": {…},
    "history": […]} {"arm": "image_text", "release": "v2", …, "items": 640}
    ["947bc3be2ca6fd4a", "5774b12b6f53ce13", "conflict", "first", "14200", "3f0e9a51"]

The fields of an item: its id, its fact's id, relation, outcome, what was read, and the start of the SHA-256 of the response.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError, field_validator

from cmqa_tasks.facts.records import FrozenRecord, Outcome, Relation
from cmqa_tasks.reports.gate.modes import MODES, Mode
from cmqa_tasks.reports.gate.snapshot import Key, RecordedItem, Snapshot, of_run
from cmqa_tasks.results import ResultsError, Setting
from cmqa_tasks.results.stamp import By
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.problems import first_problem

FORMAT = 1
_PACKAGES = ("cmqa-tasks", "lmms-eval", "lm-eval", "torch", "transformers", "tokenizers", "numpy", "pillow")


@dataclass(frozen=True, slots=True)
class Reference:
    """A snapshot, and why it is the reference."""

    snapshot: Snapshot
    mode: Mode
    reason: str
    environment: Mapping[str, str]
    """The machine and the packages that it was recorded with."""
    history: tuple[Mapping[str, Any], ...]
    """Earlier references under this name: date, reason, and how many outcomes the next one changed."""


def environment() -> dict[str, str]:
    """This machine and its packages, as far as they can change an answer."""
    versions = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def update(run: Path, out: Path, reason: str, mode: Mode) -> tuple[Reference, int]:
    """RecordedItem a run as the reference, after what the file said so far.

    Returns:
        The reference, and how many outcomes it changes (0 for a new file).

    Raises:
        ResultsError: the run or the old file cannot be read, requests of the run failed, or the reason is empty.
    """
    if not reason.strip():
        raise ResultsError("--reason is empty: say why the reference changes")
    snapshot, changed = of_run(run), 0
    if failed := sum(item.outcome == "failed" for items in snapshot.tasks.values() for item in items.values()):
        raise ResultsError(f"{run}: {failed} requests failed; evaluate it again before it becomes the reference")
    history: tuple[Mapping[str, Any], ...] = ()
    if out.exists():
        old = load(out)
        changed = sum(_differ(old.snapshot, snapshot))
        history = (*old.history, {"date": old.snapshot.date, "reason": old.reason, "changed_by_next": changed})
    recorded = Reference(snapshot, mode, " ".join(reason.split()), environment(), history)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, to_text(recorded))
    return recorded, changed


def _differ(old: Snapshot, new: Snapshot) -> Iterator[bool]:
    """Of each item whether its outcome differs, or it is in one of the two alone; a new version of a task has the same items."""
    before, after = _without_versions(old), _without_versions(new)
    for key in before.keys() | after.keys():
        earlier, later = before.get(key, {}), after.get(key, {})
        yield from (
            item not in earlier or item not in later or earlier[item][:4] != later[item][:4]
            for item in earlier.keys() | later.keys()
        )


def _without_versions(of: Snapshot) -> Mapping[Key, Mapping[str, RecordedItem]]:
    return {Key(key.arm, dataclasses.replace(key.setting, task_version="")): records for key, records in of.tasks.items()}


def to_text(reference: Reference) -> str:
    """The file's contents."""
    snapshot = reference.snapshot
    about = {
        "format": FORMAT,
        "mode": reference.mode,
        "model": snapshot.model,
        "reason": reference.reason,
        "date": snapshot.date,
        "stamp": dict(snapshot.stamp),
        "environment": dict(reference.environment),
        "history": list(reference.history),
    }
    lines: list[Any] = [about]
    for key, records in snapshot.tasks.items():
        lines.append({"arm": key.arm, **asdict(key.setting), "items": len(records)})
        lines += [[item, *record] for item, record in sorted(records.items())]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


class _About(BaseModel):
    """The first line. What a later version says besides is not needed."""

    format: int
    mode: Mode
    model: str
    reason: str
    date: str
    stamp: dict[str, str]
    environment: dict[str, str]
    history: tuple[dict[str, Any], ...]

    @field_validator("stamp", mode="after")
    @classmethod
    def _renamed(cls, stamp: dict[str, str]) -> dict[str, str]:
        """References recorded before 0.6 call the attention implementation ``attention``."""
        return {"attn_implementation" if name == "attention" else name: value for name, value in stamp.items()}


class _Task(FrozenRecord):
    """A line about a task: its setting's fields decide what is compared, so an unknown one is an error."""

    arm: str
    release: str
    release_sha256: str
    task_version: str
    protocol: str
    language: str
    by: By
    items: int = Field(ge=0)

    def key(self) -> Key:
        """Which task it is."""
        return Key(self.arm, Setting(**self.model_dump(exclude={"arm", "items"})))


class _Item(FrozenRecord):
    """The fields of an item's line, in this order."""

    item: str
    fact: str
    relation: Relation
    outcome: Outcome
    parsed: str | None
    digest: str


_Line = TypeVar("_Line", bound=BaseModel)


def load(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        ResultsError: it is missing, cut off, damaged or of another format; the message says where, and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8").removesuffix("\n")
        lines = [json.loads(line) for line in text.split("\n")]  # splitlines would cut at characters that JSON leaves as they are
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path} is no reference file, or cut off: {error}") from None
    head = lines[0] if lines and isinstance(lines[0], dict) else {}
    if head.get("format") != FORMAT or head.get("mode") not in MODES:
        raise ResultsError(f"{path} is no reference file of format {FORMAT}: make one with 'cmqa reference update'")
    about = _checked(_About, head, f"{path}, line 1")
    snapshot = Snapshot(about.model, about.stamp, about.date, _tasks(path, lines[1:]))
    return Reference(snapshot, about.mode, about.reason, about.environment, about.history)


def _tasks(path: Path, lines: Sequence[Any]) -> dict[Key, dict[str, RecordedItem]]:
    tasks: dict[Key, dict[str, RecordedItem]] = {}
    index = 0
    while index < len(lines):
        where = f"{path}, line {index + 2}"
        if not isinstance(lines[index], dict):
            raise ResultsError(f"{where}: {_kind(lines[index])} instead of an object about a task: more items than its line says")
        task = _checked(_Task, lines[index], where)
        key = task.key()
        if key in tasks:
            raise ResultsError(f"{where}: task {key.title} stands in it twice")
        rows = lines[index + 1 : index + 1 + task.items]
        if len(rows) < task.items:
            raise ResultsError(f"{where}: task {task.arm} should have {task.items} items: the file is cut off or was edited")
        tasks[key] = _records(path, task, rows, index + 3)
        index += 1 + task.items
    if not tasks:
        raise ResultsError(f"{path}: no task: the file is cut off")
    return tasks


def _records(path: Path, task: _Task, rows: Sequence[Any], first: int) -> dict[str, RecordedItem]:
    """The items of a task, whose lines begin with the number ``first``."""
    names, records = list(_Item.model_fields), dict[str, RecordedItem]()
    for number, row in enumerate(rows, first):
        where = f"{path}, line {number}"
        if not isinstance(row, list):
            raise ResultsError(f"{where}: {_kind(row)} instead of a list: task {task.arm} should have {task.items} items")
        if len(row) != len(names):
            raise ResultsError(f"{where}: {len(row)} fields instead of {', '.join(names)}")
        item = _checked(_Item, dict(zip(names, row, strict=True)), where)
        if item.item in records:
            raise ResultsError(f"{where}: item {item.item} stands in task {task.arm} twice")
        records[item.item] = RecordedItem(item.fact, item.relation, item.outcome, item.parsed, item.digest)
    return records


def _checked(form: type[_Line], content: Mapping[str, Any], where: str) -> _Line:
    try:
        return form.model_validate(content)
    except ValidationError as error:
        raise ResultsError(f"{where}: {first_problem(error)}; its fields are {', '.join(form.model_fields)}") from None


def _kind(line: Any) -> str:
    return "an object" if isinstance(line, dict) else "a list" if isinstance(line, list) else type(line).__name__
