"""Outcomes → rates. Pure functions over per-item marks, the same inside the harness and offline.

Each metric gives every item a *mark*: 1 or 0 where the item counts, nothing where it does not (an agreeing twin has no say in
``recognition``). The metric is the mean of its marks, and NaN when no item counts: an empty denominator is shown, never hidden.
The one exception is ``balanced``, the mean of two rates, which stays right when the numbers of conflict and agree items differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Arm, Modality, Outcome, Relation
from cmqa_tasks.scoring.outcomes import is_right


@dataclass(frozen=True, slots=True)
class Scored:
    """What the metrics need to know of one answered item."""

    relation: Relation
    outcome: Outcome
    pieces: tuple[tuple[Modality, str], ...]
    """(modality, language) of the item's pieces, in order."""

    @classmethod
    def of(cls, question: Question, outcome: Outcome) -> Scored:
        """What a response to a question did."""
        return cls(question.item.relation, outcome, tuple((piece.modality, piece.language) for piece in question.pieces))


class Mark(NamedTuple):
    """What one item says under a metric for which it counts."""

    relation: Relation
    value: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the harness's table."""

    name: str
    higher_is_better: bool | None
    """None where neither direction is better (preferences)."""
    description: str
    answered: Callable[[Scored], float | None]
    """1 or 0 for an answer that counts, else None; see :meth:`mark`."""
    by_relation: bool = False
    """Whether the rates over conflict items and over agree items weigh the same, whatever their numbers."""

    def mark(self, item: Scored) -> float | None:
        """1 or 0 for an item that counts, else None. A request that failed has no answer, and counts under ``failed`` alone."""
        return None if item.outcome == "failed" and self.name != "failed" else self.answered(item)

    def marks(self, items: Iterable[Scored]) -> list[Mark]:
        """The marks of the items that count."""
        return [Mark(item.relation, value) for item in items if (value := self.mark(item)) is not None]

    def rate(self, marks: Iterable[Mark]) -> float:
        """The metric's value; NaN when no item counts. A harness and ``cmqa policies`` compute it here."""
        marks = list(marks)
        if not self.by_relation:
            return mean(value for _, value in marks)
        conflict, agree = (mean(value for relation, value in marks if relation == kind) for kind in ("conflict", "agree"))
        return balanced(conflict, 1.0 - agree)


def _share(relation: Relation, *outcomes: Outcome) -> Callable[[Scored], float | None]:
    def mark(item: Scored) -> float | None:
        return float(item.outcome in outcomes) if item.relation == relation else None

    return mark


def _any_share(outcome: Outcome) -> Callable[[Scored], float | None]:
    return lambda item: float(item.outcome == outcome)


def _balanced(item: Scored) -> float | None:
    if item.relation == "single":
        return None
    return float(is_right(item.relation, item.outcome))


def _prefers(followed: Callable[[Scored, int], bool]) -> Callable[[Scored], float | None]:
    """The mark of following a piece of some sort; ``followed`` gets the index of the piece that was followed."""

    def mark(item: Scored) -> float | None:
        if item.relation != "conflict" or item.outcome not in ("first", "second"):
            return None
        return float(followed(item, 0 if item.outcome == "first" else 1))

    return mark


RECOGNITION = Metric("recognition", True, "share of conflict items called contradictory", _share("conflict", "conflict"))
FALSE_ALARM = Metric("false_alarm", False, "share of agreeing twins called contradictory", _share("agree", "conflict"))
BALANCED = Metric(
    "balanced", True, "(recognition + 1 − false_alarm) / 2: the headline; 0.5 without any insight", _balanced, by_relation=True
)
NAMED_BOTH = Metric(
    "named_both", None, "share of conflict items with both values listed, not called contradictory", _share("conflict", "both")
)
AGREE_CORRECT = Metric("agree_correct", True, "share of agreeing twins answered with their value", _share("agree", "correct"))
_FOLLOWED = "of conflict items where one piece was followed: the"
PREFERS_FIRST = Metric("prefers_first", None, f"{_FOLLOWED} first", _prefers(lambda _, index: index == 0))
PREFERS_IMAGE = Metric(
    "prefers_image", None, f"{_FOLLOWED} image", _prefers(lambda item, index: item.pieces[index][0] == "image")
)
PREFERS_ENGLISH = Metric(
    "prefers_english", None, f"{_FOLLOWED} English one", _prefers(lambda item, index: item.pieces[index][1] == "en")
)
UNPARSED = Metric("unparsed", False, "share of items whose response could not be read", _any_share("unparsed"))
ABSTAINED = Metric("abstained", None, "share of items where the model declined to answer", _any_share("abstain"))
FAILED = Metric("failed", False, "share of items whose request failed, so that there was no answer", _any_share("failed"))
READ_CORRECT = Metric("read_correct", True, "share of single pieces read correctly", _share("single", "correct"))
CRIED_CONFLICT = Metric("cried_conflict", False, "share of single pieces called contradictory", _share("single", "conflict"))

_PAIR = (BALANCED, RECOGNITION, FALSE_ALARM, NAMED_BOTH, AGREE_CORRECT, PREFERS_FIRST, UNPARSED, ABSTAINED, FAILED)
_SINGLE = (READ_CORRECT, CRIED_CONFLICT, UNPARSED, ABSTAINED, FAILED)


def metrics_of(arm: Arm) -> tuple[Metric, ...]:
    """The metrics of an arm: they depend on the arm alone, never on the responses."""
    if arm.single:
        return _SINGLE
    if arm.cross_modal:
        return (*_PAIR, PREFERS_IMAGE)
    return (*_PAIR, PREFERS_ENGLISH) if arm.cross_lingual and any(language == "en" for _, language in arm.pieces) else _PAIR


def mean(marks: Iterable[float]) -> float:
    """The mean of the marks; NaN when there are none."""
    values = list(marks)
    return math.fsum(values) / len(values) if values else math.nan


def rates(arm: Arm, items: Iterable[Scored]) -> Mapping[str, float]:
    """Every metric of an arm over its items."""
    items = list(items)
    return {metric.name: metric.rate(metric.marks(items)) for metric in metrics_of(arm)}


Rate = TypeVar("Rate", float, npt.NDArray[np.float64])


def balanced(recognition: Rate, false_alarm: Rate) -> Rate:
    """Balanced accuracy of telling conflict from agreement: 0.5 for one that always or never calls conflict; also of arrays."""
    return (recognition + 1.0 - false_alarm) / 2.0
