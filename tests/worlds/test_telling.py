"""Passages of new sets: they say one value of several, and neither the number nor the place of values says which."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import product

import pytest
from shop_texts import visible

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, SIDES
from cmqa_tasks.facts.release import Release
from cmqa_tasks.reading import mentions
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.scoring.shortcuts import Reader, alike, untrained, values_of
from cmqa_tasks.worlds import WORLDS, side_scene, type_named, value_of, view_of
from cmqa_tasks.worlds.build.draw import Drawn, draw, page, texts
from cmqa_tasks.worlds.languages import write
from cmqa_tasks.worlds.telling import HELD_OUT, beside, tellings
from cmqa_tasks.worlds.templates import render_text

LANGUAGES = ("en", "zh")
WORDS = {"en": range(28, 125), "zh": range(45, 260)}
"""Lengths of passages, in words and in characters."""


@cache
def drawn(*, held_out: bool = False) -> tuple[Drawn, ...]:
    return tuple(draw(23, number, held_out=held_out) for number in range(160))


@cache
def written(*, held_out: bool = False) -> Release:
    facts = drawn(held_out=held_out)
    return Release.from_records(
        "drawn", [one.fact for one in facts], [text for one in facts for text in texts(one)], crossed=True
    )


def known(value: str, one: Drawn) -> str:
    """A value as its fact has it: a date with its year, an amount with its currency."""
    return next((own for side in SIDES if alike(value, own := one.fact.value(side).canonical)), value)


def length(text: str, language: str) -> int:
    return len(text.split()) if language == "en" else len(text)


@pytest.mark.parametrize("held_out", [False, True])
def test_both_values_stand_in_every_passage_and_as_often_on_either_side(held_out: bool) -> None:
    wrong = []
    for one in drawn(held_out=held_out):
        seen: dict[tuple[str, int], list[Counter[str]]] = {}
        for text in texts(one):
            if not all(any(form in text.text for form in one.fact.value(side).surface[text.language]) for side in SIDES):
                wrong.append((text.template, text.text))
            if length(text.text, text.language) not in WORDS[text.language]:
                wrong.append((text.template, length(text.text, text.language), text.text))
            seen.setdefault((text.language, text.variant), []).append(
                Counter(known(value, one) for value in values_of(text.text, one.fact))
            )
        if one.fact.kind != "name":  # names are recognised by their surroundings alone
            wrong += [(one.fact.type, *sides) for sides in seen.values() if sides[0] != sides[1]]
    assert wrong == []


@pytest.mark.parametrize("arm", ["text_text", "zh_zh", "en_zh"])
@pytest.mark.parametrize("held_out", [False, True])
def test_shortcuts_get_next_to_nothing(arm: str, held_out: bool) -> None:
    release = written(held_out=held_out)
    assert max(untrained(ARMS[arm], Reader(release)).values()) <= 0.6


def test_the_passages_of_a_value_share_no_role_and_held_out_sentences_stand_apart() -> None:
    for held_out in (False, True):
        for one in drawn(held_out=held_out):
            roles = [{telling.contrast, *telling.others} for telling in one.tellings]
            assert not roles[0] & roles[1]
            sentences = tellings("en")["types"][f"{one.fact.world}/{one.fact.type}"]  # type: ignore[index]
            for telling in one.tellings:
                used = [(part, number) for part, number in telling.order if part != "asides"]
                assert all((number >= len(sentences[part]) - HELD_OUT) is held_out for part, number in used)
            assert one.tellings[0].tell != one.tellings[1].tell


def test_the_asked_value_has_no_place_of_its_own() -> None:
    """Among the values of a passage it stands first, last and between about as often as any other."""
    places: Counter[int] = Counter()
    expected: Counter[int] = Counter()
    for one in drawn():
        for telling in one.tellings:
            values = [part for part, _ in telling.order if part != "asides"]
            places[values.index("tells")] += 1
            for place in range(len(values)):
                expected[place] += 1 / len(values)  # type: ignore[assignment]
    assert all(abs(places[place] - expected[place]) < 40 for place in expected), (places, expected)


def test_languages_have_the_same_sentences_and_every_one_can_be_told() -> None:
    english, chinese = (tellings(language) for language in LANGUAGES)
    assert english is not None
    assert chinese is not None
    assert list(english["types"]) == list(chinese["types"])
    assert set(english["types"]) == {f"{world.name}/{kind.name}" for world in WORLDS.values() for kind in world.types}
    facts = {f"{one.fact.world}/{one.fact.type}": one for one in drawn()}
    for name, sentences in english["types"].items():
        assert sentences["same"], name
        for part, least in (("tells", 6), ("roles", 8), ("asides", 3)):
            pairs = list(zip(sentences[part], chinese["types"][name][part], strict=True))
            assert len(pairs) >= least
            assert all(fields(one) == fields(other) for one, other in pairs), (name, part)
            for language, number in ((language, number) for language in (0, 1) for number in range(len(pairs))):
                assert told(facts[name], pairs[number][language], LANGUAGES[language], part), (name, part, number)


def fields(sentence: str) -> set[str]:
    return set(re.findall(r"{{ (\w+)", sentence))


def told(one: Drawn, sentence: str, language: str, part: str) -> bool:
    """Whether a sentence names its value so that readers of answers find it, and asides name none of the kind."""
    world, fact = WORLDS[one.fact.world], one.fact
    fact_type = type_named(world, fact.type)
    value = value_of(world, fact_type, fact.a.canonical).surface[language][0]
    view = view_of(world, side_scene(one.scene, fact_type, fact.a.canonical), language)
    if part == "asides" or fact.kind == "name":
        return value in render_text(sentence, {**view, "v": value}) or part == "asides"
    text = render_text(sentence, {**view, "v": write(fact.kind, fact.a.canonical, language)})
    canonical = fact.a.canonical
    return any(alike(reading, canonical) for mention in mentions(text, fact.kind) for reading in mention.readings)


def test_pages_write_the_same_words_for_either_side_in_another_order() -> None:
    """The value that is asked for and the other one are as large, each under its label; what is drawn is written nowhere."""
    first_is_own: Counter[bool] = Counter()
    for one in drawn()[:80]:
        for language, layout in product(LANGUAGES, (0, 1)):
            words = [sorted(visible(page(one, side, language, layout)).replace(" ", "")) for side in SIDES]
            assert words[0] == words[1], (one.fact.type, language, layout)
            rows = beside(WORLDS[one.fact.world], one.fact, one.scene, "a", language, layout)["rows"]
            assert len(rows) == (0 if one.fact.graphical and one.fact.type not in ("rating", "pain") else 2)
            if rows and language == "en":
                first_is_own[rows[0]["value"] == shown(one)] += 1
    assert min(first_is_own[True], first_is_own[False]) > 0.35 * first_is_own.total(), first_is_own


def shown(one: Drawn) -> str:
    """The first value of a fact as pages write it."""
    return one.fact.a.surface["en"][0]


def test_the_labels_of_the_two_layouts_differ() -> None:
    for language in LANGUAGES:
        for name, sentences in tellings(language)["types"].items():  # type: ignore[index]
            if "page" in sentences:
                assert len({sentences["page"]["own"], *sentences["page"]["beside"]}) == 3, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_that_a_passage_uses_is_read_as_an_answer(language: str) -> None:
    """The rule of what counts as the same is the reader's: an answer in the words of a passage is right."""
    misread = []
    phrases = tellings(language)
    assert phrases is not None
    for question in questions_of(ARMS[language], written(), "aware", language)[::3]:
        fact, side = question.fact, question.pieces[0].side
        if fact.kind == "name":
            continue
        sentences = phrases["types"][f"{fact.world}/{fact.type}"]
        forms = {form for part in ("tells", "roles") for text in sentences[part] for form in re.findall(r"{{ v\.(\w+)", text)}
        value = write(fact.kind, fact.value(side).canonical, language)
        for form in sorted(forms):
            outcome, _ = score_response(value.forms[form], question)
            if outcome != "correct":
                misread.append((fact.type, form, value.forms[form], outcome))
    assert misread == []
