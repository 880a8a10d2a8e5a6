"""Answers from tokens: reasoning in one form, ends, and what is said of answers that were cut."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cmqa_tasks.models import tiny
from cmqa_tasks.models.answers import Answer, AnswerReader, Endings, opens_reasoning

CHANNELS = ("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|return|>", "[THINK]", "[/THINK]", "<|channel>", "<channel|>")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny.trained_tokenizer(CHANNELS)


def read(
    tokenizer: Any, text: str, *, opened: bool = False, until: tuple[str, ...] = (), think_end: str | None = None, **given: Any
) -> Answer:
    ids = torch.tensor(tokenizer(text, add_special_tokens=False).input_ids)
    settings = {"prompt_tokens": 9, "limit": len(ids), "ends": [tokenizer.eos_token_id], "until": until, "opened": opened} | given
    return AnswerReader(tokenizer, think_end).read(ids, **settings)


@pytest.mark.parametrize(
    ("written", "opened", "expected"),
    [
        ("It is red.", False, "It is red."),
        ("<think>Red?</think>It is red.", False, "<think>Red?</think>It is red."),
        ("Red or blue", True, "<think>Red or blue"),
        ("Red?</think>It is red.", True, "<think>Red?</think>It is red."),
        ("[THINK]Red?[/THINK]It is red.", False, "<think>Red?</think>It is red."),
        (
            "<|channel|>analysis<|message|>Red?<|end|><|start|>assistant<|channel|>final<|message|>It is red.<|return|>",
            False,
            "<think>Red?</think>It is red.",
        ),
        ("<|channel|>analysis<|message|>Do they contradict", False, "<think>Do they contradict"),
        ("<|channel>thought\nRed?<channel|>It is red.", False, "<think>\nRed?</think>It is red."),
    ],
)
def test_reasoning_has_one_form(tokenizer: Any, written: str, opened: bool, expected: str) -> None:
    answer = read(tokenizer, written, opened=opened)
    assert answer.text == expected
    assert (answer.reasoning_tokens > 0) == (("<think>" in expected) and expected != written)


def test_a_mark_of_ones_own_ends_the_reasoning(tokenizer: Any) -> None:
    assert read(tokenizer, "First A, then B. DONE It is red.", think_end="DONE").text == " It is red."
    assert read(tokenizer, "First A, then B.", think_end="DONE").text == "First A, then B."


def test_texts_that_end_an_answer_may_stand_in_the_reasoning(tokenizer: Any) -> None:
    assert (
        read(tokenizer, "Red?\n\nNo.</think>Blue.\n\nSure.", opened=True, until=("\n\n",)).text
        == "<think>Red?\n\nNo.</think>Blue."
    )


def test_why_an_answer_ended(tokenizer: Any) -> None:
    assert read(tokenizer, "It is red.").finish == "length"
    assert read(tokenizer, "It is red.<|im_end|>").finish == "stop"
    assert read(tokenizer, "It is red.<|im_end|><|endoftext|>").finish == "stop"
    assert read(tokenizer, "It is red.", limit=99).finish == "stop"
    assert read(tokenizer, "It is\nred", until=("\n",)).finish == "stop"


def test_prompts_that_open_the_reasoning() -> None:
    assert all(map(opens_reasoning, ("…assistant\n<think>\n", "[THINK]", "<|channel>thought\n")))
    assert not any(map(opens_reasoning, ("assistant\n", "<think>\n\n</think>\n\n", "Write <think> first.\n")))


def test_what_is_said_of_cut_answers_and_long_prompts() -> None:
    endings = Endings(context=100)
    assert list(endings.warnings()) == []
    for finish, tokens in (("stop", 12), ("length", 64), ("stop", 40), ("length", 64)):
        endings.add(Answer("…", 50, tokens, 0, finish))  # type: ignore[arg-type]
    cut, beyond = endings.warnings()
    assert "2 of 4 answers (50%) were cut at the limit of 64 new tokens; of the others the longest has 40" in cut
    assert "max_new_tokens=128" in cut
    assert "2 of 4 prompts are longer with their answers than the 100 tokens" in beyond
    assert "the longest has 114" in beyond
