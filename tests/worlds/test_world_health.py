"""The health world keeps its promises: values cannot be confused, texts and pages differ in the asked one alone."""

from __future__ import annotations

import re
from functools import cache
from itertools import combinations, permutations
from random import Random
from typing import Any

import pytest
from jinja2 import Environment, meta

from cmqa_tasks.facts.records import SIDES, Side
from cmqa_tasks.reading import FOREIGN, mentions
from cmqa_tasks.worlds import WORLDS, passage, phrasebook, type_named
from cmqa_tasks.worlds.build.draw import Drawn, draw, page
from cmqa_tasks.worlds.health import WORLD, draw_scene
from cmqa_tasks.worlds.health_pools import AS_NEEDED, CROSS_REACTIVE, REGULAR
from cmqa_tasks.worlds.languages import write

FACTS = 200
PASSAGES = range(5)
DISTRACTORS = {
    "blood_group": ("relative_group", "neighbour_group", "stored_group"),
    "dose": ("other_dose", "spare_dose", "neighbour_dose", "drink"),
    "allergy": ("tolerated", "neighbour_allergy", "relative_allergy"),
    "pain": ("pain_admission", "pain_yesterday", "pain_neighbour"),
    "pulse": ("pulse_others", "pulse_neighbour", "pulse_limit"),
}
"""Per fact type, the fields of the scene that hold other values of the same kind."""


@cache
def drawn_facts() -> list[Drawn]:
    place = list(WORLDS).index("health")
    return [draw(11, len(WORLDS) * number + place) for number in range(FACTS)]


def facts_of(name: str) -> list[Drawn]:
    return [drawn for drawn in drawn_facts() if drawn.fact.type == name]


def distractors(drawn: Drawn) -> list[str]:
    values = (drawn.scene[field] for field in DISTRACTORS[drawn.fact.type])
    return [one for value in values for one in (value if isinstance(value, tuple) else (value,))]


def told(drawn: Drawn, side: Side, template: int) -> str:
    return passage(WORLD, drawn.fact, drawn.scene, side, "en", template)


def occurs(form: str, text: str) -> bool:
    """Whether a form stands in a text as whole words."""
    return re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text, re.IGNORECASE) is not None


def without(forms: tuple[str, ...], text: str) -> str:
    """A text with the longest written form of a value cut out."""
    form = max((form for form in forms if occurs(form, text)), key=len)
    return re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "…", text, flags=re.IGNORECASE)


def visible(html: str) -> str:
    """What a page says in writing: no markup, no styles."""
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", "\n", html, flags=re.DOTALL)
    return " ".join(bare.split())


def test_types_are_the_five_of_a_chart() -> None:
    assert [fact_type.name for fact_type in WORLD.types] == list(DISTRACTORS)
    assert [fact_type.name for fact_type in WORLD.types if fact_type.graphical] == ["pain", "pulse"]
    assert all(len(phrasebook("health", "en").types[name]["passages"]) == len(PASSAGES) for name in DISTRACTORS)


@pytest.mark.parametrize("name", DISTRACTORS)
def test_the_two_values_differ_from_each_other_and_from_all_distractors(name: str) -> None:
    for drawn in facts_of(name):
        pair = {drawn.fact.a.canonical, drawn.fact.b.canonical}
        assert len(pair) == 2
        assert pair.isdisjoint(distractors(drawn)), drawn.fact.entity


@pytest.mark.parametrize(("name", "distance"), [("pain", 3), ("pulse", 20)])
def test_graphical_values_are_far_apart(name: str, distance: int) -> None:
    for drawn in facts_of(name):
        assert abs(int(drawn.fact.a.canonical) - int(drawn.fact.b.canonical)) >= distance


def test_doses_are_usual_ones_and_never_read_inside_another() -> None:
    for drawn in facts_of("dose"):
        usual = REGULAR[drawn.scene["medicine"]].doses
        for value in (drawn.fact.a, drawn.fact.b):
            assert value.canonical in usual
            for other in [*distractors(drawn), *({drawn.fact.a.canonical, drawn.fact.b.canonical} - {value.canonical})]:
                for written in write("dose", other, "en").forms.values():
                    assert not any(occurs(form, written) for form in value.surface["en"]), (value.canonical, other)


