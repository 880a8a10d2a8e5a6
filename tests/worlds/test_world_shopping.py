"""The shopping world: its facts are clear, its passages tell them, and its pages agree with its passages."""

from __future__ import annotations

import datetime
import re
from functools import cache

import pytest
from shop_texts import exchanged, fields_told, forms, holds, keys, visible

from cmqa_tasks.facts.records import SIDES
from cmqa_tasks.reading import FOREIGN, mentions
from cmqa_tasks.worlds import LANGUAGES, WORLDS, passage, phrasebook, type_named
from cmqa_tasks.worlds.build.draw import Drawn, draw, page, texts
from cmqa_tasks.worlds.languages import write
from cmqa_tasks.worlds.shopping import FIELD_KINDS

WORLD = WORLDS["shopping"]
TEMPLATES = range(5)
LAYOUTS = (0, 1)
COLOURS = "red orange yellow green blue purple pink brown black white grey".split()
CHINESE_COLOURS = "红橙橘黄绿蓝紫粉棕褐黑白灰"
CHINESE_NUMERALS = "零〇一二三四五六七八九十百千万两点半"


@cache
def drawn(count: int = 200, seed: int = 11) -> tuple[Drawn, ...]:
    place = list(WORLDS).index(WORLD.name)
    return tuple(draw(seed, len(WORLDS) * n + place) for n in range(count))


def of_type(name: str) -> list[Drawn]:
    return [one for one in drawn() if one.fact.type == name]


def neighbours(one: Drawn) -> list[str]:
    """Every other value of the fact's kind that the scene holds."""
    alike = {field for field, kind in FIELD_KINDS.items() if kind == one.fact.kind}
    nearby = [one.scene[name][field] for name in ("other", "also") for field in alike if field in one.scene[name]]
    return nearby + [one.scene[field] for field in alike if field != one.fact.type]


def holds_chinese(text: str, form: str) -> bool:
    """Whether a form stands in a Chinese text, and not within a longer number."""
    digits = rf"[\d{CHINESE_NUMERALS}]"
    return re.search(rf"(?<!{digits})(?<!\d[.．/-]){re.escape(form)}(?!{digits}|[.．/-]\d)", text) is not None


def test_every_type_is_drawn_and_two_are_graphical() -> None:
    assert {one.fact.type for one in drawn()} == {"price", "rating", "colour", "delivery", "stock"}
    assert {kind.name for kind in WORLD.types if kind.graphical} == {"rating", "colour"}


def test_drawing_is_deterministic() -> None:
    number = 4 * 17 + list(WORLDS).index(WORLD.name)
    assert draw(3, number) == draw(3, number)


def test_entities_do_not_repeat() -> None:
    for language in LANGUAGES:
        assert len({one.fact.entity[language] for one in drawn(2000)}) == 2000


def test_values_differ_and_no_neighbour_shares_them() -> None:
    for one in drawn():
        values = {one.fact.a.canonical, one.fact.b.canonical}
        assert len(values) == 2
        assert not values & set(neighbours(one))


@pytest.mark.parametrize("name", ["price", "rating", "stock"])
def test_numbers_are_far_enough_apart(name: str) -> None:
    least = {"price": 2.0, "rating": 1.5, "stock": 5.0}[name]
    for one in of_type(name):
        a, b = (float(value.canonical.split()[0]) for value in (one.fact.a, one.fact.b))
        assert abs(a - b) >= least


def test_delivery_follows_the_last_day_to_order() -> None:
    for one in of_type("delivery"):
        days = [datetime.date.fromisoformat(value.canonical) for value in (one.fact.a, one.fact.b)]
        assert abs((days[0] - days[1]).days) >= 3
        assert all(one.scene["order_by"] < day.isoformat() < one.scene["return_by"] for day in days)


