"""A third language is a row of the table, a module of written forms and phrases; not a line of the package knows of it."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from commands import run_command
from german.forms import GERMAN, cardinal
from PIL import Image
from shop_texts import exchanged, fields_told, forms, holds, keys, visible

import cmqa_tasks
from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import PROTOCOLS, written
from cmqa_tasks.asking.question import Question, ask, questions_of
from cmqa_tasks.facts.records import KINDS, SIDES, Arm, Fact, Piece, Side
from cmqa_tasks.facts.release import Release, load, read_metadata
from cmqa_tasks.harness.rows import from_row
from cmqa_tasks.scoring import metrics
from cmqa_tasks.scoring.metrics import Scored
from cmqa_tasks.scoring.outcomes import score_answer, score_response
from cmqa_tasks.scoring.policies import policy
from cmqa_tasks.worlds import WORLDS, languages_of, passage, phrasebook
from cmqa_tasks.worlds.build.draw import Drawn, draw, page, texts
from cmqa_tasks.worlds.build.render import PAGE_SIZE, Renderer
from cmqa_tasks.worlds.languages import LANGUAGES, write

WORLD = WORLDS["shopping"]
PLACE = list(WORLDS).index(WORLD.name)
SEED = 11
FACTS = 40
"""Eight of each type: all that the bits of a fact's rank decide is balanced."""
TEMPLATES = range(5)
NAN = math.nan
EN_DE = Arm(name="en_de", family="clqa", pieces=(("text", "en"), ("text", "de")))
DE_EN = Arm(name="de_en", family="clqa", pieces=(("text", "de"), ("text", "en")))
DE = Arm(name="de", family="clqa", pieces=(("text", "de"),))
ARMS = (EN_DE, DE_EN, DE)
KINDS_WRITTEN = {"money", "count", "rating", "date", "colour"}
SENTENCES = {
    "price": ("{entity} kostet {value}.", "Ohne Versand beträgt der Preis {value}, laut der Seite."),
    "rating": ("{entity} hat im Durchschnitt {value}.", "Vergeben werden {value}, und zwar von den Kunden."),
    "colour": ("{entity} ist {value}.", "Die Farbe ist {value} und nicht anders."),
    "delivery": ("{entity} kommt am {value} an.", "Die Ankunft ist am {value}, wenn nichts dazwischenkommt."),
    "stock": ("{entity} ist noch in einer Stückzahl von {value} da.", "Noch {value} Stück sind auf Lager."),
}
BUILD = """
import sys
from pathlib import Path

sys.path.insert(0, {support!r})
from cmqa_tasks.worlds.languages import LANGUAGES
from german.forms import GERMAN

LANGUAGES["de"] = GERMAN  # before the build is imported, and so in its workers, which run this file first
from cmqa_tasks.worlds.build.freeze import build

if __name__ == "__main__":
    build(3, 4, Path("german"), workers=1, browser={browser!r})
"""


@pytest.fixture(autouse=True)
def german_in_the_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """German in the table of languages, for one test."""
    monkeypatch.setitem(LANGUAGES, "de", GERMAN)
    yield
    phrasebook.cache_clear()


@cache
def drawn() -> tuple[Drawn, ...]:
    return tuple(draw(SEED, len(WORLDS) * n + PLACE) for n in range(FACTS))


@cache
def release() -> Release:
    return Release.from_records("german", [one.fact for one in drawn()], [text for one in drawn() for text in texts(one)])


def without_german(fact: Fact) -> dict[str, Any]:
    """All of a fact but its id and what it has in German."""
    record = fact.model_dump(exclude={"id"})
    for by_language in (record["entity"], record["question"], record["a"]["surface"], record["b"]["surface"]):
        del by_language["de"]
    return record


def rates(arm: Arm, answer: Callable[[Question], str], protocol: str) -> Mapping[str, float]:
    """The metrics of an arm when the English question is answered so."""
    questions = questions_of(arm, release(), protocol)
    return metrics.rates(arm, (Scored.of(question, score_response(answer(question), question)[0]) for question in questions))


def expected(arm: Arm, **values: float) -> dict[str, float]:
    """The metrics of an arm: these, and 0 where nothing is said."""
    return {metric.name: values.get(metric.name, 0.0) for metric in metrics.metrics_of(arm)}


def sentence(template: str, fact: Fact, form: str) -> str:
    entity = fact.entity["de"]
    return template.format(entity=entity[0].upper() + entity[1:], value=form)


def outcomes(response: str, fact: Fact, side: Side) -> tuple[str, str]:
    """What a response is on the single item of one value, and on the conflict item that shows this value second."""
    other: Side = "b" if side == "a" else "a"
    return score_answer(response, fact, "single", side)[0], score_answer(response, fact, "conflict", other)[0]


def scale_apart(text: str) -> str:
    """A text in which the five of *out of five stars* is no word of its own, and so no value."""
    return text.replace("von 5", "von-5")


