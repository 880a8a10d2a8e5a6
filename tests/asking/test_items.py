"""Items as twins, and protocols: what they are, and the balanced order of the options."""

from __future__ import annotations

from collections import Counter

import pytest
from plain_facts import FACTS, plain_fact

from cmqa_tasks.asking.items import items
from cmqa_tasks.asking.protocols import DEFAULT_PROTOCOL, LETTERS, PROTOCOLS, form_of, options, protocol_named
from cmqa_tasks.facts.records import ARMS, SIDES, Arm, Fact, Item, Piece, arm_named
from cmqa_tasks.facts.release import load

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


def test_the_first_protocol_is_the_default() -> None:
    assert next(iter(PROTOCOLS)) == DEFAULT_PROTOCOL


def test_unknown_protocol_lists_what_exists() -> None:
    with pytest.raises(ValueError, match=r"unknown protocol 'awere'; choose one of aware, neutral, detect, choice"):
        protocol_named("awere")


def test_one_piece_is_asked_about_plainly_by_detect() -> None:
    assert form_of("detect", 2) == "yes_no"
    assert form_of("detect", 1) == "free"
    assert form_of("choice", 1) == "letter"


def letters_of(facts: list[Fact], means: str) -> Counter[str]:
    return Counter(option.letter for fact in facts for option in options(fact, "en") if option.means == means)


@pytest.mark.parametrize("means", ["a", "b", "conflict", "abstain"])
def test_every_option_stands_at_every_letter_equally_often(means: str) -> None:
    assert set(letters_of(FACTS, means).values()) == {len(FACTS) // 4}


@pytest.mark.parametrize("bit", range(4))
@pytest.mark.parametrize("means", ["a", "b", "conflict", "abstain"])
def test_the_order_is_independent_of_everything_that_items_are_balanced_by(bit: int, means: str) -> None:
    for value in (0, 1):
        half = [fact for fact in FACTS if fact.index >> bit & 1 == value]
        assert set(letters_of(half, means).values()) == {len(half) // 4}


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("arm", [arm for arm in ARMS.values() if not arm.single], ids=lambda arm: arm.name)
def test_the_value_that_a_piece_shows_stands_at_every_letter_equally_often(arm: Arm, position: int) -> None:
    by_id = {fact.id: fact for fact in FACTS}
    for relation in ("conflict", "agree"):
        shown = [item for item in items(arm, FACTS, "r") if item.relation == relation]
        letters = Counter(
            option.letter
            for item in shown
            for option in options(by_id[item.fact_id], "en")
            if option.means == item.pieces[position].side
        )
        assert letters == dict.fromkeys(LETTERS, len(FACTS) // 4)


def test_the_values_change_places() -> None:
    first = Counter(
        min((option for option in options(fact, "en") if option.text), key=lambda o: o.letter).means for fact in FACTS
    )
    assert first["a"] == first["b"]


def test_options_of_crossed_items_turn_from_item_to_item() -> None:
    """Over the four items of a fact every option stands once at every letter; where it begins is drawn for the fact."""
    for means in ("a", "b", "conflict", "abstain"):
        letters = [
            [next(option.letter for option in options(fact, "en", turn) if option.means == means) for turn in range(4)]
            for fact in FACTS
        ]
        assert all(set(row) == set(LETTERS) for row in letters)
        assert len({row[0] for row in letters}) > 2


def test_options_are_written_in_the_questions_language() -> None:
    fact = next(fact for fact in load().facts.values() if fact.type == "colour")
    for language in ("en", "zh"):
        texts = {option.means: option.text for option in options(fact, language)}
        assert texts == {
            "a": fact.a.surface[language][0],
            "b": fact.b.surface[language][0],
            "conflict": None,
            "abstain": None,
        }


def test_a_fact_without_the_language_is_written_in_its_own() -> None:
    assert {option.text for option in options(FACTS[0], "zh") if option.text} == {"x", "y"}