def test_blood_groups_are_all_asked_for_and_often_near_misses() -> None:
    pairs = [(drawn.fact.a.canonical, drawn.fact.b.canonical) for drawn in facts_of("blood_group")]
    assert {group for pair in pairs for group in pair} == {"O+", "O-", "A+", "A-", "B+", "B-", "AB+", "AB-"}
    same_letters = sum(a[:-1] == b[:-1] for a, b in pairs)
    assert 0 < same_letters < len(pairs)


def test_charts_prescribe_nothing_unusual() -> None:
    for drawn in drawn_facts():
        scene, fact = drawn.scene, drawn.fact
        medicines = [scene[field] for field in ("medicine", "other_medicine", "spare_medicine")]
        assert len({(REGULAR | AS_NEEDED)[name].group for name in medicines}) == 3
        allergies = {fact.a.canonical, fact.b.canonical} if fact.type == "allergy" else {scene["allergy"]}
        assert scene["tolerated"] not in allergies
        assert not any({name, scene["tolerated"]} <= CROSS_REACTIVE for name in allergies)


def test_no_two_medicines_leave_a_scene_without_doses() -> None:
    dose = type_named(WORLD, "dose")
    for number in range(600):
        rng = Random(f"doses:{number}")
        scene = draw_scene(rng, 3, number)
        assert len(set(dose.draw_pair(rng, scene))) == 2


def test_patients_do_not_repeat() -> None:
    scenes = [draw_scene(Random(number), 5, number) for number in range(2000)]
    assert len({(scene["given"], scene["family"]) for scene in scenes}) == len(scenes)


@pytest.mark.parametrize("name", DISTRACTORS)
def test_questions_name_the_patient(name: str) -> None:
    for drawn in facts_of(name):
        assert drawn.fact.entity["en"] in drawn.fact.question["en"]


@pytest.mark.parametrize("template", PASSAGES)
@pytest.mark.parametrize("name", DISTRACTORS)
def test_passages_tell_their_side_alone(name: str, template: int) -> None:
    for drawn in facts_of(name):
        for side, other in zip(SIDES, reversed(SIDES), strict=True):
            text = told(drawn, side, template)
            assert 30 <= len(text.split()) <= 120, text
            assert drawn.fact.entity["en"] in text
            assert any(occurs(form, text) for form in drawn.fact.value(side).surface["en"]), text
            assert not any(occurs(form, text) for form in drawn.fact.value(other).surface["en"]), text


@pytest.mark.parametrize("template", PASSAGES)
@pytest.mark.parametrize("name", DISTRACTORS)
def test_passages_of_two_sides_differ_in_the_value_alone(name: str, template: int) -> None:
    for drawn in facts_of(name):
        bare = {without(drawn.fact.value(side).surface["en"], told(drawn, side, template)) for side in SIDES}
        assert len(bare) == 1, bare
        assert bare.pop().count("…") == 1


@pytest.mark.parametrize("template", PASSAGES)
@pytest.mark.parametrize("name", DISTRACTORS)
def test_passages_hold_another_value_of_the_same_kind(name: str, template: int) -> None:
    for drawn in facts_of(name):
        text = told(drawn, "a", template)
        forms = [form for value in distractors(drawn) for form in write(drawn.fact.kind, value, "en").forms.values()]
        adjectives = phrasebook("health", "en").names["allergen_adjective"].values()
        assert any(occurs(form, text) for form in forms + (list(adjectives) if name == "allergy" else [])), text


def values(drawn: Drawn, side: Side, template: int) -> set[str]:
    """All values of the asked kind that a passage tells, whoever they belong to."""
    found = mentions(told(drawn, side, template), drawn.fact.kind)
    return {mention.readings[0] for mention in found if mention.level != FOREIGN}


def right_by_counting(name: str, least: int) -> float:
    """Balanced accuracy of the rule that two passages agree iff they share ``least`` values, whatever they mean."""
    agreeing, conflicting = [], []
    for drawn in facts_of(name):
        told_values = {(side, template): values(drawn, side, template) for side in SIDES for template in PASSAGES}
        for first, second in permutations(PASSAGES, 2):
            agreeing.append(len(told_values["a", first] & told_values["a", second]) >= least)
            conflicting.append(len(told_values["a", first] & told_values["b", second]) < least)
    return (sum(agreeing) / len(agreeing) + sum(conflicting) / len(conflicting)) / 2


