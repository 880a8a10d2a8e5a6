"""The world of street maps: what must hold for every scene, whichever fact it is asked for."""

from __future__ import annotations

import html
import math
import re
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from cmqa_tasks.facts.records import SIDES, Fact, Side
from cmqa_tasks.reading import FOREIGN, mentions
from cmqa_tasks.worlds import WORLDS, passage, phrasebook, side_scene, type_named, view_of
from cmqa_tasks.worlds.build.draw import VARIANTS, Drawn, draw, page, texts
from cmqa_tasks.worlds.maps import draw_scene
from cmqa_tasks.worlds.maps_plans import PLANS, SECTORS, spots

WORLD = WORLDS["maps"]
BOOK = phrasebook("maps", "en")
CHINESE = phrasebook("maps", "zh")
PLACE = list(WORLDS).index("maps")
DRAWN = [draw(5, len(WORLDS) * n + PLACE) for n in range(200)]
PASSAGES = range(5)


def _has(text: str, form: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) is not None


def _says(text: str, fact: Fact, side: Side) -> bool:
    return any(_has(text, form) for form in fact.value(side).surface["en"])


def _visible(source: str) -> list[str]:
    """The words that a page shows, in order."""
    body = re.sub(r"<(style|head)\b.*?</\1>", " ", source, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", body)).split()


def _text(drawn: Drawn, side: Side, template: int, language: str = "en") -> str:
    return passage(WORLD, drawn.fact, drawn.scene, side, language, template)


def _of_type(*names: str) -> list[Drawn]:
    return [drawn for drawn in DRAWN if drawn.fact.type in names]


def _pin(drawn: Drawn, side: Side) -> tuple[float, float]:
    fact_type = type_named(WORLD, drawn.fact.type)
    view = view_of(WORLD, side_scene(drawn.scene, fact_type, drawn.fact.value(side).canonical), "en")
    return view["pin"][0], view["pin"][1]


def _sector(pin: tuple[float, float]) -> tuple[str, float]:
    bearing = math.degrees(math.atan2(pin[0], -pin[1])) % 360
    return SECTORS[round(bearing / 45) % 8], abs(bearing - 45 * round(bearing / 45))


def _street_under(drawn: Drawn, pin: tuple[float, float]) -> tuple[str, float, float]:
    """The nearest street, its distance, and the distance of the next one."""
    streets = PLANS[drawn.scene["plan"]].turned(drawn.scene["turn"]).streets
    ranked = sorted((_gap(pin, line), key) for line, key in zip(streets, drawn.scene["streets"], strict=True))
    return ranked[0][1], ranked[0][0], ranked[1][0]


def _gap(point: tuple[float, float], line: tuple[tuple[float, float], ...]) -> float:
    """Distance from a street, by close sampling: on purpose not the way in which spots are found."""
    steps = [n / 800 for n in range(801)]
    return min(math.dist(point, (x0 + s * (x1 - x0), y0 + s * (y1 - y0))) for (x0, y0), (x1, y1) in pairwise(line) for s in steps)


def test_every_type_is_drawn_and_two_of_five_are_graphical() -> None:
    assert Counter(drawn.fact.type for drawn in DRAWN) == {fact_type.name: 40 for fact_type in WORLD.types}
    assert {fact_type.name for fact_type in WORLD.types if fact_type.graphical} == {"direction", "street"}


def test_entities_do_not_repeat() -> None:
    venues = [draw_scene(Random(1), 5, n)["venue"] for n in range(0, 2400, 25)]
    assert len(set(venues)) == len(venues)


def test_drawing_is_deterministic() -> None:
    assert draw(5, PLACE) == draw(5, PLACE)
    assert draw(5, PLACE) != draw(6, PLACE)


def test_question_names_the_venue_and_neither_value() -> None:
    for drawn in DRAWN:
        view = view_of(WORLD, drawn.scene, "en")
        assert view["venue"] in drawn.fact.question["en"]
        assert view["venue"] in drawn.fact.entity["en"]
        assert not any(_says(drawn.fact.question["en"], drawn.fact, side) for side in SIDES)


@pytest.mark.parametrize("template", PASSAGES)
def test_passages_tell_their_side_alone(template: int) -> None:
    for drawn in DRAWN:
        for side, other in (SIDES, SIDES[::-1]):
            text = _text(drawn, side, template)
            assert 30 <= len(text.split()) <= 120, text
            assert _says(text, drawn.fact, side), (drawn.fact, text)
            assert not _says(text, drawn.fact, other), (drawn.fact, text)
            assert view_of(WORLD, drawn.scene, "en")["venue"] in text


@pytest.mark.parametrize("template", PASSAGES)
def test_sides_differ_in_the_value_alone(template: int) -> None:
    """The same hole is left in both texts when the value is taken out."""
    for drawn in DRAWN:
        holed: list[set[str]] = []
        for side in SIDES:
            text = _text(drawn, side, template)
            forms = (form for form in drawn.fact.value(side).surface["en"] if _has(text, form))
            holed.append({re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "_", text) for form in forms})
        assert holed[0] & holed[1], (drawn.fact, template)


