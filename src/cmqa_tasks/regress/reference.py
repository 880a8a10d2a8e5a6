"""The reference file: a model's outcomes, item by item, small enough to commit and readable in a diff.

JSON lines: what it is and why it was recorded; then for each task a line about it and a line per item::

    {"format": 1, "mode": "exact", "model": "…", "reason": "…", "date": "2026-11-25", "stamp": {…}, "environment": {…},
    "history": […]} {"arm": "image_text", "release": "v1", …, "items": 640}
    ["947bc3be2ca6fd4a", "5774b12b6f53ce13", "conflict", "first", "14200", "3f0e9a51"]

The fields of an item: its id, its fact's id, relation, outcome, what was read, and the start of the SHA-256 of the response.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, get_args

from cmqa_tasks.regress.settings import Mode
from cmqa_tasks.regress.snapshot import Key, Record, Snapshot, of_run
from cmqa_tasks.report.files import replace
from cmqa_tasks.results import ResultsError, Setting

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
    found = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def update(run: Path, out: Path, reason: str, mode: Mode) -> tuple[Reference, int]:
    """Record a run as the reference, after what the file said so far.

    Args:
        run: directory of results.
        out: the reference file; replaced if it exists, its history kept.
        reason: why: for whoever reads the diff.
        mode: how the gate is to compare.

    Returns:
        The reference, and how many outcomes it changes (0 for a new file).

    Raises:
        ResultsError: the run or the old file cannot be read, or the reason is empty.
    """
    if not reason.strip():
        raise ResultsError("--reason is empty: say why the reference changes")
    snapshot, changed = of_run(run), 0
    history: tuple[Mapping[str, Any], ...] = ()
    if out.exists():
        old = load(out)
        changed = sum(_differ(old.snapshot, snapshot))
        history = (*old.history, {"date": old.snapshot.date, "reason": old.reason, "changed_by_next": changed})
    made = Reference(snapshot, mode, " ".join(reason.split()), environment(), history)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace(out, to_text(made))
    return made, changed


def _differ(old: Snapshot, new: Snapshot) -> Iterator[bool]:
    for key in old.tasks.keys() | new.tasks.keys():
        one, other = old.tasks.get(key, {}), new.tasks.get(key, {})
        yield from (
            item not in one or item not in other or one[item][:4] != other[item][:4] for item in one.keys() | other.keys()
        )


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


def load(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        ResultsError: it is missing, cut off, or of another format; the message says where.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path} is no reference file, or cut off: {error}") from None
    about = lines[0] if lines and isinstance(lines[0], dict) else {}
    if about.get("format") != FORMAT or about.get("mode") not in get_args(Mode):
        raise ResultsError(f"{path} is no reference file of format {FORMAT}: make one with 'cmqa reference update'")
    snapshot = Snapshot(about["model"], about["stamp"], about["date"], _tasks(path, lines[1:]))
    return Reference(snapshot, about["mode"], about["reason"], about["environment"], tuple(about["history"]))


def _tasks(path: Path, lines: Sequence[Any]) -> dict[Key, dict[str, Record]]:
    tasks: dict[Key, dict[str, Record]] = {}
    place = 0
    while place < len(lines):
        said = dict(lines[place])
        arm, items = said.pop("arm"), said.pop("items")
        rows = lines[place + 1 : place + 1 + items]
        if len(rows) < items or not all(isinstance(row, list) for row in rows):
            raise ResultsError(f"{path}: task {arm} should have {items} items: the file is cut off or was edited")
        tasks[Key(arm, Setting(**said))] = {item: Record(*rest) for item, *rest in rows}
        place += 1 + items
    if not tasks:
        raise ResultsError(f"{path}: no task: the file is cut off")
    return tasks
