"""What a model wrote, as an answer: its reasoning marked, its end cut where the task says so, and why it ended.

Reasoning keeps one form, ``<think>…</think>`` in front of the answer, whatever marks a family uses: scoring reads it so, also
from a samples file. Marks that are special tokens of a tokenizer would otherwise be dropped, and the reasoning read as the
answer. For example ``<|channel|>analysis<|message|>R<|end|><|start|>assistant<|channel|>final<|message|>A`` becomes
``<think>R</think>A``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch

OPEN, CLOSE = "<think>", "</think>"
_MARKS = (
    (r"<think>", r"</think>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<seed:think>", r"</seed:think>"),
    (r"<\|channel>thought", r"<channel\|>"),
    (r"<\|channel\|>analysis<\|message\|>", r"<\|channel\|>final<\|message\|>"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
)
"""How families open and close their reasoning."""
_OPENED = re.compile(rf"(?:{'|'.join(start for start, _ in _MARKS)})\s*\Z")
_STARTED = re.compile(rf"(?:{'|'.join(start for start, _ in _MARKS)})")
_ENDED = re.compile(rf"(?:{'|'.join(end for _, end in _MARKS)})")
_TURN = re.compile(r"<\|(?:start|channel|message|end|return)\|>(?:assistant|analysis|commentary|final)?")
"""Turns within the reasoning of families that have channels."""


def opens_reasoning(prompt: str) -> bool:
    """Whether a rendered prompt ends with the mark that opens the reasoning, so that the model writes only the closing one."""
    return _OPENED.search(prompt) is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    text: str
    """The reasoning in ``<think>…</think>``, if any, and the answer; ``<think>…`` where the reasoning did not end."""
    prompt_tokens: int
    """Read, padding not counted."""
    tokens: int
    """Written, padding not counted."""
    reasoning_tokens: int
    finish: Literal["stop", "length"]
    """``length`` if the limit on new tokens ended it."""
    opened: bool = False
    """The prompt opened the reasoning that the text begins with."""


@dataclass(frozen=True, slots=True)
class AnswerReader:
    """Makes answers of generated tokens.

    Args:
        tokenizer: of the model.
        think_end: the text that ends the reasoning, if it was given; the reasoning is then left out of the answer.
    """

    tokenizer: Any
    think_end: str | None = None

    def read(
        self,
        tokens: torch.Tensor,
        *,
        prompt_tokens: int,
        limit: int,
        ends: Sequence[int],
        until: Sequence[str],
        opened: bool,
    ) -> Answer:
        """The answer in a row of tokens.

        Args:
            tokens: long, (new tokens,), padded on the right.
            prompt_tokens: of the prompt that it answers.
            limit: the most new tokens that were allowed.
            ends: tokens that end an answer.
            until: texts that end an answer; what comes from the first of them on is left out. Reasoning may hold them.
            opened: whether the prompt opened the reasoning.
        """
        ids = tokens.tolist()
        padding = self.tokenizer.pad_token_id
        reasoning, answer, closed = self._apart(ids, opened)
        whole = answer
        for stop in until:
            answer = answer.split(stop)[0] if stop else answer
        stopped = answer != whole or len(ids) < limit or ids[-1] in {padding, *ends}
        if reasoning is None or (closed and self.think_end is not None):
            text = answer
        else:
            text = f"{OPEN}{reasoning}{CLOSE}{answer}" if closed else f"{OPEN}{reasoning}"
        written = sum(token != padding for token in ids)
        finish: Literal["stop", "length"] = "stop" if stopped else "length"
        return Answer(text, prompt_tokens, written, self._count(reasoning), finish, opened and text.startswith(OPEN))

    def _apart(self, ids: Sequence[int], opened: bool) -> tuple[str | None, str, bool]:
        """Reasoning (None where there are no marks that need care), answer, and whether the reasoning ended."""
        plain: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        raw: str = self.tokenizer.decode(ids, skip_special_tokens=False)
        end, started = self._end(raw), _STARTED.match(raw.lstrip())
        if not opened and end is None and started is None:
            return None, plain, False
        marked = plain.lstrip().startswith(OPEN) and (end is None or CLOSE in plain)
        if marked and not opened and self.think_end is None:
            return None, plain, False  # as scoring reads it
        before, after = (raw[: end[0]], raw[end[1] :]) if end is not None else (raw, "")
        return self._visible(_STARTED.sub("", before, count=1) if started else before), self._visible(after), end is not None

    def _end(self, raw: str) -> tuple[int, int] | None:
        """Where the last mark that ends a reasoning stands."""
        if self.think_end is not None:
            at = raw.rfind(self.think_end)
            return None if at < 0 else (at, at + len(self.think_end))
        marks = list(_ENDED.finditer(raw))
        return marks[-1].span() if marks else None

    def _visible(self, text: str) -> str:
        """A text without turns of channels and special tokens."""
        text = _TURN.sub("", text)
        for token in self.tokenizer.all_special_tokens:
            text = text.replace(token, "")
        return text

    def _count(self, reasoning: str | None) -> int:
        return len(self.tokenizer(reasoning, add_special_tokens=False).input_ids) if reasoning else 0


class Endings:
    """Counts how answers ended, and prompts that were too long.

    Args:
        context: tokens that the model can read, as far as that is known.
    """

    def __init__(self, context: int | None) -> None:
        self._context = context
        self._answers: list[Answer] = []

    def add(self, answer: Answer) -> None:
        """Count an answer."""
        self._answers.append(replace(answer, text=""))

    def warnings(self) -> Iterator[str]:
        """What is to be said at the end of a run: answers cut at the limit, prompts beyond the context."""
        cut = [answer.tokens for answer in self._answers if answer.finish == "length"]
        if cut:
            ended = sorted(answer.tokens for answer in self._answers if answer.finish == "stop")
            enough = f"; of the others the longest has {ended[-1]}" if ended else ""
            yield (
                f"{len(cut)} of {len(self._answers)} answers ({len(cut) / len(self._answers):.0%}) were cut at the limit of "
                f"{max(cut)} new tokens{enough}. Allow more by --gen_kwargs max_new_tokens={2 * max(cut)}, or thinking_budget="
            )
        sizes = [answer.prompt_tokens + answer.tokens for answer in self._answers]
        beyond = [size for size in sizes if self._context is not None and size > self._context]
        if beyond:
            yield (
                f"{len(beyond)} of {len(sizes)} prompts are longer with their answers than the {self._context:,} tokens that the "
                f"model was made for; the longest has {max(beyond):,}"
            )
