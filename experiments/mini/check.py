"""Whether a base has converged, by its unimodal figures alone: nothing here shows two kinds of evidence at once."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict

from experiments.mini.batches import Encoder
from experiments.mini.instances import Instance, build_instance
from experiments.mini.train import Trainee
from experiments.mini.world import KINDS, PEOPLE, Kind, Language, answer

ITEMS = 400
"""Random instances per figure."""
_FACTS = 2
_SEED = 999


class Unimodal(BaseModel):
    """Figures over random instances, the smallest of the three kinds of evidence each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    single: float
    """Share of single pieces that are read right."""
    recognition: float
    """Share of contradicting pairs of one kind that are called so."""
    twins: float
    """Share of agreeing pairs of one kind whose value is answered."""

    @property
    def converged(self) -> bool:
        """The rule, fixed before any cross-modal figure was looked at."""
        return self.single >= 0.97 and self.recognition >= 0.95 and self.twins >= 0.97


def unimodal(trainee: Trainee) -> Unimodal:
    """Ask a model about random pieces, alone and in pairs of one kind."""
    rng = random.Random(_SEED)
    encoder = Encoder(trainee.processor.tokenizer, trainee.canvas, np.random.default_rng(_SEED))
    figures: dict[str, list[float]] = {name: [] for name in Unimodal.model_fields}
    for kind in KINDS:
        for name, pieces, conflict in (("single", 1, False), ("recognition", 2, True), ("twins", 2, False)):
            instances = [_one_question(kind, pieces, conflict, rng) for _ in range(ITEMS)]
            figures[name].append(right(trainee, encoder, instances))
    return Unimodal(**{name: min(shares) for name, shares in figures.items()})


def _one_question(kind: Kind, pieces: int, conflict: bool, rng: random.Random) -> Instance:
    """An instance with only the question that it is about."""
    language: Language = rng.choice(("en", "zh")) if kind == "image" else kind
    people = rng.sample(range(PEOPLE), PEOPLE)
    whole = build_instance((kind,) * pieces, language, _FACTS, conflict, people, rng)
    return Instance(whole.pieces, language, tuple(turn for turn in whole.turns if turn[0] == people[0]))


@torch.inference_mode()
def right(trainee: Trainee, encoder: Encoder, instances: Sequence[Instance]) -> float:
    """Share of instances of one question whose answer is the likeliest next token."""
    model, ids = trainee.model.eval(), trainee.processor.tokenizer.get_vocab()
    batch = encoder.encode([[instance] for instance in instances])
    wanted = torch.tensor([ids[answer(instance.language, instance.turns[0][1])] for instance in instances])
    hidden = model.model(input_ids=batch.tokens, pixel_values=batch.pixels, use_cache=False).last_hidden_state
    answers = model.lm_head(hidden[batch.targets >= 0]).argmax(-1)
    return float((answers == wanted).float().mean())
