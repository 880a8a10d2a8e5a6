"""How far a model's numbers move with the wording of the question: nobody should rank on one lucky protocol."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

HEADLINE = "across_balanced"
QUANTITIES = (
    HEADLINE,
    "same_balanced",
    "gap",
    "across_recognition",
    "same_recognition",
    "across_false_alarm",
    "same_false_alarm",
)
"""Whose spread is reported."""


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and highest value of a quantity over protocols."""

    lowest: float
    lowest_protocol: str
    highest: float
    highest_protocol: str


@dataclass(frozen=True, slots=True)
class Spread:
    """One model under several protocols. The first fields are those of ``balanced`` across kinds, the headline."""

    protocols: int
    lowest: float
    lowest_protocol: str
    highest: float
    highest_protocol: str
    ranks: tuple[int, int] | None
    """The best and the worst rank; None where its rows are not ranked."""
    ranges: Mapping[str, Range]
    """By quantity of :data:`QUANTITIES`, those that have a value under two protocols."""


def spread_of(values: Mapping[str, Mapping[str, float]], ranks: Sequence[int]) -> Spread | None:
    """The spread of a model's numbers; None where the headline has a value under fewer than two protocols.

    Args:
        values: by protocol, then by quantity; NaN where there is none.
        ranks: under each protocol.
    """
    ranges = {name: reach for name in QUANTITIES if (reach := _range({protocol: row[name] for protocol, row in values.items()}))}
    known = sum(not math.isnan(row[HEADLINE]) for row in values.values())
    if HEADLINE not in ranges:
        return None
    headline = ranges[HEADLINE]
    ends = (min(ranks), max(ranks)) if ranks else None
    return Spread(known, headline.lowest, headline.lowest_protocol, headline.highest, headline.highest_protocol, ends, ranges)


def _range(by_protocol: Mapping[str, float]) -> Range | None:
    known = sorted((value, protocol) for protocol, value in by_protocol.items() if not math.isnan(value))
    if len(known) < 2:
        return None
    (lowest, least), (highest, most) = known[0], known[-1]
    return Range(lowest, least, highest, most)
