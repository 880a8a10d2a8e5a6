"""The gate: what became of each item, and what that makes of the model.

    verdict = compare(reference, candidate, "paired", GateSettings())
    verdict.status, verdict.exit_code

*Exact*: deterministic models must do with every item what they did. A task is *unchanged*, or *improved* or *regressed* where all
items that differ got better or worse, else *changed*.

*Paired*: of real models some answers change by chance, so the score of a task (``balanced``; of single pieces, the share read
correctly) is compared fact by fact. With Δ = candidate − reference,

* the signed mean of Δ over tasks finds what makes everything a little better or worse: one-sided sign-flip tests, each at half
  the level;
* the largest |Δ| of a task finds what breaks or mends one of them: sign-flip test with max-T adjustment at half the level.

A loss that the test shows, and whose 95 % interval does not stay within the margin, is *regressed*. A gain that the test shows is
*improved*. Where a loss beyond the margin can be excluded, it is *unchanged*. Anything else cannot be told from so few items.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cmqa_tasks.reports.gate.modes import FAIL_ON, STATUSES, Failing, Mode, Status
from cmqa_tasks.reports.gate.settings import GateSettings
from cmqa_tasks.reports.gate.snapshot import Key, RecordedItem, Snapshot
from cmqa_tasks.scoring.statistics import flips
from cmqa_tasks.scoring.statistics.bootstrap import Array, interval, resampled, widened
from cmqa_tasks.writing.numbers import points

MEAN = "mean over tasks"


@dataclass(frozen=True, slots=True)
class Change:
    """An item that is not what it was."""

    task: Key
    item: str
    relation: str
    before: str
    after: str
    gain: float
    """Score after minus score before: 1 better, −1 worse, 0 as right or wrong as it was."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference of scores, candidate − reference."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    p_loss: float
    """Probability of so large a loss between two alike models; of a task, of so large a difference either way."""
    p_gain: float
    margin: float


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    why: str
    items: int = 0
    better: int = 0
    """Items that were wrong and are right."""
    worse: int = 0
    changed: int = 0
    """Items that are not what they were, better and worse ones included."""
    before: float = math.nan
    """The score of the reference; NaN where nothing was compared."""
    after: float = math.nan
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
    fail_on: tuple[Failing, ...] = FAIL_ON

    @property
    def status(self) -> Status:
        """The gravest of the checks; item by item, gains beside losses are *changed*."""
        statuses = {check.status for check in self.checks}
        mixed = self.mode == "exact" and len(statuses & {"regressed", "improved", "changed"}) > 1
        return "changed" if mixed else next(status for status in STATUSES if status in statuses)

    def fails(self, status: Status) -> bool:
        """Whether a status is among those that the user wants to fail."""
        return status.replace(" ", "-") in self.fail_on

    @property
    def exit_code(self) -> int:
        """0 where the gate passes, 1 where it fails, 2 where it fails because it cannot be told."""
        failing = {check.status for check in self.checks if self.fails(check.status)}
        if self.fails(self.status):
            failing.add(self.status)
        return 1 if failing - {"cannot tell"} else 2 if failing else 0


def compare(reference: Snapshot, candidate: Snapshot, mode: Mode, settings: GateSettings) -> Verdict:
    """Compare a candidate with a reference.

    Tasks that only the candidate has are not looked at: a reference may be small.
    """
    obstacles = {key: _obstacle(key, reference, candidate) for key in reference.tasks}
    keys = [key for key, obstacle in obstacles.items() if obstacle is None]
    wording = mode == "exact" and settings.responses
    changes = {key: list(_changes(key, reference.tasks[key], candidate.tasks[key], wording)) for key in keys}
    counted = [_counted(key, reference, candidate, changes[key]) for key in keys]
    if mode == "exact":
        checks = [_exact(check) for check in counted]
    else:
        checks = _paired(keys, counted, reference, candidate, settings) if keys else []
    reworded = sum(_reworded(reference.tasks[key], candidate.tasks[key]) for key in keys)
    names = sorted(reference.stamp.keys() | candidate.stamp.keys())
    pairs = [(name, *(side.stamp.get(name, "") for side in (reference, candidate))) for name in names]
    stamps = [f"{name} {old or '–'} → {new or '–'}" for name, old, new in pairs if old != new]
    every_check = (*(obstacle for obstacle in obstacles.values() if obstacle is not None), *checks)
    every_change = tuple(change for key in keys for change in changes[key])
    return Verdict(mode, reference.model, candidate.model, every_check, every_change, reworded, tuple(stamps), settings.fail_on)


