"""Outcomes of a run, counted by fact, arm, relation and outcome: all that rates, intervals and ranks are made of.

    tally = count(run, facts_of([run]))
    tally.calls("image_text", "conflict")       # per fact: how many conflict items were called contradictory, and how many
    there are

The rates are those of :mod:`cmqa_tasks.scoring.metrics`, and a test holds them against the harness's own table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cmqa_tasks.facts.records import OUTCOMES, Outcome, Relation
from cmqa_tasks.results import ResultsError, Run

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
RELATIONS: tuple[Relation, ...] = ("conflict", "agree", "single")
_SIDES = ("a", "b")


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one run over a list of facts, which runs that are compared share."""

    facts: Sequence[str]
    counts: dict[str, Counts] = field(repr=False)
    """By arm: [facts × relations × outcomes]."""
    first: dict[str, npt.NDArray[np.int8]] = field(repr=False)
    """By two-piece arm: which side (0, 1) the first piece of a fact's conflict item shows; −1 where there is none."""
    correct: dict[str, npt.NDArray[np.bool_]] = field(repr=False)
    """By single arm: [facts × sides], whether the piece was read correctly."""
    log_density_ratio: dict[str, tuple[Values, Counts]] = field(repr=False)
    """By arm: per fact, the sum of its items' means, and how many items have one."""

    def of(self, arm: str, relation: Relation, *outcomes: Outcome) -> tuple[Counts, Counts]:
        """Per fact, how many items of a relation had one of the outcomes, and how many there are."""
        if arm not in self.counts:
            nothing = np.zeros(len(self.facts), np.int64)
            return nothing, nothing
        kept = self.counts[arm][:, RELATIONS.index(relation)]
        return kept[:, [OUTCOMES.index(outcome) for outcome in outcomes]].sum(axis=1), kept.sum(axis=1)

    def calls(self, arm: str, relation: Relation) -> tuple[Counts, Counts]:
        """Per fact, how many items of a relation were called contradictory, and how many there are."""
        return self.of(arm, relation, "conflict")

    def items(self, arms: Iterable[str]) -> int:
        """How many items these arms have."""
        return int(sum(self.counts[arm].sum() for arm in arms if arm in self.counts))

    def readable(self, arm: str, first: str, second: str) -> npt.NDArray[np.bool_] | None:
        """Per fact, whether both pieces of its conflict item were read correctly alone; None where the single arms are missing.

        Args:
            arm: a two-piece arm.
            first: the single arm of the first piece's kind.
            second: that of the second's.
        """
        if arm not in self.first or first not in self.correct or second not in self.correct:
            return None
        first_side = self.first[arm]
        side, facts = np.maximum(first_side, 0), np.arange(len(self.facts))
        both = self.correct[first][facts, side] & self.correct[second][facts, 1 - side]
        return np.asarray(both & (first_side >= 0))


def facts_of(runs: Iterable[Run], arms: Iterable[str] | None = None) -> list[str]:
    """The facts of all runs, sorted; of some arms only, if any are named."""
    wanted = None if arms is None else set(arms)
    found: set[str] = set()
    for run in runs:
        for arm, part in run.parts.items():
            if wanted is None or arm in wanted:
                found.update(pc.unique(part.items.column("fact_id")).to_pylist())
    return sorted(found)


def count(run: Run, facts: Sequence[str]) -> Tally:
    """Count a run's outcomes over these facts; items of other facts are left out.

    Raises:
        ResultsError: an outcome or relation that this version does not know.
    """
    index = pa.array(facts, pa.string())
    tally = Tally(facts, {}, {}, {}, {})
    for arm, part in run.parts.items():
        try:
            _count_arm(tally, arm, part.items, index)
        except KeyError as error:
            raise ResultsError(f"{part.samples}: unknown outcome or relation {error.args[0]!r}") from None
    return tally


def _count_arm(tally: Tally, arm: str, items: pa.Table, index: pa.Array) -> None:
    fact = _codes(items.column("fact_id"), index)
    known = fact >= 0
    relation, outcome = (
        _named(items.column(name), values)[known] for name, values in (("relation", RELATIONS), ("outcome", OUTCOMES))
    )
    side = _codes(items.column("first_side"), pa.array(_SIDES))[known]
    ratio = items.column("log_density_ratio").to_numpy()[known]
    fact, facts = fact[known], len(tally.facts)
    shape = facts, len(RELATIONS), len(OUTCOMES)
    flat = np.ravel_multi_index((fact, relation, outcome), shape)
    tally.counts[arm] = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
    conflict, single = relation == RELATIONS.index("conflict"), relation == RELATIONS.index("single")
    if single.any():
        right = single & (outcome == OUTCOMES.index("correct")) & (side >= 0)
        tally.correct[arm] = np.zeros((facts, 2), np.bool_)
        tally.correct[arm][fact[right], side[right]] = True
    else:
        tally.first[arm] = np.full(facts, -1, np.int8)
        tally.first[arm][fact[conflict]] = side[conflict]
    logged = np.isfinite(ratio)
    if logged.any():
        sums, numbers = (np.bincount(fact[logged], weights, minlength=facts) for weights in (ratio[logged], None))
        tally.log_density_ratio[arm] = sums.astype(np.float64), numbers.astype(np.int64)


def _codes(column: pa.ChunkedArray, index: pa.Array) -> Counts:
    """The place of each value in the index; −1 where it is not in it."""
    found = pc.fill_null(pc.index_in(column.cast(pa.string()), value_set=index), -1)
    codes: Counts = found.to_numpy().astype(np.int64)
    return codes


def _named(column: pa.ChunkedArray, values: Sequence[str]) -> Counts:
    """As :func:`_codes`, where every value must be known."""
    codes = _codes(column, pa.array(values))
    if (codes < 0).any():
        raise KeyError(column[int(np.argmax(codes < 0))].as_py())
    return codes