@pytest.mark.parametrize("template", PASSAGES)
def test_graphical_passages_keep_to_their_own_field(template: int) -> None:
    """The pin tells direction and street at once, so a passage about one says nothing of the other."""
    for drawn in DRAWN:
        text = _text(drawn, "a", template)
        if drawn.fact.type != "street":
            assert not any(_has(text, BOOK.names["street"][key]) for key in drawn.scene["streets"])
        if drawn.fact.type != "direction":
            assert not re.search(r"\b(north|south|east|west)", text)


@pytest.mark.parametrize("variant", VARIANTS)
def test_pages_write_what_is_written_and_draw_what_is_drawn(variant: int) -> None:
    for drawn in DRAWN:
        words = {side: " ".join(_visible(page(drawn, side, "en", variant))) for side in SIDES}
        if drawn.fact.graphical:
            assert words["a"] == words["b"]
            assert not re.search(r"north|south|east|west", words["a"])
        else:
            assert all(_says(words[side], drawn.fact, value) for side in SIDES for value in SIDES)


@pytest.mark.parametrize("variant", VARIANTS)
def test_streets_are_lettered_on_the_map_only(variant: int) -> None:
    for drawn in _of_type("street"):
        source = page(drawn, "a", "en", variant)
        words = " ".join(_visible(source))
        for key in drawn.scene["streets"]:
            on_map = sum(drawn.scene["streets"][number] == key for number, _ in drawn.scene["lettering"])
            assert len(re.findall(rf"\b{BOOK.names['street'][key]}\b", words)) == on_map
            assert on_map in (1, 2)
        assert not re.search(r"\b(alt|title|aria-\w+)=", source)


def test_pin_shows_direction() -> None:
    for drawn in DRAWN:
        for side in SIDES:
            shown, off = _sector(_pin(drawn, side))
            wanted = drawn.fact.value(side).canonical if drawn.fact.type == "direction" else drawn.scene["direction"]
            assert off <= 10
            assert shown == wanted or drawn.fact.type == "street"
    for drawn in _of_type("direction"):
        turn = abs(SECTORS.index(drawn.fact.a.canonical) - SECTORS.index(drawn.fact.b.canonical))
        assert min(turn, 8 - turn) >= 2


def test_pin_shows_street() -> None:
    for drawn in DRAWN:
        for side in SIDES:
            shown, gap, next_gap = _street_under(drawn, _pin(drawn, side))
            wanted = drawn.fact.value(side).canonical if drawn.fact.type == "street" else drawn.scene["street"]
            assert shown == wanted or drawn.fact.type == "direction"
            assert gap < 1
            assert next_gap > 34
    for drawn in _of_type("street"):
        assert math.dist(_pin(drawn, "a"), _pin(drawn, "b")) > 105


def test_other_types_leave_the_pin_alone() -> None:
    for drawn in _of_type("distance", "opening", "stop"):
        assert _pin(drawn, "a") == _pin(drawn, "b")


