"""Attention of answers that were made elsewhere, by any engine: prompt and answer go through ``cmqa_hf``'s model once.

    lm = CmqaHF("Qwen/Qwen2.5-VL-3B-Instruct", attention="on", attention_path="runs/attention", batch_size=4)
    log_answers(lm, "cmqa_image_text", release, [GivenAnswer(0, question, "$4.")])

The rows are those of logging while the model answers. Items that an earlier call has logged are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from lmms_eval.utils import simple_parse_args_string

from cmqa_tasks.asking.question import Question
from cmqa_tasks.attention.probe.logged_items import item_of
from cmqa_tasks.attention.probe.segments import Segments
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.rows import user_turn
from cmqa_tasks.models.answers import OPEN, Answer, opens_reasoning
from cmqa_tasks.models.batching import Prompt, batches
from cmqa_tasks.models.hf import CmqaHF

_OF_ANSWERS: Mapping[str, int] = {"attention_mask": 1, "token_type_ids": 0, "mm_token_type_ids": 0}
"""Inputs of one value a token, besides the tokens, and what those of an answer get."""


class ReplayError(ValueError):
    """An answer that this model cannot have given, or another prompt than the run's; the message names the item and why."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer, and what it answers."""

    doc_id: int
    question: Question
    response: str
    cut: bool = False
    """Whether a limit on new tokens ended it: its last token was written and never read."""
    prompt_tokens: int | None = None
    """How many tokens the run's prompt had, where the run counted as ``cmqa_hf`` does; they are compared."""


def model_from(model_args: str, *, attention_path: str, batch_size: str) -> CmqaHF:
    """A model that logs attention, from arguments as they are typed for lmms-eval.

    Args:
        model_args: ``pretrained=…`` and others, joined by commas.
        attention_path: where its log lies, unless they say so.
        batch_size: of prompts with their answers, unless they say so.

    Raises:
        ValueError: they do not name a model; and as :class:`~cmqa_tasks.models.hf.CmqaHF`.
    """
    given = simple_parse_args_string(model_args)
    if "pretrained" not in given:
        raise ValueError("--model_args: name the model, as in --model_args pretrained=Qwen/Qwen2.5-VL-3B-Instruct")
    return CmqaHF(**{"attention": "on", "attention_path": attention_path, "batch_size": batch_size} | given)


def log_answers(lm: CmqaHF, task: str, release: Release, given: Iterable[GivenAnswer]) -> int:
    """Log the attention of a task's answers, in batches.

    Args:
        lm: made with ``attention=on`` or ``per_token``.
        task: the name that its rows get.
        release: what the questions are about.
        given: the answers.

    Returns:
        How many went through the model now; the log has the others already.

    Raises:
        ReplayError: an answer that the tokenizer does not give back, or a prompt of another length than the run's.
        cmqa_tasks.attention.probe.attention_probe.ProbeError: the model cannot be read.
    """
    if lm.attention_log is None:
        raise ValueError("attention=off: nothing would be logged")
    answers = list(given)
    for answer in answers:
        _check_given(lm.tokenizer, task, answer)
    prompts = (_prompt(lm, task, release, place, answer) for place, answer in enumerate(answers))
    lacking = (prompt for prompt in lm.keeper.keyed(prompts) if lm.keeper.recall(prompt) is None)
    logged = 0
    with lm.images.attached():
        for batch in batches((replace(prompt, generation="{}") for prompt in lacking), lm.batch_size):
            _log(lm, batch, [answers[prompt.place] for prompt in batch])
            logged += len(batch)
    return logged


def _prompt(lm: CmqaHF, task: str, release: Release, place: int, answer: GivenAnswer) -> Prompt:
    """A question as the model is asked it; its answer stands where generation settings do, since it decides what is logged."""
    given = json.dumps({"given": answer.response, "cut": answer.cut})
    return lm.asked(place, [user_turn(answer.question, release)], given, task, answer.doc_id, answer.question)