def unreadable(mode: Mode, reference: str, candidate: str, why: str, fail_on: tuple[Failing, ...] = FAIL_ON) -> Verdict:
    """The verdict where one of the two cannot be read."""
    return Verdict(mode, reference, candidate, (Check("reading", "cannot tell", why),), (), fail_on=fail_on)


def _obstacle(key: Key, reference: Snapshot, candidate: Snapshot) -> Check | None:
    """What keeps a task from being compared; None if nothing does."""
    if key not in candidate.tasks:
        same = [other for other in candidate.tasks if other.arm == key.arm]
        others = f"; it has {', '.join(other.setting.title for other in same)}" if same else ""
        return Check(key.title, "cannot tell", f"the candidate was not evaluated on {key.arm} with {key.setting.title}{others}")
    before, after = reference.tasks[key], candidate.tasks[key]
    lost, new = len(before.keys() - after.keys()), len(after.keys() - before.keys())
    if lost or new:
        return Check(key.title, "cannot tell", f"other items: {lost} of {len(before)} are missing, {new} are new", len(before))
    for side, items in (("reference", before), ("candidate", after)):
        if failed := sum(item.outcome == "failed" for item in items.values()):
            why = f"{failed} of {len(items)} requests of the {side} failed: evaluate it again"
            return Check(key.title, "cannot tell", why, len(items))
    return None


def _changes(key: Key, before: Mapping[str, RecordedItem], after: Mapping[str, RecordedItem], wording: bool) -> Iterator[Change]:
    for item, old in before.items():
        new = after[item]
        if (old.outcome, old.parsed) != (new.outcome, new.parsed):
            yield Change(key, item, old.relation, old.title, new.title, new.score - old.score)
        elif wording and old.digest != new.digest:
            yield Change(key, item, old.relation, f"response {old.digest}", f"response {new.digest}", 0.0)


def _reworded(before: Mapping[str, RecordedItem], after: Mapping[str, RecordedItem]) -> int:
    return sum(old[:4] == after[item][:4] and old.digest != after[item].digest for item, old in before.items())


def _counted(key: Key, reference: Snapshot, candidate: Snapshot, changes: Sequence[Change]) -> Check:
    """A task with its numbers, not yet judged."""
    before, after = reference.tasks[key], candidate.tasks[key]
    return Check(
        key.title,
        "unchanged",
        f"all {len(before)} items are what they were",
        items=len(before),
        better=sum(change.gain > 0 for change in changes),
        worse=sum(change.gain < 0 for change in changes),
        changed=len(changes),
        before=score(before.values()),
        after=score(after.values()),
    )


def score(items: Iterable[RecordedItem]) -> float:
    """The score of a task: ``balanced``, the mean over relations of the share of right answers; of single pieces, that share."""
    right: dict[str, list[float]] = {}
    for item in items:
        right.setdefault(item.relation, []).append(item.score)
    return float(np.mean([np.mean(marks) for marks in right.values()]))


def _exact(check: Check) -> Check:
    if not check.changed:
        return check
    status: Status = "changed"
    if check.changed in (check.better, check.worse):
        status = "improved" if check.better else "regressed"
    why = f"{check.changed} of {check.items} items are not what they were: {check.better} better, {check.worse} worse"
    return replace(check, status=status, why=why)


