from __future__ import annotations

from collections import Counter

import pytest

from cmqa_tasks.items import items
from cmqa_tasks.records import ARMS, Arm, Fact, Item, Value, arm_named

PAIRS = [arm for arm in ARMS.values() if not arm.single]


def fact(index: int) -> Fact:
    return Fact(
        id=f"fact{index}",
        index=index,
        world="w",
        type="t",
        kind="name",
        entity={"en": "e"},
        question={"en": "q"},
        a=Value(canonical="x", surface={"en": ("x",)}),
        b=Value(canonical="y", surface={"en": ("y",)}),
        graphical=False,
    )


FACTS = [fact(index) for index in range(16)]


def made(arm: Arm) -> list[Item]:
    return list(items(arm, FACTS, "r"))


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_every_conflict_is_followed_by_its_agreeing_twin(arm: Arm) -> None:
    pairs = made(arm)
    assert len(pairs) == 2 * len(FACTS)
    for conflict, twin in zip(pairs[::2], pairs[1::2], strict=True):
        assert (conflict.relation, twin.relation) == ("conflict", "agree")
        assert conflict.fact_id == twin.fact_id
        assert {piece.side for piece in conflict.pieces} == {"a", "b"}
        assert len({piece.side for piece in twin.pieces}) == 1


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_pieces_stand_in_the_arms_order_and_never_share_a_rendering(arm: Arm) -> None:
    for item in made(arm):
        assert tuple((piece.modality, piece.language) for piece in item.pieces) == arm.pieces
        assert {piece.variant for piece in item.pieces} == {0, 1}


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_orders_sides_and_renderings_are_balanced_and_independent(arm: Arm) -> None:
    conflicts = [item for item in made(arm) if item.relation == "conflict"]
    seen = Counter((item.pieces[0].side, item.pieces[0].variant) for item in conflicts)
    assert set(seen.values()) == {len(FACTS) // 4}, seen
    twins = Counter(item.pieces[0].side for item in made(arm) if item.relation == "agree")
    assert twins["a"] == twins["b"]
    joint = Counter(
        (conflict.pieces[0].side, twin.pieces[0].side) for conflict, twin in zip(made(arm)[::2], made(arm)[1::2], strict=True)
    )
    assert set(joint.values()) == {len(FACTS) // 4}, joint


def test_swapping_the_order_of_modalities_changes_nothing_else() -> None:
    for forward, backward in zip(made(arm_named("image_text")), made(arm_named("text_image")), strict=True):
        assert forward.pieces == backward.pieces[::-1]


def test_single_arms_hold_every_piece_that_conflicts_show() -> None:
    single = {(item.fact_id, piece) for name in ("text", "image") for item in made(arm_named(name)) for piece in item.pieces}
    shown = {(item.fact_id, piece) for arm in PAIRS for item in made(arm) if item.relation == "conflict" for piece in item.pieces}
    assert shown == single


def test_ids_are_distinct_and_depend_on_every_part() -> None:
    every = [item.id for arm in ARMS.values() for item in items(arm, FACTS, "r")]
    assert len(set(every)) == len(every)
    assert not set(every) & {item.id for arm in ARMS.values() for item in items(arm, FACTS, "other")}


def test_ids_are_stable_across_versions_of_the_code() -> None:
    """Written down once: an id that changes would orphan every published results file."""
    assert [item.id for item in made(arm_named("image_text"))[:2]] == STABLE


STABLE = ["fb75d034f22635ec", "ffaa73ca483b26d3"]


def test_unknown_arm_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"unknown arm 'video_text'; choose one of text_text, image_image"):
        arm_named("video_text")
