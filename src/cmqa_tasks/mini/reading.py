"""Reading in mixed company: two pieces of different kinds about different people, and a question about one of them.

Nothing contradicts anything here. It is what mixing trains directly, asked outside the test of conflicts: does a piece stay
readable with one of another kind beside it?
"""

from __future__ import annotations

import json
import random
from itertools import permutations
from pathlib import Path

import numpy as np
from transformers import AutoProcessor, LlavaForConditionalGeneration

from cmqa_tasks.mini.batches import Encoder
from cmqa_tasks.mini.check import ITEMS, right
from cmqa_tasks.mini.instances import Instance
from cmqa_tasks.mini.train import Trainee
from cmqa_tasks.mini.world import COLOURS, KINDS, PEOPLE, Canvas, Kind, Language

FILE = "reading.json"
_FACTS = 2
_SEED = 998


def measure(checkpoint: Path, canvas: Canvas, out: Path) -> None:
    """Write the share of questions that a checkpoint answers right, by what is read and what stands beside it, into ``out``."""
    model = LlavaForConditionalGeneration.from_pretrained(checkpoint, dtype="float32")
    trainee = Trainee(model, AutoProcessor.from_pretrained(checkpoint), canvas)
    rng = random.Random(_SEED)
    encoder = Encoder(trainee.processor.tokenizer, canvas, np.random.default_rng(_SEED))
    shares = {
        f"{read} beside {other}": right(trainee, encoder, [_instance(read, other, rng) for _ in range(ITEMS)])
        for read, other in permutations(KINDS, 2)
    }
    (out / FILE).write_text(json.dumps(shares, indent=1) + "\n", encoding="utf-8")


def mean(out: Path) -> float:
    """Mean over what is read and what stands beside it, from a file that :func:`measure` wrote."""
    shares: dict[str, float] = json.loads((out / FILE).read_text(encoding="utf-8"))
    return sum(shares.values()) / len(shares)


def _instance(read: Kind, other: Kind, rng: random.Random) -> Instance:
    """Two pieces in random order, two people in each, and a question about the first person of the one that is to be read."""
    people = rng.sample(range(PEOPLE), 2 * _FACTS)
    facts = [(person, rng.randrange(len(COLOURS))) for person in people]
    asked = facts[0]
    pieces = [(read, tuple(rng.sample(facts[:_FACTS], _FACTS))), (other, tuple(rng.sample(facts[_FACTS:], _FACTS)))]
    rng.shuffle(pieces)
    language: Language = read if read != "image" else rng.choice(("en", "zh"))
    return Instance(tuple(pieces), language, (asked,))