@pytest.mark.parametrize("side", SIDES)
def test_passages_tell_their_side_only(side: str) -> None:
    for one in drawn():
        fact = one.fact
        own, other = (fact.a, fact.b) if side == "a" else (fact.b, fact.a)
        for template in TEMPLATES:
            text = passage(WORLD, fact, one.scene, side, "en", template)
            place = f"{fact.type}/{template} of {fact.entity['en']}: {text}"
            assert 30 <= len(text.split()) <= 120, place
            assert fact.entity["en"].removeprefix("the ") in text, place
            assert any(holds(text, form) for form in own.surface["en"]), place
            assert not any(holds(text, form) for form in forms(fact.kind, other.canonical)), place


def test_the_two_sides_differ_in_the_value_alone() -> None:
    for one in drawn():
        fact = one.fact
        for template in TEMPLATES:
            texts = [passage(WORLD, fact, one.scene, side, "en", template) for side in SIDES]
            for words, value in zip(exchanged(*texts), (fact.a, fact.b), strict=True):
                assert any(words.strip(".,;:").lower() in form.lower() for form in value.surface["en"]), words


def test_passages_of_every_language_render_and_the_question_names_the_product() -> None:
    for one in drawn(40):
        fact = one.fact
        for language in LANGUAGES:
            assert len(phrasebook(WORLD.name, language).types[fact.type]["passages"]) == len(TEMPLATES)
            assert all(passage(WORLD, fact, one.scene, "a", language, template) for template in TEMPLATES)
        assert all(fact.entity[language] in fact.question[language] for language in LANGUAGES)


def test_the_chinese_phrases_are_those_of_the_english_ones() -> None:
    english, chinese = (phrasebook(WORLD.name, language) for language in ("en", "zh"))
    for part in ("labels", "names", "types"):
        assert keys(getattr(english, part)) == keys(getattr(chinese, part))
    for name, fact_type in english.types.items():
        for template, passages in enumerate(zip(fact_type["passages"], chinese.types[name]["passages"], strict=True)):
            told_in_english, told_in_chinese = (fields_told(source) for source in passages)
            assert told_in_english == told_in_chinese, (name, template)


def test_chinese_names_are_distinct_and_hold_no_value() -> None:
    names = phrasebook(WORLD.name, "zh").names
    for table, entries in names.items():
        assert len(set(entries.values())) == len(entries), table
        if table == "formats":
            continue
        for name in entries.values():
            assert not any(name != other and name in other for other in entries.values()), name
            assert not set(name) & set(CHINESE_COLOURS + CHINESE_NUMERALS), name
    products = [
        brand + line + product
        for brand in names["brands"].values()
        for line in names["lines"].values()
        for product in names["products"].values()
    ]
    assert len(set(products)) == len(products)


@pytest.mark.parametrize("side", SIDES)
def test_chinese_passages_tell_their_side_only(side: str) -> None:
    for one in drawn()[:100]:
        fact = one.fact
        own, other = (fact.a, fact.b) if side == "a" else (fact.b, fact.a)
        for template in TEMPLATES:
            text = passage(WORLD, fact, one.scene, side, "zh", template)
            place = f"{fact.type}/{template} of {fact.entity['zh']}: {text}"
            assert 60 <= len(text) <= 260, place
            assert fact.entity["zh"] in text, place
            assert any(holds_chinese(text, form) for form in own.surface["zh"]), place
            assert not any(holds_chinese(text, form) for form in forms(fact.kind, other.canonical, "zh")), place
            assert not re.search(r"[A-Za-z\s]", text), place


def test_the_two_chinese_sides_differ_in_the_value_alone() -> None:
    for one in drawn()[:100]:
        fact = one.fact
        for template in TEMPLATES:
            pair = [passage(WORLD, fact, one.scene, side, "zh", template) for side in SIDES]
            for rest, value in zip(exchanged(*pair, between=""), (fact.a, fact.b), strict=True):
                assert any(rest in form for form in value.surface["zh"]), rest


