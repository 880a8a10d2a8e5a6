"""What each form of answer reads. Values in words are the reader's own business (test_extract)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_extract import LAMP, fact_of

from cmqa_tasks.asking.protocols import Meaning
from cmqa_tasks.reading import Reading
from cmqa_tasks.reading.answers import final_answer, letter, read, yes_or_no
from cmqa_tasks.scoring.outcomes import score_answer

CASES = Path(__file__).parent / "cases" / "forms"

LETTERS: dict[str, Meaning] = {"A": "b", "B": "conflict", "C": "a", "D": "abstain"}


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("Yes", True),
        ("yes.", True),
        ("**Yes** – they differ on the price.", True),
        ("Yes, the first says $24.99 and the second $29.99.", True),
        ("No.", False),
        ("No, both say $24.99.", False),
        ("Answer: No", False),
        ("The answer is yes.", True),
        ("First I compare both.\nBoth say $24.99.\nFinal answer: no", False),
        ("<think>yes? no?</think>\n\nNo.", False),
        ("<think>Yes, yes, yes", None),
        ("They contradict each other.", True),
        ("The two pieces of evidence do not contradict each other.", False),
        ("The two pieces of evidence agree.", False),
        ("There is a discrepancy between the prices.", True),
        ("Looking at the price, yes, they contradict each other.", True),
        ("On this question, no.", False),
        ("No doubt they contradict each other.", True),
        ("Nothing of the sort is on the page.", None),
        ("$24.99", None),
        ("Not sure.", None),
        ("", None),
        ("是", True),
        ("是的，两份证据互相矛盾。", True),
        ("答案：是", True),
        ("有矛盾。", True),
        ("否", False),
        ("否，两份证据都是24.99美元。", False),
        ("不是。", False),
        ("没有矛盾。", False),
        ("沒有。", False),
        ("最终答案：否", False),
    ],
)
def test_yes_or_no(response: str, said: bool | None) -> None:
    assert yes_or_no(response) is said


@pytest.mark.parametrize(
    ("response", "chosen"),
    [
        ("B", "B"),
        ("b", "B"),
        ("B.", "B"),
        ("(C)", "C"),
        ("**D**", "D"),
        ("C) $24.99", "C"),
        ("A. $29.99", "A"),
        ("Answer: B", "B"),
        ("The correct option is (d).", "D"),
        ("Option C", "C"),
        ("I choose B because both prices are given.", "B"),
        ("Both prices are given, so I would go with option B.", "B"),
        ("Let me think about A and C.\nFinal answer: B", "B"),
        ("<think>A? C?</think>D", "D"),
        ("答案：C", "C"),
        ("选B", "B"),
        ("我选择 D。", "D"),
        ("最终答案：B", "B"),
        ("A piece of evidence says $24.99.", None),
        ("They contradict each other.", None),
        ("I cannot tell.", None),
        ("E", None),
        ("Either option A or option C.", None),
        ("", None),
    ],
)
def test_letter(response: str, chosen: str | None) -> None:
    assert letter(response, "ABCD") == chosen


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("Both look right.\nFinal answer: $24.99", "$24.99"),
        ("**Final Answer:** They contradict each other.", "They contradict each other."),
        ("Final answer: $1\nWait.\nFinal answer: $2", "$2"),
        ("The final answer is $24.99.", "$24.99."),
        ("Evidence 1: $24.99\nEvidence 2: $29.99\nAnswer: contradiction", "contradiction"),
        ("第一步……\n最终答案：24.99美元", "24.99美元"),
        ("证据1：24.99美元\n答案：互相矛盾", "互相矛盾"),
        ("No mark at all.", "No mark at all."),
        ("The price follows.\nFinal answer:", "The price follows.\nFinal answer:"),
        ("<think>Final answer: $1</think>It is $2.", "<think>Final answer: $1</think>It is $2."),
    ],
)
def test_final_answer(response: str, answer: str) -> None:
    assert final_answer(response) == answer


def test_only_the_final_line_counts() -> None:
    thoughts = "The page says $24.99. The note says $29.99, so they contradict each other. Or not: it is another lamp.\n"
    found = read(thoughts + "Final answer: $24.99", LAMP, "final_line", {})
    assert isinstance(found, Reading)
    assert (found.conflict, found.sides) == (False, ("a",))


def test_a_letter_stands_for_its_option() -> None:
    readings = {chosen: read(chosen, LAMP, "letter", LETTERS) for chosen in LETTERS}
    assert readings["A"] == Reading(False, ("b",), None, False, LAMP.b.canonical)
    assert readings["C"] == Reading(False, ("a",), None, False, LAMP.a.canonical)
    assert readings["B"] == Reading(True, (), None, False, "conflict")
    assert readings["D"] == Reading(False, (), None, True, "abstained")


def test_an_answer_without_the_form_is_read_as_words() -> None:
    for form in ("letter", "yes_no"):
        found = read("It costs $29.99.", LAMP, form, LETTERS)  # type: ignore[arg-type]
        assert isinstance(found, Reading)
        assert found.sides == ("b",)


@pytest.mark.parametrize("form", ["free", "final_line", "yes_no", "letter"])
def test_a_huge_response_is_read_under_every_form(form: str) -> None:
    for response in ("Final answer: " * 80_000, "\n" * 1_000_000, "答案：" * 300_000, "A " * 500_000):
        read(response, LAMP, form, LETTERS)  # type: ignore[arg-type]


def cases() -> list[Any]:
    """Answers in files, as in the other directories of cases, each with the form that it is read under."""
    params = []
    for path in sorted(CASES.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        facts = {name: fact_of(spec) for name, spec in data["facts"].items()}
        for number, case in enumerate(data["cases"], 1):
            letters = data["letters"].get(case["fact"], {})
            params.append(pytest.param(facts[case["fact"]], letters, case, id=f"{path.stem}:{number}"))
    return params


@pytest.mark.parametrize(("fact", "letters", "case"), cases())
def test_case(fact: Any, letters: dict[str, Meaning], case: dict[str, Any]) -> None:
    outcome, reading = score_answer(case["response"], fact, case["relation"], case["first"], case["form"], letters)
    assert outcome == case["expected"], (case["response"], reading)
