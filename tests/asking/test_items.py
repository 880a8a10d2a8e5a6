from __future__ import annotations

from collections import Counter

import pytest
from plain_facts import FACTS, plain_fact

from cmqa_tasks.asking.items import items
from cmqa_tasks.facts.records import ARMS, SIDES, Arm, Item, Piece, arm_named

PAIRS = [arm for arm in ARMS.values() if not arm.single]


def items_of(arm: Arm) -> list[Item]:
    return list(items(arm, FACTS, "r"))


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_every_conflict_is_followed_by_its_agreeing_twin(arm: Arm) -> None:
    pairs = items_of(arm)
    assert len(pairs) == 2 * len(FACTS)
    for conflict, twin in zip(pairs[::2], pairs[1::2], strict=True):
        assert (conflict.relation, twin.relation) == ("conflict", "agree")
        assert conflict.fact_id == twin.fact_id
        assert {piece.side for piece in conflict.pieces} == {"a", "b"}
        assert len({piece.side for piece in twin.pieces}) == 1


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_pieces_stand_in_the_arms_order_and_never_share_a_rendering(arm: Arm) -> None:
    for item in items_of(arm):
        assert tuple((piece.modality, piece.language) for piece in item.pieces) == arm.pieces
        assert {piece.variant for piece in item.pieces} == {0, 1}


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_a_twin_shares_a_piece_within_a_kind_and_across_kinds_half_of_the_time(arm: Arm) -> None:
    by_fact: dict[str, dict[str, set[Piece]]] = {}
    for item in items_of(arm):
        by_fact.setdefault(item.fact_id, {})[item.relation] = set(item.pieces)
    shared = Counter(len(pair["conflict"] & pair["agree"]) for pair in by_fact.values())
    assert shared == ({1: len(FACTS)} if len(set(arm.pieces)) == 1 else {0: len(FACTS) // 2, 1: len(FACTS) // 2})


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_orders_sides_and_renderings_are_balanced_and_independent(arm: Arm) -> None:
    conflicts = [item for item in items_of(arm) if item.relation == "conflict"]
    seen = Counter((item.pieces[0].side, item.pieces[0].variant) for item in conflicts)
    assert set(seen.values()) == {len(FACTS) // 4}, seen
    twins = Counter(item.pieces[0].side for item in items_of(arm) if item.relation == "agree")
    assert twins["a"] == twins["b"]
    joint = Counter(
        (conflict.pieces[0].side, twin.pieces[0].side)
        for conflict, twin in zip(items_of(arm)[::2], items_of(arm)[1::2], strict=True)
    )
    assert set(joint.values()) == {len(FACTS) // 4}, joint


SWAPPED = [("image_text", "text_image"), ("en_zh", "zh_en"), ("zhimage_text", "text_zhimage"), ("image_zhtext", "zhtext_image")]


@pytest.mark.parametrize(("arm", "other"), SWAPPED)
def test_swapping_the_order_changes_nothing_else(arm: str, other: str) -> None:
    for forward, backward in zip(items_of(arm_named(arm)), items_of(arm_named(other)), strict=True):
        assert forward.pieces == backward.pieces[::-1]


@pytest.mark.parametrize(("arm", "other"), [("text_text", "en_en"), ("text", "en")])
def test_english_text_is_the_same_in_both_families(arm: str, other: str) -> None:
    """So that one run of text against text is the baseline of both."""
    for item, swapped in zip(items_of(arm_named(arm)), items_of(arm_named(other)), strict=True):
        assert item.pieces == swapped.pieces
        assert item.id != swapped.id


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_every_arm_shows_the_same_values_in_the_same_renderings(arm: Arm) -> None:
    """Paired by fact: arms differ in the kinds of the pieces, never in which values and renderings a conflict shows."""
    for item in items_of(arm)[::2]:
        assert {(piece.side, piece.variant) for piece in item.pieces} == {
            (side, plain_fact(int(item.fact_id.removeprefix("fact"))).conflict_variant(side)) for side in SIDES
        }


def test_one_chinese_page_of_each_value_is_enough() -> None:
    """Chinese pages come in one layout per value, the one of the conflict items: no arm may ask for another."""
    by_id = {fact.id: fact for fact in FACTS}
    for arm in ARMS.values():
        for item in items_of(arm):
            for piece in item.pieces:
                if (piece.modality, piece.language) == ("image", "zh"):
                    assert piece.variant == by_id[item.fact_id].conflict_variant(piece.side)


def test_single_arms_hold_every_piece_that_conflicts_show() -> None:
    singles = [arm for arm in ARMS.values() if arm.single]
    single = {(item.fact_id, piece) for arm in singles for item in items_of(arm) for piece in item.pieces}
    conflicts = [item for arm in PAIRS for item in items_of(arm) if item.relation == "conflict"]
    shown = {(item.fact_id, piece) for item in conflicts for piece in item.pieces}
    assert shown <= single
    assert {kind for _, piece in single - shown if (kind := (piece.modality, piece.language))} <= {("image", "zh")}


def test_ids_are_distinct_and_depend_on_every_part() -> None:
    every = [item.id for arm in ARMS.values() for item in items(arm, FACTS, "r")]
    assert len(set(every)) == len(every)
    assert not set(every) & {item.id for arm in ARMS.values() for item in items(arm, FACTS, "other")}


def test_ids_are_stable_across_versions_of_the_code() -> None:
    """Written down once: an id that changes would orphan every published results file."""
    assert [item.id for item in items_of(arm_named("image_text"))[:2]] == STABLE


STABLE = ["fb75d034f22635ec", "ffaa73ca483b26d3"]


def test_unknown_arm_lists_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"unknown arm 'video_text'; choose one of text_text, image_image"):
        arm_named("video_text")
