"""Prompts, and batches of those that can be generated together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from cmqa_tasks.asking.question import Question

Messages = Sequence[Mapping[str, Any]]
"""A conversation, as chat templates of transformers take it."""
AHEAD = 16
"""Batches' worth of prompts that are made before they are sorted by length: enough to save nine tenths of our tasks' padding."""
MOST_PIXELS = 1 << 26
"""Fewer are made ahead where their images have more pixels than this together (200 MB of RGB)."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request, ready for the processor."""

    place: int
    """Its place among the requests."""
    text: str
    """The rendered chat template, with one image placeholder per image."""
    length: int
    """Tokens of ``text``, by which prompts are sorted; characters would leave half of the padding."""
    images: tuple[Image, ...]
    generation: str
    """Generation kwargs as canonical JSON; a batch shares them."""
    turns: Messages
    """The conversation that ``text`` was rendered from."""
    task: str = ""
    doc_id: int = 0
    question: Question | None = None
    """What is asked, where the task is ours."""
    key: str = ""
    """What its answer is found by in the journal; empty where it is not kept."""


def batches(prompts: Iterable[Prompt], size: int) -> Iterator[list[Prompt]]:
    """Batches of up to ``size`` prompts that share generation kwargs and the number of images.

    Where there is a choice, prompts of similar length come together. Only a few batches' prompts and images are held at a time:
    memory does not grow with the run.
    """
    waiting: dict[tuple[str, int], list[Prompt]] = {}
    for prompt in prompts:
        key = prompt.generation, len(prompt.images)
        held = waiting.setdefault(key, [])
        held.append(prompt)
        if _are_enough(held, size):
            yield from _by_length(waiting.pop(key), size)
    for held in waiting.values():
        yield from _by_length(held, size)


def _are_enough(held: Sequence[Prompt], size: int) -> bool:
    """Whether prompts fill whole batches, and as many as may be held."""
    whole, rest = divmod(len(held), size)
    if rest:
        return False
    pixels = sum(image.width * image.height for prompt in held for image in prompt.images)
    return size == 1 or whole == AHEAD or pixels > MOST_PIXELS


def _by_length(held: Sequence[Prompt], size: int) -> Iterator[list[Prompt]]:
    ordered = sorted(held, key=lambda prompt: prompt.length, reverse=True)  # too long for the memory shows at once
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