@pytest.mark.parametrize("name", DISTRACTORS)
def test_passages_that_conflict_share_other_values(name: str) -> None:
    assert len(facts_of(name)) >= 40
    assert right_by_counting(name, 1) <= 0.65


@pytest.mark.parametrize("name", DISTRACTORS)
def test_how_many_values_passages_share_says_little(name: str) -> None:
    assert max(right_by_counting(name, least) for least in (2, 3, 4)) <= 0.75


def test_passages_of_one_type_sound_different() -> None:
    for name in DISTRACTORS:
        openings = {" ".join(told(facts_of(name)[0], "a", template).split()[:3]) for template in PASSAGES}
        assert len(openings) == len(PASSAGES)


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize("name", DISTRACTORS)
def test_pages_show_every_field_and_differ_in_the_asked_one(name: str, variant: int) -> None:
    for drawn in facts_of(name)[:20]:
        pages = {side: page(drawn, side, "en", variant) for side in SIDES}
        texts = {side: visible(html) for side, html in pages.items()}
        assert pages["a"] != pages["b"]
        if drawn.fact.graphical:
            assert texts["a"] == texts["b"], "a graphical value is written on the page"
        for side, text in texts.items():
            shown = {**drawn.scene, name: drawn.fact.value(side).canonical}
            assert drawn.fact.entity["en"] in text
            assert write("blood_group", shown["blood_group"], "en") in text
            assert write("dose", shown["dose"], "en") in text
            assert shown["allergy"].capitalize() in text
            assert shown["record"] in text


@pytest.mark.parametrize("variant", [0, 1])
def test_pages_never_write_graphical_values(variant: int) -> None:
    for drawn in facts_of("pain")[:20] + facts_of("pulse")[:20]:
        html = page(drawn, "a", "en", variant)
        assert not re.search(r"\b(alt|aria-\w+|title)=", html)
        forms = [form for form in drawn.fact.a.surface["en"] if not form.isdigit()]
        assert not any(occurs(form, visible(html)) for form in forms)


def test_graphics_stand_where_their_values_are() -> None:
    book = phrasebook("health", "en")
    for drawn in drawn_facts()[:40]:
        view = WORLD.view(drawn.scene, book)
        readings = list(drawn.scene["pulse_others"])
        readings.insert(drawn.scene["pulse_rank"], drawn.scene["pulse"])
        assert [50 + 80 * point["up"] for point in view["pulse_points"]] == [float(rate) for rate in readings]
        assert view["pulse_points"][drawn.scene["pulse_rank"]]["clock"] == view["pulse_clock"]
        assert view["pain_needle"] == view["pain_dial"][int(drawn.scene["pain"])]
        assert view["pain_along"] * 10 == int(drawn.scene["pain"])
    assert all(a < b for (a, _), (b, _) in combinations(view["pain_dial"], 2))


CHINESE_NUMERALS = "〇零一二两三四五六七八九十百千万"
PRONOUNS = {"they", "them", "their"}
ASIDE = {"pulse_clock": "pulse_time", "allergy_adjective": "allergy", "relative_allergy_adjective": "relative_allergy"}
"""Fields of the view that tell what another field tells, in another form."""
LATIN = {"A", "B", "AB", "O", "Rh", "mg", "mcg", "g", "ml"}
"""What a Chinese passage writes in Latin letters: blood groups, and the units of a drug round's log."""


def chinese(drawn: Drawn, side: Side, template: int) -> str:
    return passage(WORLD, drawn.fact, drawn.scene, side, "zh", template)


def stands(form: str, text: str) -> bool:
    """Whether a form stands in a Chinese text, and not as a part of a longer number or of another blood group."""
    return _standing(form).search(text) is not None


@cache
def _standing(form: str) -> re.Pattern[str]:
    number = f"[{CHINESE_NUMERALS}点0-9０-９.．A-Za-z]"
    return re.compile(f"(?<!{number}){re.escape(form)}(?!{number})")


def keys(book: Any) -> Any:
    return {key: keys(value) for key, value in book.items()} if isinstance(book, dict) else None


def fields_told(language: str, name: str, template: int) -> set[str]:
    """The fields of the view that a passage names, whatever their written forms."""
    syntax = Environment().parse(phrasebook("health", language).types[name]["passages"][template])
    return {ASIDE.get(field, field) for field in meta.find_undeclared_variables(syntax) - PRONOUNS}