def german_forms() -> Iterator[tuple[Fact, Side, str]]:
    for one in drawn():
        for side in SIDES:
            for form in one.fact.value(side).surface["de"]:
                yield one.fact, side, form


def test_only_the_world_with_phrases_speaks_german() -> None:
    assert {world: languages_of(world) for world in WORLDS} == {
        world: ("en", "zh", "de") if world == WORLD.name else ("en", "zh") for world in WORLDS
    }


def test_the_other_languages_and_worlds_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = range(4 * len(WORLDS))
    with_german = [(draw(SEED, number), texts(draw(SEED, number))) for number in numbers]
    monkeypatch.delitem(LANGUAGES, "de")
    for number, (one, told) in zip(numbers, with_german, strict=True):
        plain = draw(SEED, number)
        if one.fact.world == WORLD.name:
            assert without_german(one.fact) == plain.fact.model_dump(exclude={"id"})
            assert (one.scene, one.passages) == (plain.scene, plain.passages)
            assert [text.text for text in told if text.language != "de"] == [text.text for text in texts(plain)]
        else:
            assert (one, told) == (plain, texts(plain))


def test_kinds_that_are_not_written_say_so() -> None:
    assert write("money", "24.99 EUR", "de") == "24,99 €"
    assert write("date", "2026-03-03", "de") == "3. März"
    for kind in sorted(set(KINDS) - KINDS_WRITTEN):
        with pytest.raises(ValueError, match=f"{kind} is not written in German"):
            write(kind, "1", "de")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "eins"),
        (21, "einundzwanzig"),
        (67, "siebenundsechzig"),
        (101, "einhunderteins"),
        (830, "achthundertdreißig"),
        (12_450, "zwölftausendvierhundertfünfzig"),
        (21_016, "einundzwanzigtausendsechzehn"),
    ],
)
def test_numbers_in_words(number: int, words: str) -> None:
    assert cardinal(number) == words


def test_the_phrases_are_those_of_the_english_ones() -> None:
    english, german = (phrasebook(WORLD.name, language) for language in ("en", "de"))
    for part in ("labels", "names", "types"):
        assert keys(getattr(english, part)) == keys(getattr(german, part))
    for name, fact_type in english.types.items():
        for template, sources in enumerate(zip(fact_type["passages"], german.types[name]["passages"], strict=True)):
            assert len({frozenset(fields_told(source)) for source in sources}) == 1, (name, template)


def test_facts_ask_about_the_product_in_german() -> None:
    for one in drawn():
        assert one.fact.entity["de"] in one.fact.question["de"]
        assert all(one.fact.value(side).surface["de"] for side in SIDES)
    assert len({one.fact.question["de"] for one in drawn()}) == FACTS


@pytest.mark.parametrize("template", TEMPLATES)
def test_passages_tell_their_side_only(template: int) -> None:
    for one in drawn():
        fact = one.fact
        told: dict[Side, str] = {side: passage(WORLD, fact, one.scene, side, "de", template) for side in SIDES}
        for (side, text), rest in zip(told.items(), exchanged(*told.values()), strict=True):
            assert one.fact.entity["de"].split(" ", 1)[1] in text
            assert any(holds(text, form) for form in fact.value(side).surface["de"]), text
            other = fact.b if side == "a" else fact.a
            others = map(scale_apart, forms(fact.kind, other.canonical, "de"))
            assert not any(holds(scale_apart(text), form) for form in others), text
            assert any(rest.strip(".,;:?") in form for form in fact.value(side).surface["de"]), (rest, text)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_prompts_show_the_german_passage_under_the_english_question(arm: Arm, protocol: str) -> None:
    questions = questions_of(arm, release(), protocol)
    assert len(questions) == 2 * FACTS
    for question in questions:
        fact = question.fact
        shown = [(part.evidence, part.text) for part in question.prompt if part.evidence is not None]
        assert shown == [(n, release().text(fact.id, piece)) for n, piece in enumerate(question.pieces)]
        assert fact.question["en"] in question.plain_text
        assert fact.question["de"] not in question.plain_text


def test_labelled_prompts_tell_the_languages_apart() -> None:
    text = questions_of(EN_DE, release(), "labelled")[0].plain_text
    assert re.search(r"Evidence 1, a passage of text in English:", text)
    assert re.search(r"Evidence 2, a passage of text in (?!English|Chinese)\w+:", text)


