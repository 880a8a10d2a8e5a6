"""Reading in mixed company: pieces of different kinds about different people, and a question about one of them.

Nothing contradicts anything here. The question names a person, and what is asked stands in a picture or in a note, with pieces of
other kinds around: a reader who looks at one kind alone fails. With two pieces it is what mixing trains directly; four and
six are more than any strategy shows (``same`` and ``instance`` show up to four, in two instances that are asked about apart).
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
from transformers import AutoProcessor, LlavaForConditionalGeneration

from experiments.mini.batches import Encoder
from experiments.mini.check import ITEMS, right
from experiments.mini.instances import Instance
from experiments.mini.train import Trainee
from experiments.mini.world import COLOURS, KINDS, PEOPLE, Canvas, Kind, Language

FILE = "mixed_company.json"
SIZES = (2, 4, 6)
"""Pieces in a context; the half of them are pictures."""
_FACTS = 2
_SEED = 998


def measure(checkpoint: Path, canvas: Canvas, out: Path) -> None:
    """Write the share of questions that a checkpoint answers right into ``out``: by pieces, and kind of the one asked about."""
    model = LlavaForConditionalGeneration.from_pretrained(checkpoint, dtype="float32")
    trainee = Trainee(model, AutoProcessor.from_pretrained(checkpoint), canvas)
    rng = random.Random(_SEED)
    encoder = Encoder(trainee.processor.tokenizer, canvas, np.random.default_rng(_SEED))
    shares = {
        size: {kind: right(trainee, encoder, [draw(size, kind, rng) for _ in range(ITEMS)]) for kind in KINDS} for size in SIZES
    }
    (out / FILE).write_text(json.dumps(shares, indent=1) + "\n", encoding="utf-8")


def means(out: Path) -> list[float]:
    """For each of :data:`SIZES` the mean over kinds asked about, from a file that :func:`measure` wrote."""
    shares: dict[str, dict[str, float]] = json.loads((out / FILE).read_text(encoding="utf-8"))
    return [sum(shares[str(size)].values()) / len(shares[str(size)]) for size in SIZES]


def draw(size: int, read_kind: Kind, rng: random.Random) -> Instance:
    """A context of pictures and notes in random order, two people in each, and a question about a person in one of a kind."""
    people = rng.sample(range(PEOPLE), size * _FACTS)
    notes: tuple[Kind, ...] = ("en", "zh")
    pictures: list[Kind] = ["image"] * (size // 2)
    kinds = [*pictures, *(rng.choice(notes) for _ in range(size - len(pictures)))]
    if read_kind in notes:
        kinds[-1] = read_kind
    pieces = [
        (kind, tuple((person, rng.randrange(len(COLOURS))) for person in people[index * _FACTS :][:_FACTS]))
        for index, kind in enumerate(kinds)
    ]
    read = pieces[0 if read_kind == "image" else -1]
    turn = rng.choice(read[1])
    rng.shuffle(pieces)
    language: Language = read_kind if read_kind != "image" else rng.choice(("en", "zh"))
    return Instance(tuple(pieces), language, (turn,))
