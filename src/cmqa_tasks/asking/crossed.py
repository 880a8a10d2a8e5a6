"""Items by crossing: each value of the first piece with each value of the second.

Every fact gives an arm with two pieces up to four items, ``a`` and ``b`` in either place: two in conflict, two that agree. So a
rendering stands in conflict and in agreeing items equally often, and nothing about one piece alone says which it is. Where a fact
has fewer renderings (one photograph, of the true value), the items that can be made of them are made.

    image_text:   image a + text a   image a + text b   image b + text a   image b + text b
    text_text:    in the first place one rendering of each value, in the second place the other one

Which rendering stands where, and the order of the items, are drawn by a hash of the fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from cmqa_tasks.facts.records import SIDES, Arm, Fact, Modality, Piece, Side, content_id

Has = Callable[[Piece], bool]
"""Whether there is such a rendering of the fact."""
VARIANTS = (0, 1)


def crossed(arm: Arm, fact: Fact, has: Has) -> list[tuple[Piece, ...]]:
    """The pieces of each of a fact's items in an arm, in an order that says nothing.

    Where the fact lacks what an arm needs (one kind of evidence; a second rendering of some value, for an agreeing item within
    one kind), its items are those of a fact that lacks nothing: asking for their evidence says what is missing.
    """
    if arm.single:
        drawn: list[tuple[Piece, ...]] = [(piece,) for piece in _renderings(arm.pieces[0], has)]
        complete = bool(drawn)
    else:
        drawn = _pairs(arm, fact, has)
        complete = {pieces[0].side == pieces[1].side for pieces in drawn} == {True, False}
    if not complete:
        return crossed(arm, fact, lambda piece: True)
    return sorted(drawn, key=lambda pieces: content_id("order", fact.id, arm.name, [piece.model_dump() for piece in pieces]))


def _renderings(kind: tuple[Modality, str], has: Has) -> list[Piece]:
    pieces = (_piece(kind, side, variant) for side, variant in product(SIDES, VARIANTS))
    return [piece for piece in pieces if has(piece)]


def _pairs(arm: Arm, fact: Fact, has: Has) -> list[tuple[Piece, ...]]:
    first, second = (_place(arm, position, fact, has) for position in range(2))
    return [pieces for pieces in product(first, second) if pieces[0] != pieces[1]]


def _place(arm: Arm, position: int, fact: Fact, has: Has) -> Sequence[Piece]:
    """A rendering of each value, as far as there is one, for one place of an arm.

    The two places have different ones, where there are (passages of one number are translations of each other); across kinds a
    kind has the same ones in whatever place it stands.
    """
    kind = arm.pieces[position]
    within = arm.pieces[0] == arm.pieces[1]
    preferred = fact.crossed_variant(position if within else sorted(arm.pieces).index(kind))
    pieces: list[Piece] = []
    for side in SIDES:
        choices = (_piece(kind, side, (preferred + other) % 2) for other in VARIANTS)
        pieces += [piece for piece in choices if has(piece)][:1]
    return pieces


def _piece(kind: tuple[Modality, str], side: Side, variant: int) -> Piece:
    modality, language = kind
    return Piece(modality=modality, language=language, side=side, variant=variant)