def _log(lm: CmqaHF, batch: Sequence[Prompt], given: Sequence[GivenAnswer]) -> None:
    """Log a batch, and keep in the journal that it is."""
    tokens = [_tokens(lm.tokenizer, prompt, answer) for prompt, answer in zip(batch, given, strict=True)]
    inputs, origins = lm.inputs(batch)
    segments = lm.segments(batch, inputs, origins)
    lengths = inputs["attention_mask"].sum(dim=1).tolist()
    for prompt, answer, length in zip(batch, given, lengths, strict=True):
        if answer.prompt_tokens not in (None, length):
            raise ReplayError(
                f"{prompt.task}, item {answer.question.item.id}: the prompt has {length} tokens and had {answer.prompt_tokens} "
                "in the run: chat template, system prompt or size of images are not the run's; give its model arguments"
            )
    read = [ids[:-1] if answer.cut else ids for ids, answer in zip(tokens, given, strict=True)]
    inputs, segments = with_answers(inputs, segments, read, lm.tokenizer.pad_token_id)
    settings = {"max_new_tokens": 1, "do_sample": False, "pad_token_id": lm.tokenizer.pad_token_id}
    items = [item_of(prompt.task, prompt.doc_id, prompt.question) for prompt in batch]
    assert lm.attention_log is not None
    lm.attention_log.replay(segments, items, lambda: lm.generate(inputs, settings))
    counted = zip(given, tokens, lengths, strict=True)
    kept = [Answer(answer.response, length, len(ids), 0, "length" if answer.cut else "stop") for answer, ids, length in counted]
    lm.keeper.keep(batch, kept, lm.attention_log.rows)


def _tokens(tokenizer: Any, prompt: Prompt, answer: GivenAnswer) -> list[int]:
    """The tokens of an answer: those that follow the prompt's where the text goes on from it, else those of the answer alone."""
    text = answer.response.removeprefix(OPEN) if opens_reasoning(prompt.text) else answer.response
    before = tokenizer(prompt.text, add_special_tokens=False).input_ids
    both = tokenizer(prompt.text + text, add_special_tokens=False).input_ids
    ids: list[int] = both[len(before) :]
    if both[: len(before)] != before or _decoded(tokenizer, ids) != text:
        ids = tokenizer(text, add_special_tokens=False).input_ids
    return ids


def _check_given(tokenizer: Any, task: str, answer: GivenAnswer) -> None:
    """Make sure that an answer's tokens give it back, before anything is written.

    Raises:
        ReplayError: they do not.
    """
    back = _decoded(tokenizer, tokenizer(answer.response, add_special_tokens=False).input_ids)
    if back.strip() != answer.response.strip():
        raise ReplayError(
            f"{task}, item {answer.question.item.id}: of the answer {answer.response!r} the tokenizer gives back {back!r}: "
            "another model's answer, or one that was changed after it was written"
        )


def _decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text


def with_answers(
    inputs: Any, segments: Segments, answers: Sequence[Sequence[int]], padding: int
) -> tuple[dict[str, Any], Segments]:
    """A batch's inputs and segments with an answer after each prompt, padded on the left again.

    Args:
        inputs: of the prompts, rows of tokens of shape (batch, prompt tokens) padded on the left; others, such as pixels, stay.
        segments: of the prompts.
        answers: tokens of each.
        padding: the token of that name.

    Returns:
        Rows of (batch, prompt and answer tokens).
    """
    seen = inputs["attention_mask"].bool()
    per_token = {name: inputs[name] for name in ("input_ids", *_OF_ANSWERS) if name in inputs}
    width = max(int(row.sum()) + len(answer) for row, answer in zip(seen, answers, strict=True))

    def joined(rows: torch.Tensor, after: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
        whole = rows.new_full((len(rows), width), fill)
        for number, (row, mask, answer) in enumerate(zip(rows, seen.to(rows.device), after, strict=True)):
            both = torch.cat([row[mask], torch.tensor(answer, dtype=rows.dtype, device=rows.device)])
            whole[number, width - len(both) :] = both
        return whole

    made = {
        name: joined(rows, answers if name == "input_ids" else [[_OF_ANSWERS[name]] * len(answer) for answer in answers], fill)
        for name, rows in per_token.items()
        for fill in (padding if name == "input_ids" else 0,)
    }
    generated = len(segments.names) - 1
    buckets = joined(segments.buckets, [[generated] * len(answer) for answer in answers], -1)
    return {**inputs, **made}, Segments(buckets, segments.names)
