"""From a response to its outcome: what it did.

>>> score(Reading(False, ("b",), None, False, "29.99 USD"), "conflict", "a")
'second'
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from cmqa_tasks.asking.protocols import Form, Meaning
from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Fact, Outcome, Relation, Side
from cmqa_tasks.reading import Reading, read, read_response

_LOG = logging.getLogger(__name__)


def score(reading: Reading, relation: Relation, first_side: Side) -> Outcome:
    """The outcome of a response.

    Args:
        reading: what the response says.
        relation: how the pieces relate. On ``agree`` and ``single`` the answer is right or not; on ``conflict`` it is the
            first or the second piece's.
        first_side: the side that is shown first; on ``agree`` and ``single`` the only one shown.
    """
    if reading.failed:
        return "failed"
    if reading.statement is not None:
        return "conflict" if reading.conflict else "other" if relation == "conflict" else "correct"
    if reading.conflict:
        return "conflict"
    if len(reading.sides) > 1:
        return "both"
    if reading.sides:
        shown_first = reading.sides[0] == first_side
        if relation == "conflict":
            return "first" if shown_first else "second"
        return "correct" if shown_first else "other"
    if reading.abstained:
        return "abstain"
    return "other" if reading.other is not None else "unparsed"


def score_answer(
    response: str,
    fact: Fact,
    relation: Relation,
    first_side: Side,
    form: Form = "free",
    letters: Mapping[str, Meaning] | None = None,
) -> tuple[Outcome, str | None]:
    """Read and score one response to a question that is given by its parts; see :func:`score_response`."""
    reading = read(response, fact, form, letters or {})
    return score(reading, relation, first_side), reading.parsed


def score_response(
    response: str, question: Question, reasoning_opened: bool = False, cut: bool = False
) -> tuple[Outcome, str | None]:
    """What a response to a question did.

    Args:
        response: what the model wrote.
        question: what it was asked.
        reasoning_opened: the prompt ended with the mark that opens the reasoning.
        cut: the response ended at the token limit.

    A response that the reader fails on is ``unparsed``, with a warning. Both harnesses score after all generation, so an
    error here would cost every answer of the run.

    Returns:
        the outcome, and what was read, for a human reader; None when nothing was recognised.
    """
    try:
        reading = read_response(response, question, reasoning_opened, cut)
        return score(reading, question.item.relation, question.pieces[0].side), reading.parsed
    except Exception:  # whatever the fault is, it concerns this answer alone
        _LOG.warning("item %s: its answer could not be read and counts as unparsed", question.item.id, exc_info=True)
        return "unparsed", None


def is_right(relation: str, outcome: str) -> bool:
    """The right call: of two pieces, whether they are called contradictory where they are and nowhere else; of one, its value."""
    if relation == "single":
        return outcome == "correct"
    return outcome != "failed" and (outcome == "conflict") == (relation == "conflict")