def _paired(
    keys: Sequence[Key], counted: Sequence[Check], reference: Snapshot, candidate: Snapshot, settings: GateSettings
) -> list[Check]:
    deltas = measured(per_fact(keys, reference, candidate), settings)
    checks = [_judged(check, delta, settings) for check, delta in zip(counted, deltas[:-1], strict=True)]
    mean = Check(
        MEAN,
        "unchanged",
        "no item changed",
        items=sum(check.items for check in counted),
        better=sum(check.better for check in counted),
        worse=sum(check.worse for check in counted),
        changed=sum(check.changed for check in counted),
        before=float(np.mean([check.before for check in counted])),
        after=float(np.mean([check.after for check in counted])),
    )
    return [_judged(mean, deltas[-1], settings), *checks]


def per_fact(keys: Sequence[Key], reference: Snapshot, candidate: Snapshot) -> Array:
    """What each fact contributes to Δ of each task and, last, to their mean: [facts × (tasks + 1)]; a column's sum is its Δ."""
    facts = sorted({item.fact for key in keys for item in reference.tasks[key].values()})
    row_of = {fact: row for row, fact in enumerate(facts)}
    columns = np.zeros((len(facts), len(keys) + 1))
    for column, key in enumerate(keys):
        before, after = reference.tasks[key], candidate.tasks[key]
        sizes = Counter(item.relation for item in before.values())
        for name, old in before.items():
            columns[row_of[old.fact], column] += (after[name].score - old.score) / (sizes[old.relation] * len(sizes))
    columns[:, -1] = columns[:, :-1].mean(axis=1)
    return columns


def measured(differences: Array, settings: GateSettings) -> list[Delta]:
    """Δ of every column with interval and p: of the tasks two-sided and adjusted, of the mean, the last, one-sided either way."""
    facts = len(differences)
    observed = differences.sum(axis=0)
    scaled = differences * facts  # of the size of a fact's own difference, so that 32-bit sums are close
    drawn = flips.flipped(scaled, settings.resamples, settings.seed)
    spread = np.sqrt((scaled[:, :-1] ** 2).sum(axis=0))
    adjusted = flips.largest_p(scaled[:, :-1].sum(axis=0), drawn[:, :-1], spread)
    total = float(scaled[:, -1].sum())
    p_loss = [*adjusted, flips.loss_p(total, drawn[:, -1])]
    p_gain = [*adjusted, flips.loss_p(-total, -drawn[:, -1])]
    low, high = interval(resampled(scaled, settings.resamples, settings.seed) / facts, facts)
    low, high = widened(low, high, facts, (-1.0, 1.0))
    margins = [settings.task_margin] * (len(observed) - 1) + [settings.mean_margin]
    return [Delta(*map(float, numbers)) for numbers in zip(observed, low, high, p_loss, p_gain, margins, strict=True)]


def _judged(check: Check, delta: Delta, settings: GateSettings) -> Check:
    if not check.changed:
        return replace(check, delta=delta)
    status: Status
    level, margin = settings.level / 2, f"{100 * delta.margin:g} points"
    loss = delta.value < 0 and delta.p_loss <= level
    p = delta.p_gain if delta.value > 0 else delta.p_loss
    numbers = f"{points(delta.value)} points [{points(delta.low)}, {points(delta.high)}], p = {p:.2g}"
    if delta.value > 0 and delta.p_gain <= level:
        status, why = "improved", "a gain"
    elif delta.low > -delta.margin:
        status, why = "unchanged", f"{'a loss within' if loss else 'no loss beyond'} the margin of {margin}"
    elif loss:
        status, why = "regressed", f"a loss, and more than the margin of {margin} is possible"
    else:
        status, why = "cannot tell", f"too few items to exclude a loss beyond the margin of {margin}"
    return replace(check, status=status, why=f"{numbers}: {why}", delta=delta)
