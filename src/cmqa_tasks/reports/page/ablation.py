"""Prompt ablation: how often each model recognises a conflict, by arm and protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.reports.page import pack
from cmqa_tasks.results import Run
from cmqa_tasks.results.tally import Tally, count, facts_of
from cmqa_tasks.scoring.metrics import FALSE_ALARM, RECOGNITION
from cmqa_tasks.writing.numbers import rounded

_PROTOCOLS = tuple(PROTOCOLS)
_PAIRS = tuple(name for name, arm in ARMS.items() if not arm.single)


def make(entries: Sequence[Run]) -> list[dict[str, Any]]:
    """A grid per model, arms × protocols, of recognition and false alarms with the number of items behind each; None where an
    arm was not evaluated. Numbers of different releases, task versions or ways of answering stand in grids of their own.
    """
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for entry in entries:
        setting = entry.setting
        key = entry.title, entry.subject, setting.release, setting.release_sha256, setting.task_version, setting.by
        groups.setdefault(key, []).append(entry)
    grids = [_grid(members) for members in groups.values()]
    return [grid for grid in grids if grid["arms"]]


def _grid(entries: Sequence[Run]) -> dict[str, Any]:
    arms = [arm for arm in _PAIRS if any(arm in entry.parts for entry in entries)]
    entries = sorted(entries, key=_order)
    tallies = [count(entry, facts_of([entry])) for entry in entries]
    setting = entries[0].setting
    return {
        "model": pack.name(entries[0].name),
        "release": pack.name(f"release {setting.release}" + ("" if setting.by == "generation" else ", by log-likelihood")),
        "arms": arms,
        "protocols": [protocol(entry) for entry in entries],
        "recognition": [[_rate(tally, arm, "conflict") for arm in arms] for tally in tallies],
        "false_alarm": [[_rate(tally, arm, "agree") for arm in arms] for tally in tallies],
        "items": [[int(tally.marks(arm, RECOGNITION)[1].sum()) for arm in arms] for tally in tallies],
    }


def _order(entry: Run) -> tuple[int, str, str]:
    """The default protocol first, and English before other languages."""
    name = entry.setting.protocol
    return _PROTOCOLS.index(name) if name in _PROTOCOLS else len(_PROTOCOLS), name, entry.setting.language


def protocol(entry: Run) -> str:
    """The name of an entry's protocol, with the question's language where it is not English."""
    language = "" if entry.setting.language == "en" else f" ({entry.setting.language})"
    return pack.name(f"{entry.setting.protocol}{language}")


def _rate(tally: Tally, arm: str, relation: Any) -> float | None:
    called, items = tally.marks(arm, RECOGNITION if relation == "conflict" else FALSE_ALARM)
    return rounded(called.sum() / items.sum()) if items.sum() else None