def test_each_chinese_passage_holds_a_distractor_of_the_same_kind() -> None:
    for one in drawn()[:100]:
        kind = one.fact.kind
        others = {form for value in neighbours(one) for form in write(kind, value, "zh").forms.values()}
        for template in TEMPLATES:
            text = passage(WORLD, one.fact, one.scene, "a", "zh", template)
            assert any(holds_chinese(text, form) for form in others), text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_chinese_pages_write_values_and_draw_graphical_ones(layout: int) -> None:
    for one in drawn()[:100]:
        texts_shown = {side: visible(page(one, side, "zh", layout)) for side in SIDES}
        for side, text in texts_shown.items():
            fields = {**one.scene, one.fact.type: one.fact.value(side).canonical}
            for name in ("price", "delivery", "stock"):
                assert holds_chinese(text, str(write(type_named(WORLD, name).kind, fields[name], "zh"))), (name, text)
            assert one.fact.entity["zh"] in text
            assert not re.search(r"[A-Za-z]", text), text
            assert not any(holds_chinese(text, form) for form in forms("rating", fields["rating"], "zh")), text
            assert not any(form in text for colour in COLOURS for form in forms("colour", colour, "zh")), text
        assert (texts_shown["a"] == texts_shown["b"]) == one.fact.graphical


def test_each_passage_holds_a_distractor_of_the_same_kind() -> None:
    for one in drawn():
        kind, others = one.fact.kind, neighbours(one)
        for template in TEMPLATES:
            text = passage(WORLD, one.fact, one.scene, "a", "en", template)
            assert any(holds(text, form) for value in others for form in write(kind, value, "en").forms.values()), text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pages_show_written_values(layout: int) -> None:
    for one in drawn(50):
        for side in SIDES:
            text = visible(page(one, side, "en", layout))
            fields = {**one.scene, one.fact.type: one.fact.value(side).canonical}
            for name in ("price", "delivery", "stock"):
                assert holds(text, str(write(type_named(WORLD, name).kind, fields[name], "en"))), (name, text)
            assert one.fact.entity["en"].removeprefix("the ") in text


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pages_draw_graphical_values_and_never_write_them(layout: int) -> None:
    for one in drawn(100):
        pages = {side: page(one, side, "en", layout) for side in SIDES}
        assert pages["a"] != pages["b"]
        for side, source in pages.items():
            text = visible(source)
            rating = one.fact.value(side).canonical if one.fact.type == "rating" else one.scene["rating"]
            assert not any(holds(text, form) for form in forms("rating", rating))
            assert not any(holds(text, colour) for colour in COLOURS), text
            assert not re.search(r"\b(?:alt|title|aria-\w+)=", source)
        if one.fact.graphical:
            assert visible(pages["a"]) == visible(pages["b"])


def test_names_carry_no_colour() -> None:
    for language in LANGUAGES:
        for table in phrasebook(WORLD.name, language).names.values():
            assert not any(holds(name, colour) for name in table.values() for colour in COLOURS)


def told(one: Drawn) -> dict[tuple[str, int], set[str]]:
    """The values of the fact's kind in each of its English texts, by side and variant."""
    return {
        (text.side, text.variant): {m.readings[0] for m in mentions(text.text, one.fact.kind) if m.level != FOREIGN}
        for text in texts(one)
        if text.language == "en"
    }


@pytest.mark.parametrize("name", [kind.name for kind in WORLD.types])
def test_shared_values_do_not_tell_agreement(name: str) -> None:
    """A rule that calls two texts contradictory when no value of the kind stands in both hardly beats a coin.

    Texts of different values share a neighbour most of the time, whatever its written form.
    """
    values = [told(one) for one in drawn(320) if one.fact.type == name]
    assert len(values) >= 40
    hits = sum(each["a", 0].isdisjoint(each["b", 1]) for each in values) / len(values)
    false_alarms = sum(each["a", 0].isdisjoint(each["a", 1]) for each in values) / len(values)
    assert (hits + 1 - false_alarms) / 2 <= 0.65
