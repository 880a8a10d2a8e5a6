"""The news world: what every scene, passage and page must hold, over many draws and without a browser."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from itertools import permutations
from random import Random

import pytest

from cmqa_tasks.facts.records import SIDES, Side, Value
from cmqa_tasks.reading import FOREIGN, mentions
from cmqa_tasks.worlds import WORLDS, passage, phrasebook, type_named, view_of
from cmqa_tasks.worlds.build.draw import Drawn, draw, page
from cmqa_tasks.worlds.languages import chinese
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
def test_pages_draw_one_value_or_write_both(variant: int) -> None:
    for drawn in DRAWN:
        fact = drawn.fact
        html = {side: page(drawn, side, "en", variant) for side in SIDES}
        assert html["a"] != html["b"]
        if fact.graphical:
            assert written(html["a"]) == written(html["b"])
        else:
            assert all(says_value(visible(html[side]), fact.value(value)) for side in SIDES for value in SIDES)


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


# --- Chinese: the same facts, told in parallel ---

NUMERALS = "0123456789０１２３４５６７８９零〇一二三四五六七八九十百千万两"
WEATHER = {
    kind: tuple(chinese.FORMS["weather"](kind).values()) for kind in ("sunny", "cloudy", "rain", "thunderstorm", "snow", "fog")
}


def zh_pattern(forms: Iterable[str]) -> re.Pattern[str]:
    """Finds Chinese written forms, the longest first, and none of them within a longer number."""
    ends = (f"(?<![{NUMERALS}])", f"(?![{NUMERALS}])")
    bounded = [
        (ends[0] if form[0] in NUMERALS else "") + re.escape(form) + (ends[1] if form[-1] in NUMERALS else "")
        for form in sorted(forms, key=len, reverse=True)
    ]
    return re.compile("|".join(bounded))


def zh_read(text: str, drawn: Drawn) -> tuple[set[str], str]:
    """The canonical values of the fact that a Chinese text tells, and the text with their forms struck out."""
    told_by = {value.canonical: value.surface["zh"] for value in (drawn.fact.a, drawn.fact.b)}
    if drawn.fact.kind == "weather":  # A thunderstorm is not read as rain, though it is written with it.
        told_by |= WEATHER
    owner = {form: canonical for canonical, forms in told_by.items() for form in forms}
    own = {drawn.fact.a.canonical, drawn.fact.b.canonical}
    found: set[str] = set()

    def strike(match: re.Match[str]) -> str:
        canonical = owner[match[0]]
        found.update({canonical} & own)
        return "█" if canonical in own else match[0]

    return found, zh_pattern(owner).sub(strike, text)


def zh_told(drawn: Drawn, side: Side, template: int) -> str:
    return passage(WORLD, drawn.fact, drawn.scene, side, "zh", template)


def zh_subjects(drawn: Drawn) -> list[str]:
    """The names that a Chinese text about the fact must contain."""
    view = view_of(WORLD, drawn.scene, "zh")
    fields = {
        "attendance": ["festival"],
        "reopening": ["place", "town"],
        "match": ["home", "away"],
        "turnout": ["ward", "town"],
        "forecast": ["weekday", "town"],
    }
    return [view[field] for field in fields[drawn.fact.type]]


def told_fields(template: str) -> set[str]:
    """What a template tells: the names in its braces, whatever form of a value it picks."""
    fields = set(re.findall(r"{%.*?%}", template))
    for expression in re.findall(r"{{ *(.*?) *}}", template):
        path = expression.split(".")
        fields.add(".".join(path if len(path) == 1 or path[-1] == "name" else path[:-1]))
    return fields


def test_both_phrasebooks_have_the_same_keys() -> None:
    english, other = (phrasebook("news", language) for language in ("en", "zh"))
    assert list(english.labels) == list(other.labels)
    assert {table: list(names) for table, names in english.names.items()} == {
        table: list(names) for table, names in other.names.items()
    }
    for label, text in english.labels.items():
        assert set(re.findall(r"%\(\w+\)s", text)) == set(re.findall(r"%\(\w+\)s", other.labels[label])), label


@pytest.mark.parametrize("name", TYPES)
def test_chinese_passages_tell_what_the_english_ones_tell(name: str) -> None:
    english, other = (phrasebook("news", language).types[name] for language in ("en", "zh"))
    assert told_fields(other["entity"]) == told_fields(english["entity"])
    assert told_fields(other["question"]) == told_fields(english["question"])
    assert [told_fields(text) for text in other["passages"]] == [told_fields(text) for text in english["passages"]]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("name", TYPES)
def test_chinese_passages_tell_their_own_value_only(name: str, template: int) -> None:
    for drawn in of_type(name)[:20]:
        struck = set()
        for side in SIDES:
            text = zh_told(drawn, side, template)
            found, rest = zh_read(text, drawn)
            struck.add(rest)
            assert found == {drawn.fact.value(side).canonical}, text
            assert rest.count("█") == 1, text
            assert 60 <= len(text) <= 260, text
            assert not re.search(r"[A-Za-z\s]", text), text
            assert all(subject in text for subject in zh_subjects(drawn)), text
        assert len(struck) == 1


@pytest.mark.parametrize("name", TYPES)
def test_chinese_passages_write_values_in_several_ways(name: str) -> None:
    drawn = of_type(name)[0]
    forms = [form for template in TEMPLATES for form in drawn.fact.a.surface["zh"] if form in zh_told(drawn, "a", template)]
    assert len(set(forms)) >= 3


@pytest.mark.parametrize("drawn", DRAWN[:10], ids=lambda drawn: drawn.fact.type)
def test_chinese_questions_name_the_entity(drawn: Drawn) -> None:
    assert drawn.fact.entity["zh"] in drawn.fact.question["zh"]
    assert all(subject in drawn.fact.entity["zh"] for subject in zh_subjects(drawn))
    assert not re.search(r"[A-Za-z\s]", drawn.fact.question["zh"])


@pytest.mark.parametrize("variant", [0, 1])
def test_chinese_pages_show_both_values_and_never_write_what_they_draw(variant: int) -> None:
    drawn_words = [form for forms in WEATHER.values() for form in forms]
    for drawn in DRAWN[:100]:
        html = {side: visible(page(drawn, side, "zh", variant)) for side in SIDES}
        text = written(html["a"])
        assert not [word for word in drawn_words if word in text]
        assert not re.search(rf"[{NUMERALS}] ?[%％成]|百分之", text)
        assert all(subject in text for subject in zh_subjects(drawn))
        if drawn.fact.graphical:
            assert text == written(html["b"])
            continue
        for side in SIDES:
            assert zh_read(html[side], drawn)[0] == {drawn.fact.value(value).canonical for value in SIDES}
        assert zh_read(html["a"], drawn)[1] == zh_read(html["b"], drawn)[1]


def test_chinese_names_are_distinct_and_no_ward_is_part_of_another() -> None:
    names = phrasebook("news", "zh").names
    for table, entries in names.items():
        assert len(set(entries.values())) == len(entries), table
    assert all(len(stem) == 2 for stem in names["town_stems"].values())
    assert all(len(ending) == 1 for ending in names["town_endings"].values())
    for table in ("wards", "places", "teams", "festivals"):
        entries = names[table]
        assert not [(one, other) for one, other in permutations(entries.values(), 2) if one in other], table


def test_chinese_weekdays_are_those_of_the_dates() -> None:
    for drawn in DRAWN[:20]:
        view = view_of(WORLD, drawn.scene, "zh")
        assert view["issue_weekday"] == chinese.weekday(drawn.scene["issue"])
