"""From facts to the items of an arm: which piece stands where, balanced and paired.

A release says by which of two rules its items are made (:attr:`cmqa_tasks.facts.release.Release.crossed`). The one of the
miniature, and of files in which every line has two renderings of everything, is :func:`items`: every fact gives each two-piece
arm one ``conflict`` item and its ``agree`` twin, next to each other, and each single arm one item per piece that the conflict
items use. Which value comes first, which value an image carries, and which value the twin repeats follow from bits of the
fact's rank within its type, so each is balanced within every type; the same fact uses the same pieces in every arm, so
``image_text`` and ``text_image`` differ in the order of the pieces and in nothing else. The rule of the releases since v2 is
:func:`cmqa_tasks.asking.crossed.crossed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cmqa_tasks.asking.crossed import crossed
from cmqa_tasks.facts.records import Arm, Fact, Item, Modality, Piece, Relation, Side, content_id, item_id
from cmqa_tasks.facts.release import Release


def items_of(arm: Arm, release: Release, facts: Iterable[Fact] | None = None) -> Iterator[Item]:
    """The items of an arm of a release.

    Args:
        arm: which pieces an item has.
        release: the facts and their evidence. If it is ``crossed``, facts come in an order that follows from their ids, and an
            item is made of the renderings that a fact has: :func:`cmqa_tasks.asking.crossed.crossed`. Else :func:`items` are its
            items, in the order of its facts.
        facts: some of its facts (those for few-shot examples, for instance); by default all that models are asked about.
    """
    chosen = release.facts.values() if facts is None else facts
    if not release.crossed:
        yield from items(arm, chosen, release.name)
        return
    for fact in sorted(chosen, key=lambda fact: content_id("order", fact.id)):
        drawn = crossed(arm, fact, lambda piece, fact=fact: release.has(fact.id, piece))  # type: ignore[misc]
        for turn, pieces in enumerate(drawn):
            yield _made(arm, _relation(pieces), fact, release.name, pieces).model_copy(update={"turn": turn})


def _relation(pieces: Sequence[Piece]) -> Relation:
    if len(pieces) == 1:
        return "single"
    return "agree" if pieces[0].side == pieces[1].side else "conflict"


def items(arm: Arm, facts: Iterable[Fact], release: str) -> Iterator[Item]:
    """The items of an arm in the order of the facts; each conflict item is followed by its agreeing twin."""
    for fact in facts:
        if arm.single:
            for side in _both(_first_side(fact)):
                yield _item(arm, "single", fact, release, (side,), _conflict_variants(fact, (side,)))
        else:
            conflicting = _conflict_sides(arm, fact)
            yield _item(arm, "conflict", fact, release, conflicting, _conflict_variants(fact, conflicting))
            agreeing = (_twin_side(fact),) * 2
            yield _item(arm, "agree", fact, release, agreeing, _agree_variants(arm, fact, agreeing[0]))


def _item(arm: Arm, relation: Relation, fact: Fact, release: str, sides: Sequence[Side], variants: Sequence[int]) -> Item:
    pieces = tuple(
        Piece(modality=modality, language=language, side=side, variant=variant)
        for (modality, language), side, variant in zip(arm.pieces, sides, variants, strict=True)
    )
    return _made(arm, relation, fact, release, pieces)


def _made(arm: Arm, relation: Relation, fact: Fact, release: str, pieces: tuple[Piece, ...]) -> Item:
    identity = item_id(release, arm.name, relation, fact.id, pieces)
    return Item(id=identity, release=release, arm=arm.name, relation=relation, fact_id=fact.id, pieces=pieces)


def _bit(fact: Fact, number: int) -> int:
    return fact.index >> number & 1


def _both(first: Side) -> tuple[Side, Side]:
    return ("a", "b") if first == "a" else ("b", "a")


def _first_side(fact: Fact) -> Side:
    """Which value a unimodal conflict item shows first, and which one an image carries in a cross-modal one."""
    return "b" if _bit(fact, 0) else "a"


def _conflict_sides(arm: Arm, fact: Fact) -> tuple[Side, Side]:
    """Sides in order. Across kinds a value is bound to its kind, so that swapping the order swaps nothing else."""
    lead = _first_side(fact)
    return _both(lead) if _leads(arm) else _both("b" if lead == "a" else "a")


def _leads(arm: Arm) -> bool:
    """Whether an arm of two different kinds has the leading kind (images; else the first in alphabetical order) first."""
    first, second = arm.pieces
    return first == second or first == min(arm.pieces, key=_kind_order)


def _kind_order(kind: tuple[Modality, str]) -> tuple[bool, str]:
    modality, language = kind
    return modality != "image", language


def _twin_side(fact: Fact) -> Side:
    """Which value the agreeing twin repeats."""
    return "b" if _bit(fact, 1) else "a"


def _conflict_variants(fact: Fact, sides: Sequence[Side]) -> tuple[int, ...]:
    return tuple(fact.conflict_variant(side) for side in sides)


def _agree_variants(arm: Arm, fact: Fact, side: Side) -> tuple[int, int]:
    """Renderings of the twin's two pieces: always two different ones.

    The kind that leads has the rendering in which conflict items show this value; Chinese pages have no other. So within a kind
    one of the two pieces is always one that the conflict item shows as well; across kinds it is so where the twin repeats the
    value of the leading kind, for half of the facts of a type.
    """
    own = fact.conflict_variant(side)
    return (own, 1 - own) if _leads(arm) else (1 - own, own)