def test_every_turned_plan_offers_most_sectors() -> None:
    for plan in range(len(PLANS)):
        for turn in range(8):
            assert len({sector for _, sector in spots(plan, turn)}) >= 6


def test_neighbours_differ_from_both_values() -> None:
    for drawn in DRAWN:
        scene, values = drawn.scene, {drawn.fact.a.canonical, drawn.fact.b.canonical}
        hours = {scene[f] for f in ("sunday_opening", "rival_opening", "closing", "last_entry", "sunday_closing")}
        stops = {scene[f] for f in ("terminus", "rival_stop", "next_stop")}
        ways = {scene[f"{way}_distance"] for way in ("second", "rival", "ring", "sign")}
        sides = {scene["rival_direction"], scene["road_direction"]}
        neighbours = {
            "opening": hours,
            "stop": stops,
            "distance": ways,
            "direction": sides,
            "street": set(scene["side_streets"]),
        }
        assert not values & neighbours[drawn.fact.type]
        assert len(ways) == 4
        assert len(stops) == 3


def test_every_key_has_a_name_and_no_name_repeats() -> None:
    for table, names in BOOK.names.items():
        assert len(set(names.values())) == len(names), table


def _told(drawn: Drawn) -> dict[tuple[str, int], set[str]]:
    """The values of the fact's kind in each of its English texts, by side and variant."""
    return {
        (text.side, text.variant): {m.readings[0] for m in mentions(text.text, drawn.fact.kind) if m.level != FOREIGN}
        for text in texts(drawn)
        if text.language == "en"
    }


@pytest.mark.parametrize("name", [fact_type.name for fact_type in WORLD.types])
def test_shared_values_do_not_tell_agreement(name: str) -> None:
    """A rule that calls two texts contradictory when no value of the kind stands in both hardly beats a coin.

    Texts of different values share a neighbour most of the time, whatever its written form.
    """
    more = [draw(5, len(WORLDS) * n + PLACE) for n in range(200, 320)]
    values = [_told(drawn) for drawn in (*DRAWN, *more) if drawn.fact.type == name]
    assert len(values) >= 40
    hits = sum(each["a", 0].isdisjoint(each["b", 1]) for each in values) / len(values)
    false_alarms = sum(each["a", 0].isdisjoint(each["a", 1]) for each in values) / len(values)
    assert (hits + 1 - false_alarms) / 2 <= 0.65


# Chinese

SOME = DRAWN[:100]
NUMERALS = "0-9０-９零一二两三四五六七八九十百千万"


def _form_in_chinese(form: str, fact: Fact) -> str:
    """A pattern for a written form, not as a part of a longer number, time or direction."""
    if fact.kind == "name":
        return re.escape(form)
    if fact.kind == "direction":
        return rf"(?<![东西南北]){re.escape(form)}(?![东西南北])"
    return rf"(?<![{NUMERALS}.．:点午上晨]){re.escape(form)}(?![{NUMERALS}:：刻半])"


def _says_in_chinese(text: str, fact: Fact, side: Side) -> bool:
    return any(re.search(_form_in_chinese(form, fact), text) for form in fact.value(side).surface["zh"])


def _fields(template: str) -> set[str]:
    """The fields of the view that a template names, whatever their written form."""
    return set(re.findall(r"{{ (\w+)", template)) | set(re.findall(r"{{ (side_streets\[\d\])", template))


def test_chinese_has_every_word_that_english_has() -> None:
    assert CHINESE.labels.keys() == BOOK.labels.keys()
    assert {table: list(names) for table, names in CHINESE.names.items()} == {
        table: list(names) for table, names in BOOK.names.items()
    }
    assert CHINESE.types.keys() == BOOK.types.keys()


