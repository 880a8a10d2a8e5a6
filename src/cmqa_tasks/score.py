"""One response's reading to its outcome.

>>> score(Reading(False, ("b",), None, False, "29.99 USD"), "conflict", "a")
'second'
"""

from __future__ import annotations

from cmqa_tasks.extract import Reading, extract
from cmqa_tasks.records import Fact, Outcome, Relation, Side


def score(reading: Reading, relation: Relation, first_side: Side) -> Outcome:
    """The outcome of a response.

    Args:
        reading: what the response says.
        relation: how the pieces relate. On ``agree`` and ``single`` the answer is right or not; on ``conflict`` it is the
            first or the second piece's.
        first_side: the side that is shown first; on ``agree`` and ``single`` the only one shown.
    """
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


def score_response(response: str, fact: Fact, relation: Relation, first_side: Side) -> tuple[Outcome, Reading]:
    """Read and score one response; the reading is returned for the samples file."""
    reading = extract(response, fact)
    return score(reading, relation, first_side), reading
