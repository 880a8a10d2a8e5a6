"""What each form of answer reads."""

from __future__ import annotations

import pytest
from reading_cases import LAMP

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import Form, Meaning
from cmqa_tasks.asking.question import Question, ask, questions_of
from cmqa_tasks.facts.records import arm_named
from cmqa_tasks.facts.release import load
from cmqa_tasks.reading import Reading, read, read_response
from cmqa_tasks.reading.forms import letter_of
from cmqa_tasks.reading.response import parse
from cmqa_tasks.scoring.outcomes import score_response

LETTERS: dict[str, Meaning] = {"A": "b", "B": "conflict", "C": "a", "D": "abstain"}


STATEMENTS: list[tuple[str, str | None]] = [
    ("Yes", "contradict"),
    ("**Yes** – they differ on the price.", "contradict"),
    ("Yes, the first says $24.99 and the second $29.99.", "contradict"),
    ("No, both say $24.99.", "agree"),
    ("Answer: No", "agree"),
    ("The answer is yes.", "contradict"),
    ("First I compare both.\nBoth say $24.99.\nFinal answer: no", "agree"),
    ("<think>yes? no?</think>\n\nNo.", "agree"),
    ("<think>Yes, yes, yes", None),
    ("They contradict each other.", "contradict"),
    ("The two pieces of evidence do not contradict each other.", "agree"),
    ("The two pieces of evidence agree.", "agree"),
    ("There is a discrepancy between the prices.", "contradict"),
    ("Looking at the price, yes, they contradict each other.", "contradict"),
    ("On this question, no.", "agree"),
    ("No doubt they contradict each other.", "contradict"),
    ("Nothing of the sort is on the page.", None),
    ("Not sure.", None),
    ("", None),
    ("是的，两份证据互相矛盾。", "contradict"),
    ("答案：是", "contradict"),
    ("有矛盾。", "contradict"),
    ("否，两份证据都是24.99美元。", "agree"),
    ("不是。", "agree"),
    ("沒有。", "agree"),
    ("最终答案：否", "agree"),
]


def test_yes_or_no() -> None:
    stated = [(response, read(response, LAMP, "yes_no").statement) for response, _ in STATEMENTS]
    assert stated == STATEMENTS


CHOICES: list[tuple[str, str | None]] = [
    ("B", "B"),
    ("b", "B"),
    ("(C)", "C"),
    ("**D**", "D"),
    ("C) $24.99", "C"),
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
    ("A piece of evidence says $24.99.", None),
    ("They contradict each other.", None),
    ("I cannot tell.", None),
    ("E", None),
    ("Either option A or option C.", None),
    ("C and D", ""),
    ("", None),
]


def test_letter() -> None:
    assert [(response, letter_of(parse(response), "ABCD")) for response, _ in CHOICES] == CHOICES


MARKED = [
    ("Both look right.\nFinal answer: $24.99", "$24.99"),
    ("**Final Answer:** They contradict each other.", "They contradict each other."),
    ("Final answer: $1\nWait.\nFinal answer: $2", "$2"),
    ("The final answer is $24.99.", "$24.99."),
    ("Evidence 1: $24.99\nEvidence 2: $29.99\nAnswer: contradiction", "contradiction"),
    ("第一步……\n最终答案：24.99美元", "24.99美元"),
    ("No mark at all.", ""),
    ("The price follows.\nFinal answer:", ""),
    ("<think>Final answer: $1</think>It is $2.", ""),
]


def test_marked_answer() -> None:
    assert [(response, parse(response, first=False).answer) for response, _ in MARKED] == MARKED


def test_only_the_final_line_counts() -> None:
    thoughts = "The page says $24.99. The note says $29.99, so they contradict each other. Or not: it is another lamp.\n"
    found = read(thoughts + "Final answer: $24.99", LAMP, "final_line")
    assert (found.conflict, found.sides) == (False, ("a",))


def test_a_letter_stands_for_its_option() -> None:
    readings = {chosen: read(chosen, LAMP, "letter", LETTERS) for chosen in LETTERS}
    assert readings["A"] == Reading(False, ("b",), None, False, LAMP.b.canonical)
    assert readings["C"] == Reading(False, ("a",), None, False, LAMP.a.canonical)
    assert readings["B"] == Reading(True, (), None, False, "conflict")
    assert readings["D"] == Reading(False, (), None, True, "abstained")


def test_an_answer_without_the_form_is_read_as_words() -> None:
    forms: tuple[Form, ...] = ("letter", "yes_no")
    for form in forms:
        assert read("It costs $29.99.", LAMP, form, LETTERS).sides == ("b",)


