"""Reading free-form English answers: hand-written cases, the readers of values, and hostile input."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cmqa_tasks.facts.records import KINDS, OUTCOMES, Fact, Kind, Value
from cmqa_tasks.reading import BARE, FOREIGN, TYPED, Reading, extract, mentions
from cmqa_tasks.reading.normalise import LIMIT, fold
from cmqa_tasks.reading.plan import plan_for
from cmqa_tasks.scoring.outcomes import score, score_answer

CASES = Path(__file__).parent / "cases" / "extract_en"


def fact_of(spec: dict[str, Any]) -> Fact:
    """A fact from its short form in a case file: surface forms and entity in English, or by language."""
    a, b = (Value(canonical=spec[side]["canonical"], surface=_by_language(spec[side]["surface"])) for side in "ab")
    entity = spec["entity"] if isinstance(spec["entity"], dict) else {"en": spec["entity"]}
    return Fact(
        id="case",
        index=0,
        world=spec["world"],
        type="case",
        kind=spec["kind"],
        entity=entity,
        question={language: f"About {name}?" for language, name in entity.items()},
        a=a,
        b=b,
        graphical=False,
        tolerance=spec.get("tolerance", 0.0),
    )


def _by_language(surface: Any) -> dict[str, tuple[str, ...]]:
    forms = surface if isinstance(surface, dict) else {"en": surface}
    return {language: tuple(written) for language, written in forms.items()}


def load(cases: Path) -> list[Any]:
    """Every case of every file of a directory."""
    params = []
    for path in sorted(cases.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        facts = {name: fact_of(spec) for name, spec in data["facts"].items()}
        for number, case in enumerate(data["cases"], 1):
            label = f"{path.stem}:{number}:{case['response'][:40]!r}"
            params.append(pytest.param(facts[case["fact"]], case, id=label.encode("ascii", "replace").decode()))
    return params


ALL = load(CASES)
LAMP = fact_of(
    {
        "world": "shopping",
        "kind": "money",
        "entity": "Brindle desk lamp",
        "a": {"canonical": "24.99 USD", "surface": ["$24.99"]},
        "b": {"canonical": "29.99 USD", "surface": ["$29.99"]},
    }
)


@pytest.mark.parametrize(("fact", "case"), ALL)
def test_case(fact: Fact, case: dict[str, Any]) -> None:
    outcome, reading = score_answer(case["response"], fact, case["relation"], case["first"])
    assert outcome == case["expected"], reading


def test_cases_cover_every_kind_world_and_outcome() -> None:
    facts = [param.values[0] for param in ALL]
    assert {fact.kind for fact in facts} == set(KINDS)
    assert {fact.world for fact in facts} == {"news", "shopping", "maps", "health"}
    outcomes = Counter(param.values[1]["expected"] for param in ALL)
    assert set(outcomes) == set(OUTCOMES)
    assert min(outcomes.values()) >= 10
    assert len(ALL) >= 600


def test_every_surface_form_alone_is_its_side() -> None:
    for fact in {id(param.values[0]): param.values[0] for param in ALL}.values():
        for side in ("a", "b"):
            for form in fact.value(side).surface["en"]:
                assert extract(form, fact).sides == (side,), (form, fact.kind)
                assert extract(f"The answer is {form}.", fact).sides == (side,), (form, fact.kind)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("money", "Was $1,299.00, now only 999 dollars.", [("$1,299.00", "1299.00 USD"), ("999 dollars", "999.00 USD")]),
        (
            "money",
            "US$5 and \u20ac5,50 and 80 cents",
            [("US$5", "5.00 USD"), ("\u20ac5,50", "5.50 EUR"), ("80 cents", "0.80 USD")],
        ),
        ("count", "Some twelve hundred people, not 1,250.", [("twelve hundred", "1200"), ("1,250", "1250")]),
        ("percent", "up from 12% to forty per cent", [("12%", "12"), ("forty per cent", "40")]),
        (
            "rating",
            "\u2605\u2605\u2605\u00bd\u2606 (3.5 out of 5)",
            [("\u2605\u2605\u2605\u00bd\u2606", "3.5"), ("3.5 out of 5", "3.5")],
        ),
        ("level", "pain 7/10", [("7/10", "7")]),
        ("rate", "64 beats per minute", [("64 beats per minute", "64")]),
        ("distance", "2.4 km or 800 metres", [("2.4 km", "2.4 km"), ("800 metres", "800 m")]),
        ("dose", "\uff15\uff10\uff10 mg", [("\uff15\uff10\uff10 mg", "500 mg")]),
        ("date", "on the third of March, 2026", [("third of March, 2026", "2026-03-03")]),
        ("date", "by 13 March", [("13 March", "--03-13")]),
        ("time", "at half past eight in the evening", [("half past eight in the evening", "20:30")]),
        ("score", "won 3\u20131", [("3\u20131", "3-1")]),
        ("blood_group", "type O\u2212, not a positive test", [("O\u2212", "O-")]),
        ("direction", "north-easterly", [("north-easterly", "north-east")]),
        ("colour", "in navy", [("navy", "blue")]),
        ("weather", "with heavy showers", [("showers", "rain")]),
        ("allergen", "to PCN", [("PCN", "penicillin")]),
        ("name", "near Oak Lane.", [("Oak Lane", "Oak Lane")]),
    ],
)
def test_mentions_have_spans_into_the_original_text(kind: Kind, text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[one.start : one.end], one.readings[0]) for one in mentions(text, kind)] == expected


def test_mentions_say_how_clearly_they_are_of_the_kind() -> None:
    levels = [one.level for one in mentions("$5, or 7, for 3 chairs", "money")]
    assert levels == [TYPED, BARE, FOREIGN]


def test_a_date_or_time_with_two_readings_keeps_both() -> None:
    assert mentions("03/04/2026", "date")[0].readings == ("2026-04-03", "2026-03-04")
    assert mentions("8:30", "time")[0].readings == ("08:30", "20:30")
    assert mentions("08:30", "time")[0].readings == ("08:30",)


def test_folding_keeps_the_length_of_any_text() -> None:
    everything = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x11000)]))
    assert len(fold(everything).lower()) == len(everything)


def test_plans_are_keyed_by_content_not_by_id() -> None:
    other = LAMP.model_copy(update={"a": Value(canonical="5.00 USD", surface={"en": ("$5",)})})
    assert plan_for(LAMP).canonical["a"] == "24.99 USD"
    assert plan_for(other).canonical["a"] == "5.00 USD"


HOSTILE = {
    "no": "no " * 333_333,
    "not": "not " * 250_000,
    "digits": "1" * 1_000_000,
    "spaced digits": "1 " * 500_000,
    "grouped digits": "1,111," * 166_000,
    "parentheses": "(" * 1_000_000,
    "braces": '{"a":' * 200_000,
    "brackets": "[" * 1_000_000,
    "stars": "\u2605" * 1_000_000,
    "number words": "twenty one hundred and " * 43_000,
    "tags": "<think>" * 143_000,
    "closed tags": "<think></think>" * 66_000,
    "boxes": "\\boxed{" * 143_000,
    "markers": "answer: " * 125_000,
    "conflicts": "conflict " * 111_000,
    "dots": ". " * 500_000,
    "newlines": "\n" * 1_000_000,
    "spaces": " " * 1_000_000,
    "accents": "\u00e9\u0130" * 500_000,
    "colons": "8:" * 500_000,
    "capitals": "Aa " * 333_000,
    "both": "both they " * 100_000,
    "differences": "prices differ in " * 60_000,
    "agreements": "both agree that the same " * 40_000,
}


@pytest.mark.parametrize("junk", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("size", [LIMIT, 1_000_000])
def test_junk_of_any_length_is_a_counted_outcome(junk: str, size: int) -> None:
    """Just below the limit everything is read; beyond it only two windows. How long it takes is the benchmark's to say."""
    facts = {param.values[0].kind: param.values[0] for param in ALL}
    for kind, fact in facts.items():
        outcome, _ = score_answer(junk[:size], fact, "conflict", "a")
        assert outcome in OUTCOMES, kind
        assert outcome not in ("first", "second", "correct"), (kind, outcome)


