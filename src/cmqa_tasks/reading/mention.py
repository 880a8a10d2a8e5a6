"""What a reader of one kind finds in a text, and how mentions that overlap are told apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

TYPED = 2
"""The mention has the unit or shape of its kind: ``$24.99``, ``8:30 pm``."""
BARE = 1
"""A number alone, which a question about this kind may well be answered with: ``24.99``."""
FOREIGN = 0
"""A number with a unit of another kind, or that counts some noun: ``3 chairs`` where money is asked for."""


class Mention(NamedTuple):
    """One value of a kind in a text."""

    start: int
    end: int
    readings: tuple[str, ...]
    """Canonical forms that it may stand for, most likely first. A date without its year reads ``--03-13``, a bare
    ordinal ``---13``; a number without its unit reads as the number alone."""
    level: int
    """How clearly it is of the kind: :data:`TYPED`, :data:`BARE` or :data:`FOREIGN`."""


class HasSpan(Protocol):
    """A stretch of a text."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


S = TypeVar("S", bound=HasSpan)


def longest(spans: Iterable[S]) -> list[S]:
    """In order of position, without those that overlap a longer one; of two equals the first stays."""
    kept: list[S] = []
    for span in sorted(spans, key=lambda item: (item.start, -item.end)):
        if kept and span.start < kept[-1].end:
            if span.end - span.start > kept[-1].end - kept[-1].start:
                kept[-1] = span
            continue
        kept.append(span)
    return kept


def overlapping(span: HasSpan, among: Sequence[S], starts: Sequence[int]) -> list[S]:
    """Those of some spans, in order and apart from each other and with these starts, that overlap one."""
    hits: list[S] = []
    at = bisect_left(starts, span.end) - 1
    while at >= 0 and among[at].end > span.start:
        hits.append(among[at])
        at -= 1
    return hits


def clear_of(spans: Iterable[S], others: Sequence[HasSpan]) -> list[S]:
    """The spans that overlap none of some others, which are in order and apart from each other."""
    starts = [other.start for other in others]
    return [span for span in spans if not overlapping(span, others, starts)]
