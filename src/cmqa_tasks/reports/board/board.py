"""Boards: the rows of models that were asked the same, ranked, with all that stands behind each number.

    boards = make(read_runs(["runs"]))

Only numbers of one setting (data, protocol, language, task version) and one contrast stand in one board. Models are ranked by
``balanced`` across kinds; two whose paired difference has an interval around 0 are not told apart. A row whose items are not
complete, or of which requests failed, or of which most answers could not be read, is not ranked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.reports.board.estimates import Estimate, Estimates, estimates
from cmqa_tasks.reports.board.groups import GROUPINGS, GroupScore, by_group
from cmqa_tasks.reports.board.own_arms import contrasts_of, left_out
from cmqa_tasks.reports.board.spread import Spread, spread_of
from cmqa_tasks.reports.board.within import Within, adjusted, within
from cmqa_tasks.results import ModelStamp, ResultsError, Run, Setting
from cmqa_tasks.results.tally import count, facts_of, labels_of
from cmqa_tasks.scoring.statistics import ranking
from cmqa_tasks.scoring.statistics.bootstrap import RESAMPLES, interval, widened


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model on a board."""

    name: str
    variant: str
    """What tells it from other rows of its name; most often empty."""
    rank: int | None
    """None where items are missing, requests failed, or most answers could not be read."""
    ties: str
    """Letters: two rows share one if and only if they cannot be told apart."""
    values: Mapping[str, Estimate]
    arms: Mapping[str, Mapping[str, Estimate]]
    items: int
    facts: int
    marks: tuple[str, ...]
    subject: ModelStamp
    dates: tuple[str, ...]
    spread: Spread | None = None
    """None where there is one protocol only."""
    within: Within | None = None
    """None where an arm was not evaluated."""
    unmeasured: tuple[str, ...] = ()
    """Arms of which most answers could not be read, or failed: they have no rates."""
    groups: Mapping[str, Mapping[str, GroupScore]] = field(default_factory=dict)
    """Scores by ``world`` and ``type`` of fact, then by group."""

    @property
    def title(self) -> str:
        """Name and variant: no other row of the board has the same."""
        return f"{self.name} [{self.variant}]" if self.variant else self.name


@dataclass(frozen=True, slots=True)
class Board:
    """The rows of one setting and contrast, best first."""

    setting: Setting
    contrast: Contrast
    rows: tuple[ModelRow, ...]


def make(runs: Sequence[Run], resamples: int = RESAMPLES, seed: int = 0) -> list[Board]:
    """Every board that the runs give rise to, in the order of settings and contrasts.

    Raises:
        ResultsError: no run has an arm across kinds, or two rows would have the same name.
    """
    boards = []
    for setting in sorted({run.setting for run in runs}):
        alike = [run for run in runs if run.setting == setting]
        for contrast in contrasts_of(alike):
            if kept := [run for run in alike if set(contrast.across) & run.parts.keys()]:
                boards.append(_board(setting, contrast, kept, resamples, seed))
    if not boards:
        arms = sorted({arm for run in runs for arm in run.parts})
        reasons = "".join(f"\n{line}" for line in left_out(runs, []))
        raise ResultsError(f"nothing to rank: no run has an arm of different kinds (arms evaluated: {', '.join(arms)}){reasons}")
    return _with_spread(boards)


def _board(setting: Setting, contrast: Contrast, runs: Sequence[Run], resamples: int, seed: int) -> Board:
    whole = [run for run in runs if _rankable(run, contrast)]
    groups = [(whole, True)] if whole else []
    groups += [([run], False) for run in runs if run not in whole]
    rows = [row for group, ranked in groups for row in _rows(contrast, group, ranked, resamples, seed)]
    rows.sort(key=lambda row: (row.rank is None, -_score(row), row.title))
    tests = adjusted([row.within for row in rows])
    rows = [replace(row, within=test) for row, test in zip(rows, tests, strict=True)]
    return Board(setting, contrast, tuple(rows))


def _rankable(run: Run, contrast: Contrast) -> bool:
    """Whether nothing is missing of what the rank is made of, and most of it was answered."""
    parts = [run.parts[arm] for arm in contrast.arms if arm in run.parts]
    whole = all(not part.partial and not part.failed for part in parts) and set(contrast.across) <= run.parts.keys()
    return whole and all(run.parts[arm].measured for arm in contrast.across)


def _score(row: ModelRow) -> float:
    value = row.values["across_balanced"].value
    return -1.0 if np.isnan(value) else value


def _rows(contrast: Contrast, runs: Sequence[Run], ranked: bool, resamples: int, seed: int) -> Iterator[ModelRow]:
    facts = facts_of(runs, contrast.arms)
    tallies = [count(run, facts) for run in runs]
    labels = {name: labels_of(runs, facts, name) for name in GROUPINGS}
    types = [f"{world}/{kind}" for world, kind in zip(labels["world"], labels["type"], strict=True)]
    measured = estimates(tallies, contrast, resamples, seed, types)
    ranks, letters = _order(measured, len(facts)) if ranked else ([None], ["–"])
    lost = [numbers.unmeasured for numbers in measured]
    groups = {name: by_group(tallies, contrast, lost, labels[name], seed) for name in GROUPINGS}
    for number, (run, tally, numbers) in enumerate(zip(runs, tallies, measured, strict=True)):
        yield ModelRow(
            name=run.name,
            variant=run.variant,
            rank=ranks[number],
            ties=letters[number],
            values=numbers.values,
            arms=numbers.arms,
            items=tally.items(contrast.arms),
            facts=len(facts),
            marks=run.marks(contrast.arms),
            subject=run.subject,
            dates=run.dates,
            within=within(tally, contrast),
            unmeasured=numbers.unmeasured,
            groups={name: scores[number] for name, scores in groups.items()},
        )


def _order(models: Sequence[Estimates], facts: int) -> tuple[list[int | None], list[str]]:
    scores = np.array([each.values["across_balanced"].value for each in models])
    draws = np.stack([each.draws for each in models], axis=1)
    differ = np.zeros((len(models), len(models)), np.bool_)
    for number in range(len(models) - 1):
        low, high = interval(draws[:, number, None] - draws[:, number + 1 :], facts)
        low, high = widened(low, high, facts, (-1.0, 1.0))
        differ[number, number + 1 :] = (low > 0) | (high < 0)
    differ |= differ.T
    return list(ranking.ranks(scores, differ)), ranking.letters(scores, differ)


def _with_spread(boards: Sequence[Board]) -> list[Board]:
    """The boards, every row with the spread of its model over the protocols there are of it."""
    by_model: dict[tuple[object, ...], dict[str, ModelRow]] = {}
    for board in boards:
        for row in board.rows:
            by_model.setdefault(_across_protocols(board, row), {})[board.setting.protocol] = row
    spreads = {key: _spread(rows) for key, rows in by_model.items()}
    return [
        replace(board, rows=tuple(replace(row, spread=spreads[_across_protocols(board, row)]) for row in board.rows))
        for board in boards
    ]


def _across_protocols(board: Board, row: ModelRow) -> tuple[object, ...]:
    """What rows that differ in their protocol alone have in common. Complete rows are not mixed with incomplete ones."""
    return board.contrast.name, board.setting.question, row.title, row.rank is None


def _spread(rows: Mapping[str, ModelRow]) -> Spread | None:
    values = {protocol: {name: estimate.value for name, estimate in row.values.items()} for protocol, row in rows.items()}
    return spread_of(values, [row.rank for row in rows.values() if row.rank is not None])