@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_targets_name_the_value_or_the_conflict(arm: Arm) -> None:
    for question in questions_of(arm, release(), "aware"):
        value = question.fact.value(question.pieces[0].side).canonical
        assert question.target == ("conflict" if question.item.relation == "conflict" else value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("arm", [EN_DE, DE_EN], ids=lambda arm: arm.name)
def test_the_oracle_is_always_right(arm: Arm, protocol: str) -> None:
    right = expected(arm, balanced=1.0, recognition=1.0, agree_correct=1.0, prefers_first=NAN, prefers_english=NAN)
    assert rates(arm, policy("oracle"), protocol) == pytest.approx(right, nan_ok=True)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("arm", [EN_DE, DE_EN], ids=lambda arm: arm.name)
def test_followers_prefer_the_language_that_they_follow(arm: Arm, place: int, language: str) -> None:
    """Whether the value is answered as it is written in the question's language or in German."""

    def in_german(question: Question) -> str:
        return written(question.fact, question.pieces[place].side, "de")

    follower = policy("follow_second" if place else "follow_first") if language == "en" else in_german
    english = float(arm.pieces[place][1] == "en")
    values = {"balanced": 0.5, "agree_correct": 1.0, "prefers_first": float(place == 0), "prefers_english": english}
    assert rates(arm, follower, "aware") == expected(arm, **values)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_german_alone_is_read_by_every_policy(protocol: str) -> None:
    for name in ("oracle", "follow_first", "follow_text"):
        assert rates(DE, policy(name), protocol) == expected(DE, read_correct=1.0)


def test_german_answers_are_read_as_their_value() -> None:
    for fact, side, form in german_forms():
        for response in (form, f"{form}.", f"Answer: {form}", f"„{form}“"):
            assert outcomes(response, fact, side) == ("correct", "second"), response


def test_german_sentences_are_read_as_their_value() -> None:
    for fact, side, form in german_forms():
        for template in SENTENCES[fact.type]:
            response = sentence(template, fact, form)
            assert outcomes(response, fact, side) == ("correct", "second"), response


def test_german_sentences_with_both_values_name_both() -> None:
    for one in drawn():
        values = [written(one.fact, side, "de") for side in SIDES]
        response = "Einmal heißt es {}, einmal heißt es {}.".format(*values)
        assert score_answer(response, one.fact, "conflict", "a")[0] == "both", response


@pytest.mark.parametrize("layout", [0, 1])
def test_pages_are_labelled_in_german(layout: int) -> None:
    labels = phrasebook(WORLD.name, "de").labels
    for one in drawn():
        sources = {side: page(one, side, "de", layout) for side in SIDES}
        assert all('<html lang="de">' in source for source in sources.values())
        for side, source in sources.items():
            text, values = visible(source), {**one.scene, one.fact.type: one.fact.value(side).canonical}
            assert all(labels[name] in text for name in ("arrives", "warranty", "months", "weight")), text
            assert write("money", values["price"], "de") in text
            assert write("date", values["delivery"], "de") in text
            assert one.fact.entity["de"].split(" ", 1)[1] in text
        assert (visible(sources["a"]) == visible(sources["b"])) == one.fact.graphical


@pytest.mark.browser
def test_a_browser_draws_both_layouts(browser: str) -> None:
    with Renderer(browser) as renderer:
        pictures = [renderer.render(page(drawn()[0], "a", "de", layout), f"German {layout}") for layout in (0, 1)]
    decoded = [Image.open(io.BytesIO(picture)) for picture in pictures]
    assert [picture.size for picture in decoded] == [PAGE_SIZE, PAGE_SIZE]
    assert pictures[0] != pictures[1]


@pytest.mark.browser
def test_a_build_with_a_third_language_can_be_evaluated(browser: str, tmp_path: Path) -> None:
    script = tmp_path / "build.py"
    script.write_text(BUILD.format(support=str(Path(__file__).parents[1] / "support"), browser=browser), encoding="utf-8")
    done = run_command(script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert read_metadata(tmp_path / "german").languages == ("en", "zh", "de")
    built = load(tmp_path / "german")
    assert list(built.facts.values()) == [draw(3, number).fact for number in range(4)]
    fact = next(fact for fact in built.facts.values() if fact.world == WORLD.name)
    told = {text.text for text in texts(draw(3, PLACE))}
    for arm in ARMS:
        for item in items_of(arm, built, [fact]):
            question = ask(item, built, "aware")
            assert set(question.passages) - {None} <= told
    for side in SIDES:
        place = Piece(modality="image", language="de", side=side, variant=fact.crossed_variant(0))
        assert Image.open(io.BytesIO(built.image(fact.id, place))).size == PAGE_SIZE


@pytest.mark.harness
@pytest.mark.parametrize("harness", ["lmms", "lm"])
@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: arm.name)
def test_the_harnesses_take_the_arm(harness: str, arm: Arm) -> None:
    task_class = getattr(cmqa_tasks, {"lmms": "ConflictTask", "lm": "LMConflictTask"}[harness])
    task = task_class(arm=arm, data=release())
    questions = [from_row(row) for row in task.eval_docs]
    assert questions == questions_of(arm, release(), "aware")
    assert {piece.language for question in questions for piece in question.pieces} == {language for _, language in arm.pieces}
    assert f"german_{arm.name}" in task.config.task
