"""What a samples file says of one answered item: its marks under every metric, and the per-item record.

    sample = sample_of(question, "They contradict each other.", arm_named("image_text"))
    sample["recognition"]        # {"cluster": fact id, "relation": "conflict", "score": 1.0}
    sample["cmqa_item"]          # item, fact, arm, protocol, outcome, what was read

Both harnesses and :mod:`cmqa_tasks.cli` write these; the results room reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import ITEM_KEY, Arm, Outcome
from cmqa_tasks.scoring import metrics
from cmqa_tasks.scoring.metrics import Mark, Metric, Scored
from cmqa_tasks.scoring.outcomes import score_response


def sample_of(
    question: Question, response: str, arm: Arm, *, reasoning_opened: bool = False, cut: bool = False
) -> dict[str, dict[str, Any]]:
    """The marks of one response under every metric of its arm, and the per-item record.

    An item that does not count for a metric still appears under it, without ``score``: denominators are never
    guessed. ``cluster`` is the fact, for clustered standard errors. A response whose reasoning the prompt opened, or that
    was cut at the limit on tokens, is marked so in its record.
    """
    outcome, parsed = score_response(response, question, reasoning_opened, cut)
    scored = Scored.of(question, outcome)
    marks = {metric.name: mark_of(question, metric.mark(scored)) for metric in metrics.metrics_of(arm)}
    known = {"reasoning_opened": reasoning_opened, "cut": cut}
    record = _record(question, outcome, parsed) | {name: True for name, holds in known.items() if holds}
    return marks | {ITEM_KEY: record}


def mark_of(question: Question, score: float | None) -> dict[str, Any]:
    """One mark as it is written; without ``score`` where the item does not count."""
    mark = {"cluster": question.fact.id, "relation": question.item.relation}
    return mark if score is None else mark | {"score": score}


def _record(question: Question, outcome: Outcome, parsed: str | None) -> dict[str, Any]:
    item, fact = question.item, question.fact
    return {
        "item_id": item.id,
        "fact_id": fact.id,
        "release": item.release,
        "arm": item.arm,
        "relation": item.relation,
        "protocol": question.protocol,
        "language": question.language,
        "world": fact.world,
        "type": fact.type,
        "sides": [piece.side for piece in item.pieces],
        "outcome": outcome,
        "parsed": parsed,
    }


def aggregation_of(metric: Metric) -> Callable[[Sequence[Mapping[str, Any]]], float]:
    """How a metric's written marks become one number. A function of this module, since harnesses send it to other processes."""
    return aggregate_balanced if metric.by_relation else aggregate_mean


def aggregate_mean(marks: Sequence[Mapping[str, Any]]) -> float:
    """Mean over the items that count; NaN when none does."""
    return metrics.mean(mark.value for mark in _counting(marks))


def aggregate_balanced(marks: Sequence[Mapping[str, Any]]) -> float:
    """Balanced accuracy: the mean of the rates of right calls among conflict items and among their twins."""
    return metrics.BALANCED.rate(_counting(marks))


def _counting(marks: Iterable[Mapping[str, Any]]) -> list[Mark]:
    return [Mark(mark["relation"], mark["score"]) for mark in marks if "score" in mark]
