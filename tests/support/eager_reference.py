"""The probe's masses held against the attention weights that a model's eager attention returns for the same generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from attention_families import switch

from cmqa_tasks.attention.probe.attention_probe import AttentionProbe
from cmqa_tasks.attention.probe.readings import Readings
from cmqa_tasks.attention.probe.segments import NAMES, Segments

QUESTION = NAMES.index("question")


def generate(model: Any, inputs: Mapping[str, Any], new: int, **settings: Any) -> Any:
    """A greedy generation of exactly so many tokens, with its scores."""
    sampling = dict.fromkeys(("temperature", "top_p", "top_k", "min_p"))
    fixed = {
        "do_sample": False,
        "max_new_tokens": new,
        "eos_token_id": None,
        "return_dict_in_generate": True,
        "output_scores": True,
    }
    with torch.inference_mode():
        return model.generate(**inputs, **fixed | sampling | settings)


def probed(model: Any, inputs: Mapping[str, Any], segments: Segments, new: int) -> tuple[Any, Readings]:
    """The same while its attention is read, that of each generated token as well."""
    with AttentionProbe(model, segments, per_token=True) as probe:
        output = generate(model, inputs, new)
    return output, probe.readings()


def masses(buckets: torch.Tensor, weights: torch.Tensor, total: int) -> torch.Tensor:
    """(batch, heads, queries, keys) → softmax mass per segment, (batch, heads, queries, S). Keys are the latest of ``total``."""
    new = torch.full((len(buckets), total - buckets.shape[1]), NAMES.index("generated"))
    buckets = torch.cat([buckets, new], 1)[:, total - weights.shape[-1] :]
    return torch.stack([(weights.float() * (buckets == segment)[:, None, None]).sum(-1) for segment in range(len(NAMES))], -1)


def furthest(model: Any, inputs: Mapping[str, Any], segments: Segments, new: int = 6) -> dict[str, float]:
    """By attention implementation, how far the probe's masses are from eager attention's at most.

    Compared are the last row of the prompt, the question's rows and each generated row. Under ``eager`` there is no difference of
    rounding between implementations. A generation that changes while it is read is infinitely far.
    """
    alone = generate(model, inputs, new)
    output, readings = probed(model, inputs, segments, new)
    same = torch.equal(output.sequences, alone.sequences) and all(map(torch.equal, output.scores, alone.scores))
    before = switch(model, "eager")
    try:
        reference = generate(model, inputs, new, output_attentions=True)
        _, eager_readings = probed(model, inputs, segments, new)
    finally:
        switch(model, before)
    steps = [[layer for layer in step if layer is not None] for step in reference.attentions]
    if len(steps[0]) == len(readings.layers) + len(readings.unrecorded):
        steps = [[step[layer] for layer in readings.layers] for step in steps]
    assert len(steps[0]) == len(readings.layers), "eager attention has other layers"
    off = {name: _off(steps, segments.buckets, recorded) for name, recorded in ((before, readings), ("eager", eager_readings))}
    return off if same else off | {before: float("inf")}


def _off(steps: list[list[torch.Tensor]], buckets: torch.Tensor, readings: Readings) -> float:
    assert readings.tokens is not None
    prompt, in_question = buckets.shape[1], buckets == QUESTION
    last, question = (readings.aggregates[name].log_mass.exp() for name in ("last_prompt", "question"))  # type: ignore[index]
    worst = 0.0
    for number in range(len(readings.layers)):
        whole = masses(buckets, steps[0][number], prompt)
        heads = whole.shape[1]
        later = [masses(buckets, step[number], prompt + index) for index, step in enumerate(steps)][1:]
        pairs = [
            (last[:, number, :heads], whole[:, :, -1]),
            (readings.tokens.log_mass[:, number, :heads].exp(), torch.cat([whole[:, :, -1:], *later], 2)),
        ]
        for item, rows in enumerate(in_question):
            if rows.any() and not question[item, number].isnan().all():  # layers that get the last token of the prompt alone
                pairs.append((question[item, number, :heads], whole[item, :, rows].log().mean(1).exp()))
        distances = torch.stack([(read - expected).abs().max() for read, expected in pairs])
        worst = max(worst, float(distances.nan_to_num(torch.inf).max()))
    return worst
