"""The gate: what became of each item, and whether that is a regression.

*Exact*: deterministic models must do with every item what they did. *Paired*: of real models some answers change by chance, so
the score per task (``balanced``; of single pieces, the share read correctly) is compared fact by fact. With Δ = candidate −
reference,

* the signed mean of Δ over tasks finds what makes everything a little worse: one-sided sign-flip test at half the level;
* the largest |Δ| of a task finds what breaks one of them: sign-flip test with max-T adjustment at the other half.

A loss that the test shows, and whose 95 % interval does not stay within the margin, is a regression. An interval within the
margin is fine. Anything else cannot be told from so few items, and neither can a task that *rose* beyond its margin: someone
should look before it becomes the reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cmqa_tasks.reports.gate.modes import Mode
from cmqa_tasks.reports.gate.settings import GateSettings
from cmqa_tasks.reports.gate.snapshot import Key, RecordedItem, Snapshot
from cmqa_tasks.scoring.statistics import flips
from cmqa_tasks.scoring.statistics.bootstrap import Array, interval, resampled, widened

Status = Literal["fine", "regressed", "cannot tell"]
EXIT_CODES: Mapping[Status, int] = {"fine": 0, "regressed": 1, "cannot tell": 2}
_WORST: tuple[Status, ...] = ("regressed", "cannot tell", "fine")


@dataclass(frozen=True, slots=True)
class Change:
    """An item that is not what it was."""

    task: str
    item: str
    relation: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference of scores, candidate − reference."""

    value: float
    low: float
    high: float
    p: float
    margin: float


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    why: str
    items: int = 0
    changed: int = 0
    delta: Delta | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All of it."""

    mode: Mode
    reference: str
    candidate: str
    checks: tuple[Check, ...]
    changes: tuple[Change, ...]
    reworded: int = 0
    """Responses that differ in wording and are read alike."""
    stamps: tuple[str, ...] = ()
    """In what the two runs differ besides: versions, dtype and so on."""

    @property
    def status(self) -> Status:
        """The worst of the checks."""
        found = {check.status for check in self.checks}
        return next(status for status in _WORST if status in found)

    @property
    def exit_code(self) -> int:
        """0 fine, 1 regressed, 2 cannot tell."""
        return EXIT_CODES[self.status]


def compare(reference: Snapshot, candidate: Snapshot, mode: Mode, settings: GateSettings) -> Verdict:
    """Compare a candidate with a reference.

    Tasks that only the candidate has are not looked at: a reference may be small.
    """
    missing = [_incomparable(key, reference, candidate) for key in reference.tasks]
    obstacles = [check for check in missing if check is not None]
    keys = [key for key, check in zip(reference.tasks, missing, strict=True) if check is None]
    wording = mode == "exact" and settings.responses
    found = {key: list(_changes(key, reference.tasks[key], candidate.tasks[key], wording)) for key in keys}
    counts = {key: len(changes) for key, changes in found.items()}
    sizes = {key: len(reference.tasks[key]) for key in keys}
    if mode == "exact":
        checks = [_exact(key, sizes[key], counts[key]) for key in keys]
    else:
        checks = _paired(keys, reference, candidate, counts, settings) if keys else []
    reworded = sum(_reworded(reference.tasks[key], candidate.tasks[key]) for key in keys)
    stamps = [f"{name} {old or '–'} → {new or '–'}" for name, old, new in _stamps(reference, candidate) if old != new]
    changes = tuple(change for key in keys for change in found[key])
    return Verdict(mode, reference.model, candidate.model, (*obstacles, *checks), changes, reworded, tuple(stamps))


def _stamps(reference: Snapshot, candidate: Snapshot) -> Iterator[tuple[str, str, str]]:
    for name in sorted(reference.stamp.keys() | candidate.stamp.keys()):
        yield name, reference.stamp.get(name, ""), candidate.stamp.get(name, "")


def failed(mode: Mode, reference: str, candidate: str, why: str) -> Verdict:
    """The verdict where one of the two cannot be read."""
    return Verdict(mode, reference, candidate, (Check("reading", "cannot tell", why),), ())


def _incomparable(key: Key, reference: Snapshot, candidate: Snapshot) -> Check | None:
    """What keeps a task from being compared; None if nothing does."""
    if key not in candidate.tasks:
        same = [other for other in candidate.tasks if other.arm == key.arm]
        asked = f"; it has {', '.join(other.setting.title for other in same)}" if same else ""
        return Check(key.title, "cannot tell", f"the candidate was not evaluated on {key.arm} with {key.setting.title}{asked}")
    before, after = reference.tasks[key], candidate.tasks[key]
    lost, new = len(before.keys() - after.keys()), len(after.keys() - before.keys())
    if lost or new:
        return Check(key.title, "cannot tell", f"other items: {lost} of {len(before)} are missing, {new} are new", len(before))
    return None


def _changes(key: Key, before: Mapping[str, RecordedItem], after: Mapping[str, RecordedItem], wording: bool) -> Iterator[Change]:
    for item, old in before.items():
        new = after[item]
        if (old.outcome, old.parsed) != (new.outcome, new.parsed):
            yield Change(key.title, item, old.relation, _said(old), _said(new))
        elif wording and old.digest != new.digest:
            yield Change(key.title, item, old.relation, f"response {old.digest}", f"response {new.digest}")


def _said(record: RecordedItem) -> str:
    return record.outcome if record.parsed in (None, record.outcome) else f"{record.outcome} ({record.parsed})"


def _reworded(before: Mapping[str, RecordedItem], after: Mapping[str, RecordedItem]) -> int:
    return sum(old[:4] == after[item][:4] and old.digest != after[item].digest for item, old in before.items())


def _exact(key: Key, items: int, changed: int) -> Check:
    if changed:
        return Check(key.title, "regressed", f"{changed} of {items} items are not what they were", items, changed)
    return Check(key.title, "fine", f"all {items} items are what they were", items)


def _paired(
    keys: Sequence[Key], reference: Snapshot, candidate: Snapshot, counts: Mapping[Key, int], settings: GateSettings
) -> list[Check]:
    differences = per_fact(keys, reference, candidate)
    deltas = measured(differences, settings)
    checks = []
    for key, delta in zip(keys, deltas[:-1], strict=True):
        items = len(reference.tasks[key])
        status, why = _judge(delta, settings, moved=True)
        if not counts[key]:
            status, why = "fine", f"all {items} items are what they were"
        checks.append(Check(key.title, status, why, items, counts[key], delta))
    status, why = _judge(deltas[-1], settings, moved=False)
    if not any(counts.values()):
        status, why = "fine", "no item changed"
    total = sum(check.items for check in checks)
    return [Check("mean over tasks", status, why, total, sum(counts.values()), deltas[-1]), *checks]


def per_fact(keys: Sequence[Key], reference: Snapshot, candidate: Snapshot) -> Array:
    """What each fact contributes to Δ of each task and, last, to their mean: [facts × (tasks + 1)]; a column's sum is its Δ."""
    facts = sorted({record.fact for key in keys for record in reference.tasks[key].values()})
    place = {fact: number for number, fact in enumerate(facts)}
    columns = np.zeros((len(facts), len(keys) + 1))
    for column, key in enumerate(keys):
        before, after = reference.tasks[key], candidate.tasks[key]
        relations = [record.relation for record in before.values()]
        weight = {relation: 1.0 / (relations.count(relation) * len(set(relations))) for relation in set(relations)}
        for item, old in before.items():
            columns[place[old.fact], column] += (after[item].score - old.score) * weight[old.relation]
    columns[:, -1] = columns[:, :-1].mean(axis=1)
    return columns


