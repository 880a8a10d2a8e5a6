"""Why a response has its outcome, in words: one sentence per relation and outcome, for people who look at single items."""

from __future__ import annotations

from collections.abc import Mapping

from cmqa_tasks.facts.records import Relation

_PAIR = {
    "both": "It lists several values without calling that a contradiction.",
    "abstain": "It declines to answer.",
    "failed": "There is no answer: the request failed.",
    "unparsed": "No value and no statement about a contradiction could be read in it.",
}
_AGREEING = {
    "conflict": "The pieces agree, and it calls them contradictory: a false alarm.",
    "correct": "The pieces agree, and it gives their value.",
    "other": "The pieces agree, and it gives another value than theirs.",
}
_REASONS: Mapping[Relation, Mapping[str, str]] = {
    "conflict": _PAIR
    | {
        "conflict": "The pieces contradict each other, and it says so: recognised.",
        "first": "The pieces contradict each other; it gives the first piece's value as if there were no other.",
        "second": "The pieces contradict each other; it gives the second piece's value as if there were no other.",
        "other": "The pieces contradict each other; it gives a value that neither shows.",
    },
    "agree": _PAIR | _AGREEING,
    "single": _PAIR
    | {
        "conflict": "There is one piece only, and it calls it contradictory.",
        "correct": "It gives the piece's value.",
        "other": "It gives another value than the piece's.",
    },
}
_YES_NO: Mapping[Relation, Mapping[str, str]] = {
    "conflict": {"other": "The pieces contradict each other, and it says that they do not: not recognised."},
    "agree": {"correct": "The pieces agree, and it says so."},
    "single": {},
}


def table() -> dict[str, dict[str, dict[str, str]]]:
    """Every sentence by form (``words``, ``yes_no``), relation and outcome, for the page."""
    words: dict[str, dict[str, str]] = {relation: dict(reasons) for relation, reasons in _REASONS.items()}
    yes_no: dict[str, dict[str, str]] = {relation: {**reasons, **_YES_NO[relation]} for relation, reasons in _REASONS.items()}
    return {"words": words, "yes_no": yes_no}