@pytest.mark.parametrize("name", [fact_type.name for fact_type in WORLD.types])
def test_chinese_tells_the_same_fields(name: str) -> None:
    english, chinese = BOOK.types[name], CHINESE.types[name]
    assert english.keys() == chinese.keys()
    assert len(chinese["passages"]) == len(PASSAGES)
    for field in ("entity", "question"):
        assert _fields(chinese[field]) == _fields(english[field])
    for template in PASSAGES:
        assert _fields(chinese["passages"][template]) == _fields(english["passages"][template]), template


def test_chinese_names_are_clearly_different() -> None:
    for table, names in CHINESE.names.items():
        assert len(set(names.values())) == len(names), table
        unfit = "[A-Za-z]" if table == "line" else "[A-Za-z0-9东西南北零一二两三四五六七八九十百千万]"
        assert not [name for name in names.values() if re.search(unfit, name)], table
    for table in ("stem", "street", "stop", "start", "town", "landmark"):
        names = CHINESE.names[table]
        assert not [(one, other) for one in names.values() for other in names.values() if one != other and one in other], table
    venues = {stem + kind for stem in CHINESE.names["stem"].values() for kind in CHINESE.names["kind"].values()}
    assert len(venues) == len(CHINESE.names["stem"]) * len(CHINESE.names["kind"])


def test_chinese_question_names_the_venue_and_neither_value() -> None:
    for drawn in SOME:
        view = view_of(WORLD, drawn.scene, "zh")
        for text in (drawn.fact.question["zh"], drawn.fact.entity["zh"]):
            assert view["venue"] in text
            assert view["town"] in text
            assert not re.search(r"[A-Za-z\s]", text)
            assert not any(_says_in_chinese(text, drawn.fact, side) for side in SIDES)


@pytest.mark.parametrize("template", PASSAGES)
def test_chinese_passages_tell_their_side_alone(template: int) -> None:
    for drawn in SOME:
        venue = view_of(WORLD, drawn.scene, "zh")["venue"]
        for side, other in (SIDES, SIDES[::-1]):
            text = _text(drawn, side, template, "zh")
            assert 60 <= len(text) <= 260, text
            assert venue in text
            assert _says_in_chinese(text, drawn.fact, side), (drawn.fact, text)
            assert not _says_in_chinese(text, drawn.fact, other), (drawn.fact, text)
            assert not re.search(r"[A-Za-z\s,;!?()]", text), text


@pytest.mark.parametrize("template", PASSAGES)
def test_chinese_sides_differ_in_the_value_alone(template: int) -> None:
    for drawn in SOME:
        holed: list[set[str]] = []
        for side in SIDES:
            text, forms = _text(drawn, side, template, "zh"), drawn.fact.value(side).surface["zh"]
            holed.append({re.sub(_form_in_chinese(form, drawn.fact), "_", text) for form in forms} - {text})
        assert holed[0] & holed[1], (drawn.fact, template)


@pytest.mark.parametrize("template", PASSAGES)
def test_chinese_graphical_passages_keep_to_their_own_field(template: int) -> None:
    for drawn in SOME:
        text = _text(drawn, "a", template, "zh")
        if drawn.fact.type != "street":
            assert not any(CHINESE.names["street"][key] in text for key in drawn.scene["streets"])
        if drawn.fact.type != "direction":
            assert not re.search("[东西南北]", text)


@pytest.mark.parametrize("variant", VARIANTS)
def test_chinese_pages_write_what_is_written_and_draw_what_is_drawn(variant: int) -> None:
    for drawn in SOME:
        words = {side: _visible(page(drawn, side, "zh", variant)) for side in SIDES}
        shown = {side: "\n".join(words[side]) for side in SIDES}
        if drawn.fact.graphical:
            assert words["a"] == words["b"]
        else:
            assert all(_says_in_chinese(shown[side], drawn.fact, value) for side in SIDES for value in SIDES)
        assert re.findall("[东西南北]", shown["a"]) == ["北"]  # on the compass
        assert not re.search("[A-Za-z]", shown["a"])
        for key in drawn.scene["streets"]:
            on_map = sum(drawn.scene["streets"][number] == key for number, _ in drawn.scene["lettering"])
            assert shown["a"].count(CHINESE.names["street"][key]) == on_map
