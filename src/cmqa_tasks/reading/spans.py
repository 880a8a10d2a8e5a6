"""Spans that overlap, in time linear in their number."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol, TypeVar


class Span(Protocol):
    """A stretch of a text."""

    @property
    def start(self) -> int:
        """Where it begins."""

    @property
    def end(self) -> int:
        """Where it ends."""


S = TypeVar("S", bound=Span)
T = TypeVar("T", bound=Span)


def rivals(one: Span, among: Sequence[T], starts: Sequence[int]) -> list[T]:
    """The spans that overlap one.

    Args:
        one: a span.
        among: spans in order that do not overlap each other.
        starts: where these begin.
    """
    found: list[T] = []
    at = bisect_left(starts, one.end) - 1
    while at >= 0 and among[at].end > one.start:
        found.append(among[at])
        at -= 1
    return found


def clear_of(found: Sequence[S], among: Sequence[Span]) -> list[S]:
    """The spans that overlap none of some others, which are in order and do not overlap each other."""
    starts = [one.start for one in among]
    return [one for one in found if not rivals(one, among, starts)] if starts else list(found)
