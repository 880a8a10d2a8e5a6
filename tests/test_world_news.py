"""The news world: what every scene, passage and page must hold, over many draws and without a browser."""

from __future__ import annotations

import datetime
import re
from itertools import permutations
from random import Random

import pytest

from cmqa_tasks.build.draw import Drawn, draw, page
from cmqa_tasks.extract import FOREIGN, mentions
from cmqa_tasks.records import SIDES, Side, Value
from cmqa_tasks.worlds import WORLDS, passage, phrasebook, type_named, view_of
from cmqa_tasks.worlds.news import WORLD

SEED = 20
TYPES = [fact_type.name for fact_type in WORLD.types]
PLACE = list(WORLDS).index("news")
DRAWN = [draw(SEED, len(WORLDS) * ordinal + PLACE) for ordinal in range(200)]
TEMPLATES = range(5)


def says(text: str, form: str) -> bool:
    """Whether a written form stands in a text as whole words."""
    return re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text, re.IGNORECASE) is not None


def says_value(text: str, value: Value) -> bool:
    return any(says(text, form) for form in value.surface["en"])


def blanked(text: str, value: Value) -> str:
    """The text with every written form of the value struck out, the longest first."""
    for form in sorted(value.surface["en"], key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "█", text, flags=re.IGNORECASE)
    return text


def visible(html: str) -> str:
    """What a page writes or could read out: everything but its style sheet and the numbers that place its graphics."""
    html = re.sub(r"<style>.*?</style>", " ", html, flags=re.DOTALL)
    return re.sub(r"\b(?!alt|title|aria-\w+)[\w-]+=\"[^\"]*\"", " ", html)


def written(html: str) -> str:
    """The words on a page, without any tag."""
    return " ".join(re.sub(r"<[^>]*>", " ", visible(html)).split())


def told(drawn: Drawn, side: Side, template: int) -> str:
    return passage(WORLD, drawn.fact, drawn.scene, side, "en", template)


def of_type(name: str) -> list[Drawn]:
    return [drawn for drawn in DRAWN if drawn.fact.type == name]


def test_every_type_is_drawn_equally_often() -> None:
    assert [len(of_type(name)) for name in TYPES] == [40] * len(TYPES)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", TYPES)
def test_passages_tell_their_own_value_only(name: str, template: int) -> None:
    for drawn in of_type(name):
        texts = {side: told(drawn, side, template) for side in SIDES}
        for side, other in zip(SIDES, reversed(SIDES), strict=True):
            assert says_value(texts[side], drawn.fact.value(side)), texts[side]
            assert not says_value(texts[side], drawn.fact.value(other)), texts[side]
            assert 30 <= len(texts[side].split()) <= 120, texts[side]
        assert blanked(texts["a"], drawn.fact.a) == blanked(texts["b"], drawn.fact.b)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", TYPES)
def test_passages_name_their_entity_and_a_rival_value(name: str, template: int) -> None:
    for drawn in of_type(name):
        view, text = view_of(WORLD, drawn.scene, "en"), told(drawn, "a", template)
        subjects = {
            "attendance": [view["festival"]],
            "reopening": [view["place"], view["town"]],
            "match": [view["home"], view["away"]],
            "turnout": [view["ward"], view["town"]],
            "forecast": [view["weekday"], view["town"]],
        }
        assert all(says(text, subject) for subject in subjects[name]), text
        rivals = {
            "attendance": [view["stalls"], view["volunteers"], view["programmes"], view["other_attendance"]],
            "reopening": [view["closed"], view["council"], view["other_reopening"]],
            "match": [view["other_match"], view["junior_match"], view["veteran_match"]],
            "turnout": [view["postal"], *(ward["turnout"] for ward in view["other_wards"])],
            "forecast": [view["neighbour_forecast"], *(day["weather"] for day in view["other_days"])],
        }
        told_rivals = [rival for rival in rivals[name] if any(says(text, form) for form in rival.forms.values())]
        assert told_rivals, text
        for rival in rivals[name]:
            assert not {*rival.forms.values()} & {*drawn.fact.a.surface["en"], *drawn.fact.b.surface["en"]}


def values(drawn: Drawn, side: Side, template: int) -> set[str]:
    """All values of the asked kind that a passage tells, whoever they belong to."""
    found = mentions(told(drawn, side, template), drawn.fact.kind)
    return {mention.readings[0] for mention in found if mention.level != FOREIGN}


def right_by_counting(name: str, least: int) -> float:
    """Balanced accuracy of the rule that two passages agree iff they share ``least`` values, whatever they mean."""
    agreeing, conflicting = [], []
    for drawn in of_type(name):
        told_values = {(side, template): values(drawn, side, template) for side in SIDES for template in TEMPLATES}
        for first, second in permutations(TEMPLATES, 2):
            agreeing.append(len(told_values["a", first] & told_values["a", second]) >= least)
            conflicting.append(len(told_values["a", first] & told_values["b", second]) < least)
    return (sum(agreeing) / len(agreeing) + sum(conflicting) / len(conflicting)) / 2


@pytest.mark.parametrize("name", TYPES)
def test_passages_that_conflict_share_other_values(name: str) -> None:
    assert len(of_type(name)) >= 40
    assert right_by_counting(name, 1) <= 0.65


