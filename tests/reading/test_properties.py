"""What holds of the reading of any response."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reading_cases import LAMP, Case, all_cases

from cmqa_tasks.asking.protocols import FORMS, Meaning
from cmqa_tasks.facts.records import OUTCOMES, Fact, Outcome
from cmqa_tasks.reading.lexicon import lexicon
from cmqa_tasks.scoring.outcomes import score_answer

CASES = all_cases()
FACTS = list({case.fact.model_dump_json(): case.fact for case in CASES}.values())
LETTERS: dict[str, Meaning] = {"A": "b", "B": "abstain", "C": "conflict", "D": "a"}
SOUP = st.text(
    st.sampled_from(
        "不没无都是矛盾冲突一致相同证据图文答0123456789.,:;!?$€%()[]{}<>\\*#`\"' \n一二三十百千万点半元块公里米克年月日时AaBbno"
    )
)
RESPONSES = st.one_of(
    st.text(),
    SOUP,
    st.lists(st.sampled_from([case.response for case in CASES]), min_size=1, max_size=4).map("\n".join),
    st.builds(
        lambda case, text, at: case.response[:at] + text + case.response[at:], st.sampled_from(CASES), SOUP, st.integers(0, 80)
    ),
    st.builds(lambda text, times: text * times, SOUP, st.integers(1, 400)),
)


@settings(deadline=None, max_examples=400)
@given(RESPONSES, st.sampled_from(FACTS), st.sampled_from(list(FORMS)))
def test_any_input_has_an_outcome_within_a_second(response: str, fact: Fact, form: str) -> None:
    begin = time.process_time()
    outcome, _ = score_answer(response, fact, "conflict", "a", form, LETTERS)  # type: ignore[arg-type]
    assert outcome in OUTCOMES
    assert time.process_time() - begin < 1.0


PLAIN = {
    "$24.99": "first",
    "The lamp costs $29.99.": "second",
    "The two pieces of evidence contradict each other.": "conflict",
    "They do not contradict each other; it is $24.99.": "first",
    "The image says $24.99, the text says $29.99.": "both",
    "I cannot tell from the evidence.": "abstain",
    "It costs $99.": "other",
    "24.99美元": "first",
    "台灯的售价是29.99美元。": "second",
    "两份证据互相矛盾。": "conflict",
    "两者并不矛盾，都是24.99美元。": "first",
    "图片写24.99美元，文字写29.99美元。": "both",
    "无法判断。": "abstain",
}
DRESSINGS = {
    "bold": "**{}**",
    "italics": "*{}*",
    "code": "`{}`",
    "fence": "```\n{}\n```",
    "quote": "> {}",
    "heading": "### {}",
    "white space": "\n\n  {}  \n",
    "quotation marks": "“{}”",
    "JSON": '{{"answer": "{}"}}',
    "fenced JSON": '```json\n{{"answer": "{}"}}\n```',
    "box": "\\boxed{{\\text{{{}}}}}",
    "answer tag": "<ANSWER>\n{}\n</ANSWER>",
    "assistant": "assistant\n\n{}",
    "echo": "user\n\nWhat does the lamp cost? If the two pieces of evidence contradict each other, say so.\nassistant\n\n{}",
    "ChatML": "<|im_start|>user\nHow much?<|im_end|>\n<|im_start|>assistant\n{}<|im_end|>",
    "reasoning": "<think>\nDo they contradict each other? $29.99, $24.99, 29.99美元\n</think>\n\n{}",
    "capital reasoning": "<THINK>They conflict: 24.99美元.</THINK>{}",
    "seed": "<seed:think>They conflict.</seed:think>{}",
    "brackets": "[THINK]They conflict.[/THINK]{}",
    "kimi": "◁think▷They conflict.◁/think▷{}",
    "harmony": "<|channel|>analysis<|message|>They conflict.<|end|><|start|>assistant<|channel|>final<|message|>{}",
    "stripped harmony": "analysisThey conflict: $29.99.assistantfinal{}",
    "mark": "Answer: {}",
    "Chinese mark": "答案：{}",
}


@pytest.mark.parametrize("dressing", DRESSINGS.values(), ids=DRESSINGS.keys())
def test_what_stands_around_an_answer_does_not_change_its_outcome(dressing: str) -> None:
    outcomes = {response: score_answer(dressing.format(response), LAMP, "conflict", "a")[0] for response in PLAIN}
    assert outcomes == PLAIN


@pytest.mark.parametrize("outer", ["bold", "fence", "assistant", "reasoning", "white space"])
@pytest.mark.parametrize("inner", ["bold", "JSON", "mark", "answer tag", "quote"])
def test_nor_does_what_stands_around_that(outer: str, inner: str) -> None:
    dressed = {response: DRESSINGS[outer].format(DRESSINGS[inner].format(response)) for response in PLAIN}
    assert {response: score_answer(text, LAMP, "conflict", "a")[0] for response, text in dressed.items()} == PLAIN


def wide(text: str) -> str:
    """A text with full-width figures and letters."""
    return "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isalnum() else char for char in text)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([case for case in CASES if case.form == "free" and "http" not in case.response]))
def test_traditional_characters_and_full_width_figures_read_alike(case: Case) -> None:
    pairs = lexicon("zh").traditional
    traditional = case.response.translate({ord(new): old for old, new in zip(pairs[::2], pairs[1::2], strict=True)})
    figures = "".join(chr(ord(char) + 0xFEE0) if char.isascii() and char.isdigit() else char for char in case.response)
    expected = case.outcome()
    for response in (traditional, figures):
        assert score_answer(response, case.fact, case.relation, case.first) == expected, response


@settings(deadline=None, max_examples=400)
@given(st.sampled_from([case for case in CASES if case.relation == "conflict"]))
def test_swapping_the_two_values_swaps_the_outcome(case: Case) -> None:
    swapped = case.fact.model_copy(update={"a": case.fact.b, "b": case.fact.a})
    meanings: dict[Meaning, Meaning] = {"a": "b", "b": "a"}
    letters = {letter: meanings.get(means, means) for letter, means in case.letters.items()}
    other: dict[Outcome, Outcome] = {"first": "second", "second": "first"}
    outcome, _ = case.outcome()
    assert score_answer(case.response, swapped, "conflict", case.first, case.form, letters)[0] == other.get(outcome, outcome)