def test_the_sides_of_a_stated_conflict_are_all_that_it_mentions() -> None:
    for response in (
        "They conflict: $29.99 in one, $24.99 in the other.",
        "They conflict, but I would go with $29.99 rather than $24.99.",
        "两者矛盾：一个是29.99美元，一个是24.99美元。",
        "两者矛盾，但应为29.99美元而不是24.99美元。",
    ):
        found = read(response, LAMP)
        assert (found.conflict, found.sides) == (True, ("b", "a")), response


# --- what is known of the prompt and of the end ----------------------------------------------------------------------


def questions(protocol: str, language: str = "en", arm: str = "text_text") -> list[Question]:
    return questions_of(arm_named(arm), load(), protocol, language)[::16]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("protocol", ["aware", "detect", "choice", "neutral", "reason"])
def test_a_copy_of_the_prompt_is_no_answer(protocol: str, language: str) -> None:
    for question in questions(protocol, language):
        own = question.plain_text
        for copy in (own, own[own.rindex("\n\n") :], own[: len(own) * 2 // 3], f"{own}\n{own}"):
            assert score_response(copy, question)[0] == "unparsed", copy


@pytest.mark.parametrize(("end", "statement"), [("No", None), ("At 07", None), ("Yes", "contradict"), ("No.", "agree")])
def test_a_copy_that_breaks_off_within_a_word_is_none_either(end: str, statement: str | None) -> None:
    """*No* of *Norbury* is no answer; *Yes*, with which the prompt does not go on, is one."""
    stands = "The lamp stands on the shelf by the door. It was polished twice in May this year."
    prompt = (
        "Do they contradict each other?",
        f"{stands} Norbury sends it.",
        f"{stands} At 07:00 it is lit. Yesterday it was not.",
    )
    assert read(f"{stands} {end}", LAMP, "yes_no", prompt=prompt).statement == statement


@pytest.mark.parametrize("protocol", ["aware", "detect", "choice"])
def test_an_answer_behind_a_copy_of_the_prompt_counts(protocol: str) -> None:
    for question in questions(protocol):
        answer = {"aware": "They contradict each other.", "detect": "Yes", "choice": ""}[protocol]
        answer = answer or next(option.letter for option in question.options if option.means == "conflict")
        assert score_response(f"{question.plain_text}\n\n{answer}", question)[0] == "conflict"


def test_what_the_prompt_says_is_no_copy_where_it_is_the_answer() -> None:
    for question in questions("aware"):
        assert score_response("The two pieces of evidence contradict each other.", question)[0] == "conflict"
    for question in questions("choice"):
        option = next(option for option in question.options if option.means == "conflict")
        stated = "The two pieces of evidence contradict each other"
        assert score_response(f"{option.letter}. {stated}", question)[0] == "conflict"
        assert score_response(stated, question)[0] == "conflict"


def test_reasoning_that_the_prompt_opened_is_no_answer_until_it_ends() -> None:
    question = questions("aware")[0]
    thought = "Piece 1 and piece 2 contradict each other? Wait, maybe they"
    assert read_response(thought, question, reasoning_opened=True) == Reading(False, (), None, False, None)
    assert read_response(f"{thought} do not.</think>They contradict each other.", question, reasoning_opened=True).conflict


def test_a_number_that_the_token_limit_cut_is_no_value() -> None:
    question = ask(next(iter(items_of(arm_named("text"), load()))), load(), "aware")
    assert read_response("The number is 14,2", question, cut=True).other is None
    assert read_response("The number is 77", question).other is not None


def test_a_failed_request_is_no_answer() -> None:
    found = read("[LMMS_EVAL_REQUEST_FAILED after 5 retries] Error code: 500", LAMP)
    assert found.failed
    assert (found.conflict, found.sides, found.other, found.abstained) == (False, (), None, False)


# --- long and hostile responses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("filler", "answers"), [
    (" and so on" * 5_000,
     ("The answer is $24.99.", " So the answer is $24.99.", "The image and the text conflict.", " It is $29.99.")),
    ("如此等等，" * 6_000, ("答案是24.99美元。", "所以答案是24.99美元。", "图片和文字互相矛盾。", "答案是29.99美元。")),
])  # fmt: skip
def test_a_long_response_is_read_at_both_ends(filler: str, answers: tuple[str, str, str, str]) -> None:
    first, last, conflict, other = answers
    assert read(f"{first}{filler}", LAMP).sides == ("a",)
    assert read(f"{filler}{last}", LAMP).sides == ("a",)
    assert read(f"{conflict}{filler}", LAMP).conflict
    differing = read(f"{first}{filler}{other}", LAMP)
    assert differing.sides == ()
    assert "too long" in (differing.parsed or "")
    chosen = read(f"{conflict}{filler}{last}", LAMP)
    assert (chosen.conflict, chosen.sides) == (True, ("a",))


def test_numbers_are_not_cut_by_the_windows_of_a_long_response() -> None:
    for shift in range(12):
        assert read("x" * shift + " 124.991" * 5_000, LAMP).sides == ()
