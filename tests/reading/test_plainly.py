"""The short way of reading plain sentences against the long way: it may be faster, never different."""

from __future__ import annotations

import itertools

import pytest

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, SIDES
from cmqa_tasks.facts.release import load
from cmqa_tasks.reading import extract, reading
from cmqa_tasks.reading.plainly import stated_plainly
from cmqa_tasks.reading.plan import plan_for

SENTENCES = (
    "The answer is {x}.",
    "According to the evidence, it is **{x}**.",
    "{entity}: {x}",
    "Based on the image provided, the answer is {x}",
    "It is {x}, as both the image and the text show.",
    "It is not {x}.",
    "It is {x} and 3 more.",
    "Is it {x}?",
    "The image shows {x}, the text shows {y}.",
    "{x} is wrong.",
    "about {x} pm",
    "€{x}",
)
FACTS = {question.fact.id: question.fact for question in questions_of(ARMS["text"], load(), "aware")}


@pytest.fixture(scope="module")
def responses() -> list[tuple[str, str]]:
    return [
        (fact.id, sentence.format(entity=fact.entity["en"], x=x, y=y))
        for fact in list(FACTS.values())[::3]
        for side, sentence in itertools.product(SIDES, SENTENCES)
        for x, y in [(fact.value(side).surface["en"][0], fact.value("b" if side == "a" else "a").surface["en"][0])]
    ]


def test_the_short_way_reads_what_the_long_way_reads(responses: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    short = [extract(response, FACTS[fact]) for fact, response in responses]
    monkeypatch.setattr(reading, "stated_plainly", lambda low, plan: None)
    for (fact, response), one in zip(responses, short, strict=True):
        assert extract(response, FACTS[fact]) == one, response


def test_the_short_way_is_taken_by_plain_sentences_only() -> None:
    fact = next(fact for fact in FACTS.values() if fact.type == "price")
    value = fact.a.surface["en"][0].lower()
    plan = plan_for(fact)
    assert stated_plainly(f"the answer is {value}.", plan) == "a"
    for sentence in (f"it is not {value}", f"{value} or more", f"{value} million", f"maybe {value}?", f"{value} and 3"):
        assert stated_plainly(sentence, plan) is None