def test_chinese_has_the_same_words_as_english() -> None:
    english, chinese_ = phrasebook("health", "en"), phrasebook("health", "zh")
    for part in ("labels", "names", "types"):
        assert keys(getattr(chinese_, part)) == keys(getattr(english, part))
    for table, names in chinese_.names.items():
        assert table == "pronoun" or len(set(names.values())) == len(names), table
    for table in ("given", "family", "neighbour", "doctor", "hospital", "ward", "relative", "pain_moment", "reaction"):
        assert not set("".join(chinese_.names[table].values())) & set(CHINESE_NUMERALS), table


@pytest.mark.parametrize("template", PASSAGES)
@pytest.mark.parametrize("name", DISTRACTORS)
def test_chinese_passages_tell_the_same_fields_as_english_ones(name: str, template: int) -> None:
    assert len(phrasebook("health", "zh").types[name]["passages"]) == len(PASSAGES)
    assert fields_told("zh", name, template) == fields_told("en", name, template)


@pytest.mark.parametrize("name", DISTRACTORS)
def test_chinese_questions_name_the_patient(name: str) -> None:
    for drawn in facts_of(name):
        assert drawn.fact.entity["zh"] in drawn.fact.question["zh"]
        assert "·" in drawn.fact.entity["zh"]


@pytest.mark.parametrize("template", PASSAGES)
@pytest.mark.parametrize("name", DISTRACTORS)
def test_chinese_passages_tell_their_side_alone(name: str, template: int) -> None:
    for drawn in facts_of(name)[:20]:
        bare = set()
        for side, other in zip(SIDES, reversed(SIDES), strict=True):
            text = chinese(drawn, side, template)
            assert 60 <= len(text) <= 260, text
            assert drawn.fact.entity["zh"] in text
            own = [form for form in drawn.fact.value(side).surface["zh"] if stands(form, text)]
            assert own, text
            assert not any(stands(form, text) for form in drawn.fact.value(other).surface["zh"]), text
            bare.add(_standing(max(own, key=len)).sub("…", text))
        assert len(bare) == 1, bare
        assert bare.pop().count("…") == 1


@pytest.mark.parametrize("template", PASSAGES)
@pytest.mark.parametrize("name", DISTRACTORS)
def test_chinese_passages_are_all_chinese(name: str, template: int) -> None:
    for drawn in facts_of(name)[:20]:
        text = chinese(drawn, "a", template)
        assert set(re.findall("[A-Za-z]+", text)) <= LATIN, text
        assert not re.search(r"[\s,;!?()\"]", text), text


@pytest.mark.parametrize("name", ["dose", "pain", "pulse"])
def test_chinese_passages_spell_some_numbers(name: str) -> None:
    spelled = [
        any(set(form) & set(CHINESE_NUMERALS) and stands(form, text) for form in drawn.fact.a.surface["zh"])
        for drawn in facts_of(name)[:1]
        for text in (chinese(drawn, "a", template) for template in PASSAGES)
    ]
    assert sum(spelled) == 2


@pytest.mark.parametrize("variant", [0, 1])
@pytest.mark.parametrize("name", DISTRACTORS)
def test_chinese_pages_differ_in_the_asked_field(name: str, variant: int) -> None:
    for drawn in facts_of(name)[:8]:
        pages = {side: page(drawn, side, "zh", variant) for side in SIDES}
        texts = {side: visible(html) for side, html in pages.items()}
        assert pages["a"] != pages["b"]
        assert (texts["a"] == texts["b"]) == drawn.fact.graphical
        for side, text in texts.items():
            shown = {**drawn.scene, name: drawn.fact.value(side).canonical}
            written = [write("dose", shown["dose"], "zh"), write("allergen", shown["allergy"], "zh"), shown["record"]]
            assert all(word in text for word in [drawn.fact.entity["zh"], *written])
            group = write("blood_group", shown["blood_group"], "zh")
            assert (group.sign if name == "blood_group" else group) in text.replace(" ", "")


@pytest.mark.parametrize("variant", [0, 1])
def test_chinese_pages_never_write_graphical_values(variant: int) -> None:
    for drawn in facts_of("pain")[:20] + facts_of("pulse")[:20]:
        text = visible(page(drawn, "a", "zh", variant))
        forms = write(drawn.fact.kind, drawn.fact.a.canonical, "zh").forms
        assert not any(stands(form, text) for key, form in forms.items() if not key.startswith("bare"))
