"""Logits and attention of the two pieces of evidence, item by item: what the paper's Figure 2 sketches, measured.

The probe reads the last prompt token of contradicting items, before anything is generated. For each layer and head it
gives, per piece, the highest pre-softmax logit of its tokens, their log-sum-exp, and the softmax mass. Contexts have random facts
that no training example repeats but by chance.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration

from cmqa_tasks.attention.probe.attention_probe import AttentionProbe
from cmqa_tasks.attention.probe.segments import NAMES, Segments
from experiments.mini.batches import Encoder
from experiments.mini.instances import Instance, build_instance
from experiments.mini.world import PEOPLE, Canvas, Kind

FILE = "pieces.npz"
CONTEXTS: Mapping[str, tuple[Kind, Kind]] = {
    "two notes": ("en", "en"),
    "two pictures": ("image", "image"),
    "picture, note": ("image", "en"),
}
"""Kinds of the first and of the second piece."""
ITEMS = 200
FIGURES = ("max_logit", "lse", "log_mass")
_FACTS = 2
_SEED = 997
Array = npt.NDArray[np.float32]


def measure(checkpoint: Path, canvas: Canvas, out: Path) -> None:
    """Write what a checkpoint does with every context into ``out``: an array per context, as :func:`read` gives them."""
    model = LlavaForConditionalGeneration.from_pretrained(checkpoint, dtype="float32").eval()
    processor = AutoProcessor.from_pretrained(checkpoint)
    rng = random.Random(_SEED)
    encoder = Encoder(processor.tokenizer, canvas, np.random.default_rng(_SEED))
    figures = {}
    for name, kinds in CONTEXTS.items():
        instances = [_contradiction(kinds, rng) for _ in range(ITEMS)]
        figures[name] = _probe(model, encoder, instances, canvas)
    np.savez(out / FILE, **figures)  # type: ignore[arg-type]


def read(out: Path) -> dict[str, Array]:
    """By context: float32, [figures × items × layers × heads × 2 pieces], in nats; the figures are :data:`FIGURES`."""
    with np.load(out / FILE) as file:
        return {name: file[name] for name in CONTEXTS}


def reading_head(out: Path) -> tuple[int, int]:
    """(layer, head) that reads most of the evidence where both pieces are of one kind: the largest mass on both together."""
    figures = read(out)
    masses = [np.exp(figures[name][FIGURES.index("log_mass")]).sum(-1).mean(0) for name in ("two notes", "two pictures")]
    layer, head = np.unravel_index(np.mean(masses, axis=0).argmax(), masses[0].shape)
    return int(layer), int(head)


def _contradiction(kinds: Sequence[Kind], rng: random.Random) -> Instance:
    people = rng.sample(range(PEOPLE), PEOPLE)
    whole = build_instance(kinds, "en", _FACTS, True, people, rng)
    return Instance(whole.pieces, "en", tuple(turn for turn in whole.turns if turn[0] == people[0]))


def _probe(model: LlavaForConditionalGeneration, encoder: Encoder, instances: Sequence[Instance], canvas: Canvas) -> Array:
    batch = encoder.encode([[instance] for instance in instances])
    prompt = batch.tokens[:, :-1]  # without the answer; prompts of one context are equally long
    segments = Segments(torch.tensor([_segments(instances[0], canvas)]).expand(len(instances), -1))
    pictures = {} if batch.pixels is None else {"pixel_values": batch.pixels}
    with AttentionProbe(model, segments) as probe:
        model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=1, do_sample=False, **pictures)
    seen = probe.readings().aggregates["last_prompt"]
    return torch.stack([seen.max_logit[..., :2], seen.lse[..., :2], seen.log_mass[..., :2]]).numpy()


def _segments(instance: Instance, canvas: Canvas) -> list[int]:
    """The segment of every prompt token, as lmms-eval's prompts are cut: the word before a picture belongs to neither piece."""
    sink, other, question = (NAMES.index(name) for name in ("sink", "other", "question"))
    row = [sink]
    for index, (kind, facts) in enumerate(instance.pieces):
        row += [other, *[index] * canvas.cells] if kind == "image" else [index] * (1 + 2 * len(facts))
    return [*row, question, question]
