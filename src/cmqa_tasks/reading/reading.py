"""What a response says about a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cmqa_tasks.facts.records import Side
from cmqa_tasks.reading.values import Sought

Statement = Literal["contradict", "agree"]
"""What an answer to *do they contradict each other?* states."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a response says about a fact."""

    conflict: bool
    """It states that the pieces of evidence contradict each other."""
    sides: tuple[Side, ...]
    """The expected values that it settles on, in order of mention, without those it rejects or only reports before
    choosing; of a stated conflict, all that it mentions."""
    other: str | None
    """The value of the right kind, neither of the expected ones, that it answers instead."""
    abstained: bool
    """It says that it cannot tell, or refuses, and settles on nothing."""
    parsed: str | None
    """All of this for a human reader; ``None`` when nothing was recognised."""
    statement: Statement | None = None
    """What it answers to *do they contradict each other?*, where that was asked."""
    failed: bool = False
    """There is no response: the request failed."""


NOTHING = Reading(conflict=False, sides=(), other=None, abstained=False, parsed=None)
ABSTAINED = Reading(conflict=False, sides=(), other=None, abstained=True, parsed="abstained")
FAILED = Reading(conflict=False, sides=(), other=None, abstained=False, parsed="failed", failed=True)
STATED = {
    True: Reading(True, (), None, False, "contradict", "contradict"),
    False: Reading(False, (), None, False, "agree", "agree"),
}


def of_sides(conflict: bool, sides: Sequence[Side], wanted: Sought) -> Reading:
    """The reading of some of the two values, or of a conflict between them."""
    values = " | ".join(wanted.canonical[side] for side in sides)
    return Reading(conflict, tuple(sides), None, False, f"conflict: {values}".rstrip(": ") if conflict else values)


def of_other(written: str) -> Reading:
    """The reading of a value that is neither of the two."""
    return Reading(False, (), written, False, f"other: {written}")