@pytest.mark.parametrize("name", ["match", "turnout"])
def test_how_many_values_passages_share_says_little(name: str) -> None:
    assert max(right_by_counting(name, least) for least in (2, 3, 4)) <= 0.75


@pytest.mark.parametrize("drawn", DRAWN[:10], ids=lambda drawn: drawn.fact.type)
def test_questions_name_the_entity(drawn: Drawn) -> None:
    assert drawn.fact.entity["en"] in drawn.fact.question["en"]


@pytest.mark.parametrize("variant", [0, 1])
def test_pages_show_one_value_and_differ_in_nothing_else(variant: int) -> None:
    for drawn in DRAWN:
        fact = drawn.fact
        html = {side: page(drawn, side, "en", variant) for side in SIDES}
        assert html["a"] != html["b"]
        if fact.graphical:
            assert written(html["a"]) == written(html["b"])
        else:
            assert blanked(visible(html["a"]), fact.a) == blanked(visible(html["b"]), fact.b)
            for side, other in zip(SIDES, reversed(SIDES), strict=True):
                assert says_value(visible(html[side]), fact.value(side))
                assert not says_value(visible(html[side]), fact.value(other))


@pytest.mark.parametrize("variant", [0, 1])
def test_pages_never_write_what_they_draw(variant: int) -> None:
    book = phrasebook("news", "en")
    tables = ("weather_nouns", "weather_adjectives", "weather_variants")
    words = [word for table in tables for word in book.names[table].values()]
    for drawn in DRAWN:
        text = visible(page(drawn, "a", "en", variant))
        assert not [word for word in words if says(text, word)]
        assert not re.search(r"\d ?(%|per ?cent)", text)


@pytest.mark.parametrize("variant", [0, 1])
def test_pages_show_all_fields(variant: int) -> None:
    for drawn in DRAWN[:20]:
        view, text = view_of(WORLD, drawn.scene, "en"), page(drawn, "a", "en", variant)
        names = [view["town"], view["place"], view["home"], view["away"], view["weekday"], view["ward"]]
        assert all(says(text, name) for name in [*names, view["festival"]])


def test_values_are_clearly_different() -> None:
    for drawn in DRAWN:
        a, b = drawn.fact.a.canonical, drawn.fact.b.canonical
        if drawn.fact.type == "attendance":
            assert abs(int(a) - int(b)) >= 0.1 * max(int(a), int(b))
        elif drawn.fact.type == "reopening":
            assert abs((datetime.date.fromisoformat(a) - datetime.date.fromisoformat(b)).days) >= 5
        elif drawn.fact.type == "turnout":
            assert abs(int(a) - int(b)) >= 20
        else:
            assert a != b
    mirrored = [drawn for drawn in of_type("match") if drawn.fact.a.canonical == drawn.fact.b.canonical[::-1]]
    assert len(mirrored) <= 8


def test_dates_stand_in_order_within_one_year() -> None:
    for drawn in DRAWN:
        days = [drawn.scene[field] for field in ("closed", "issue", "council", "reopening")]
        if drawn.fact.type == "reopening":
            days += [max(drawn.fact.a.canonical, drawn.fact.b.canonical)]
            days[3] = min(drawn.fact.a.canonical, drawn.fact.b.canonical)
        assert days == sorted(set(days))
        assert len({day[:4] for day in days}) == 1
        issue = datetime.date.fromisoformat(drawn.scene["issue"])
        view = view_of(WORLD, drawn.scene, "en")
        assert view["days"][0]["name"] == f"{issue + datetime.timedelta(1):%A}"
        assert view["days"][drawn.scene["forecast_place"]]["name"] == view["weekday"]


def test_the_weather_of_the_question_is_unlike_its_neighbours() -> None:
    for drawn in of_type("forecast"):
        others = {*drawn.scene["other_days"], drawn.scene["neighbour_forecast"]}
        assert not others & {drawn.fact.a.canonical, drawn.fact.b.canonical}


def test_entities_do_not_repeat_for_thousands_of_facts() -> None:
    scenes = [WORLD.draw_scene(Random(ordinal), SEED, ordinal) for ordinal in range(2500)]
    keys = {
        "attendance": ("town", "festival"),
        "reopening": ("town", "place"),
        "match": ("home",),
        "turnout": ("town", "ward"),
    }
    for fields in keys.values():
        assert len({str([scene[field] for field in fields]) for scene in scenes}) == len(scenes)
    days = {
        (scene["town"], (datetime.date.fromisoformat(scene["issue"]).weekday() + 1 + scene["forecast_place"]) % 7)
        for scene in scenes
    }
    assert len(days) == len(scenes)


def test_a_draw_is_a_function_of_its_seed() -> None:
    again = draw(SEED, PLACE)
    assert again.fact == DRAWN[0].fact
    assert again.scene == DRAWN[0].scene
    assert draw(SEED + 1, PLACE).fact != again.fact


def test_types_are_those_of_the_phrasebook() -> None:
    book = phrasebook("news", "en")
    assert list(book.types) == TYPES
    assert [name for name in TYPES if type_named(WORLD, name).graphical] == ["turnout", "forecast"]
    assert all(len(entry["passages"]) == len(TEMPLATES) for entry in book.types.values())
