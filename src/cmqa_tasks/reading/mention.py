"""What a reader of one kind finds in a text."""

from __future__ import annotations

from typing import NamedTuple

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
