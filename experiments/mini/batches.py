"""Training examples as tensors: what the processor would make of the same conversation, without going through text and files.

``tests/test_mini.py`` holds both against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from experiments.mini.checkpoint import BEGIN, IMAGE, PAD
from experiments.mini.instances import Instance
from experiments.mini.world import KINDS, PICTURE, Canvas, Facts, answer, note, question

IGNORED = -100
"""Target of tokens that are not learned, as everywhere in transformers."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded on the right to one length."""

    tokens: torch.Tensor
    """int64, (examples, length)."""
    pixels: torch.Tensor | None
    """float32 in 0 … 1, (pictures, 3, side, side), in the order of their tokens; None without pictures."""
    targets: torch.Tensor
    """int64, (examples, length): the token that follows where that is an answer, else :data:`IGNORED`."""
    kinds: torch.Tensor
    """int64, (examples, length): at answers, the place of their evidence in :data:`~experiments.mini.world.KINDS`; else -1."""

    @property
    def size(self) -> int:
        """Tokens that are not padding, those of pictures included."""
        return int((self.tokens != 0).sum())


class Encoder:
    """Turns examples into batches.

    Args:
        tokenizer: of the miniature.
        canvas: how pictures are drawn.
        rng: draws them.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, canvas: Canvas, rng: np.random.Generator) -> None:
        self._ids = tokenizer.get_vocab()
        assert self._ids[PAD] == 0
        self._canvas, self._rng = canvas, rng

    def encode(self, examples: Sequence[Sequence[Instance]]) -> Batch:
        """One batch of examples."""
        pictures: list[Facts] = []
        rows = [self._row(example, pictures) for example in examples]
        length = max(len(tokens) for tokens, _ in rows)
        tokens = np.zeros((len(rows), length), np.int64)
        targets, kinds = np.full_like(tokens, IGNORED), np.full_like(tokens, -1)
        for number, (row, answers) in enumerate(rows):
            tokens[number, : len(row)] = row
            for end, kind in answers:
                targets[number, end - 1] = row[end]
                kinds[number, end - 1] = kind
        pixels = None
        if pictures:
            drawn = self._canvas.draw(pictures, self._rng)
            pixels = torch.from_numpy(np.ascontiguousarray(drawn.transpose(0, 3, 1, 2))).float() / 255
        return Batch(torch.from_numpy(tokens), pixels, torch.from_numpy(targets), torch.from_numpy(kinds))

    def _row(self, example: Sequence[Instance], pictures: list[Facts]) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids, and (place, kind) of each answer; pictures are added to those of the batch."""
        row, answers = [self._ids[BEGIN]], []
        for instance in example:
            for kind, facts in instance.pieces:
                if kind == "image":
                    row += [self._ids[PICTURE], *[self._ids[IMAGE]] * self._canvas.cells]
                    pictures.append(facts)
                else:
                    row += [self._ids[word] for word in note(kind, facts)]
            for person, colour in instance.turns:
                row += [self._ids[word] for word in question(instance.language, person)]
                answers.append((len(row), KINDS.index(instance.pieces[0][0])))
                row.append(self._ids[answer(instance.language, colour)])
        return row, answers