def test_a_long_response_is_read_at_both_ends() -> None:
    filler = " and so on" * 5_000
    assert extract(f"The answer is $24.99.{filler}", LAMP).sides == ("a",)
    assert extract(f"{filler} So the answer is $24.99.", LAMP).sides == ("a",)
    assert extract(f"The image and the text conflict because{filler}.", LAMP).conflict


def test_a_long_response_that_states_a_conflict_and_then_picks_is_a_conflict() -> None:
    long = "The image says $24.99, the text $29.99: a contradiction." + " and so on" * 5_000 + " So the answer is $24.99."
    reading = extract(long, LAMP)
    assert reading.conflict
    assert reading.sides == ("a",)


def test_a_long_response_whose_ends_differ_is_unparsed_rather_than_either() -> None:
    long = "It is $24.99." + " and so on" * 5_000 + " It is $29.99."
    reading = extract(long, LAMP)
    assert score(reading, "conflict", "a") == "unparsed"
    assert reading.parsed is not None
    assert "too long" in reading.parsed


def test_numbers_are_not_cut_by_the_windows_of_a_long_response() -> None:
    for shift in range(12):
        long = "x" * shift + " 124.991" * 5_000
        assert extract(long, LAMP).sides == ()


def test_unfinished_reasoning_is_no_answer_unless_it_marks_one() -> None:
    assert extract("<think>It says $24.99, so", LAMP) == Reading(False, (), None, False, None)
    assert extract("<think>It says $24.99. Final answer: $24.99", LAMP).sides == ("a",)


def test_reasoning_does_not_count_as_stating_a_conflict() -> None:
    assert not extract("<think>These two conflict!</think>$24.99", LAMP).conflict


def test_the_sides_of_a_stated_conflict_are_all_that_it_mentions() -> None:
    assert extract("They conflict: $29.99 in one, $24.99 in the other.", LAMP).sides == ("b", "a")
    assert extract("They conflict, but I would go with $29.99 rather than $24.99.", LAMP).sides == ("b", "a")


def test_the_subject_of_the_question_is_not_its_answer() -> None:
    spec = {
        "world": "shopping",
        "kind": "colour",
        "entity": "Red Fox backpack",
        "a": {"canonical": "blue", "surface": ["blue"]},
        "b": {"canonical": "red", "surface": ["red"]},
    }
    assert extract("The Red Fox backpack is blue.", fact_of(spec)).sides == ("a",)
    assert extract("The Red Fox backpack is red.", fact_of(spec)).sides == ("b",)


def test_readings_are_the_same_every_time() -> None:
    for param in ALL[::7]:
        fact, case = param.values
        assert extract(case["response"], fact) == extract(case["response"], fact)
