"""Protocols: what they are, and the balanced order of the options."""

from __future__ import annotations

from collections import Counter

import pytest
from plain_facts import FACTS

from cmqa_tasks.asking.items import items
from cmqa_tasks.asking.protocols import DEFAULT_PROTOCOL, LETTERS, PROTOCOLS, form_of, options, protocol_named
from cmqa_tasks.facts.records import ARMS, Arm, Fact
from cmqa_tasks.facts.release import load


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