def measured(differences: Array, settings: GateSettings) -> list[Delta]:
    """Δ of every column with interval and p: of the tasks two-sided and adjusted, of the mean, the last, one-sided (a loss)."""
    facts = len(differences)
    observed = differences.sum(axis=0)
    scaled = differences * facts  # of the size of a fact's own difference, so that 32-bit sums are close
    drawn = flips.flipped(scaled, settings.resamples, settings.seed)
    spread = np.sqrt((scaled[:, :-1] ** 2).sum(axis=0))
    adjusted = flips.largest_p(scaled[:, :-1].sum(axis=0), drawn[:, :-1], spread)
    p = [*adjusted, flips.loss_p(float(scaled[:, -1].sum()), drawn[:, -1])]
    low, high = interval(resampled(scaled, settings.resamples, settings.seed) / facts, facts)
    low, high = widened(low, high, facts, (-1.0, 1.0))
    margins = [settings.task_margin] * (len(observed) - 1) + [settings.mean_margin]
    return [
        Delta(float(value), float(down), float(up), float(chance), margin)
        for value, down, up, chance, margin in zip(observed, low, high, p, margins, strict=True)
    ]


def _judge(delta: Delta, settings: GateSettings, *, moved: bool) -> tuple[Status, str]:
    """A status and its reason; ``moved``: whether a gain beyond the margin is looked at as well."""
    shown = delta.p <= settings.level / 2
    points = f"{100 * delta.value:+.1f} points [{100 * delta.low:+.1f}, {100 * delta.high:+.1f}], p = {delta.p:.2g}"
    if moved and shown and delta.value > delta.margin:
        return "cannot tell", f"{points}: it rose beyond the margin; if that is meant, update the reference"
    if delta.low > -delta.margin:
        return "fine", f"{points}: a loss beyond the margin of {100 * delta.margin:g} points can be excluded"
    if shown and delta.value < 0:
        return "regressed", f"{points}: a loss, and more than the margin of {100 * delta.margin:g} points is possible"
    return "cannot tell", f"{points}: too few items to exclude a loss beyond the margin of {100 * delta.margin:g} points"
