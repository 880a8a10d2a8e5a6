"""The attention probe against eager attention, against explicit formulas, and against mistakes put in on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from attention_families import EAGER_ONLY, FAMILIES, LAST_ROW_ONLY, VISION, VOCABULARY, Family, build, switch
from transformers import DynamicCache, StaticCache

from cmqa_tasks.attention.probe import attention_probe as probe_module
from cmqa_tasks.attention.probe import layer_recorder as recorder_module
from cmqa_tasks.attention.probe.attention_probe import AttentionProbe, ProbeError
from cmqa_tasks.attention.probe.decoder_layers import find_decoder
from cmqa_tasks.attention.probe.readings import Readings, Statistics
from cmqa_tasks.attention.probe.segments import NAMES, Segments
from cmqa_tasks.attention.probe.shared_prompt import SharedPrompt

NEW = 8
A, B, QUESTION = (NAMES.index(name) for name in ("evidence_a", "evidence_b", "question"))
GREEDY = {"do_sample": False, "max_new_tokens": NEW, "return_dict_in_generate": True, "output_scores": True}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def generate(family: Family, **settings: Any) -> Any:
    with torch.inference_mode():
        return family.model.generate(**family.inputs, **GREEDY | settings)


def probed(family: Family, segments: Segments | None = None, **arguments: Any) -> tuple[Any, Readings]:
    with AttentionProbe(family.model, segments or family.segments, per_token=True, **arguments) as probe:
        output = generate(family)
    return output, probe.readings()


def same(these: Any, those: Any) -> bool:
    scores = zip(these.scores, those.scores, strict=True)
    return torch.equal(these.sequences, those.sequences) and all(torch.equal(first, second) for first, second in scores)


def eager(family: Family, **settings: Any) -> Any:
    """The same generation with every attention weight, as transformers returns them."""
    before = switch(family.model, "eager")
    output = generate(family, output_attentions=True, **settings)
    switch(family.model, before)
    return output


def masses(family: Family, weights: torch.Tensor, total: int) -> torch.Tensor:
    """(batch, heads, queries, keys) → softmax mass per segment, (batch, heads, queries, S). Keys are the latest of ``total``."""
    buckets = family.segments.buckets
    new = torch.full((len(buckets), total - buckets.shape[1]), NAMES.index("generated"))
    buckets = torch.cat([buckets, new], 1)[:, total - weights.shape[-1] :]
    return torch.stack([(weights * (buckets == segment)[:, None, None]).sum(-1) for segment in range(len(NAMES))], -1)


def assert_agrees_with_eager(family: Family, tolerance: float = 1e-5, last_only: tuple[int, ...] = ()) -> None:
    """Mass per segment of the last prompt row, of every generated row and of the question's rows.

    Heads that a layer lacks are NaN, and so are the question's rows in layers that get the prompt's last token only.
    """
    reference = eager(family)
    output, readings = probed(family)
    assert torch.equal(output.sequences, reference.sequences)
    assert readings.tokens is not None
    prompt = family.segments.buckets.shape[1]
    in_question = family.segments.buckets == QUESTION
    assert len(readings.layers) == len(reference.attentions[0])
    last_prompt, question, generated = (
        readings.aggregates[name].log_mass.exp() for name in ("last_prompt", "question", "generated")
    )
    for layer in range(len(readings.layers)):
        whole = masses(family, reference.attentions[0][layer], prompt)
        heads = whole.shape[1]
        assert last_prompt[:, layer, heads:].isnan().all()
        assert_close(last_prompt[:, layer, :heads], whole[:, :, -1], tolerance)
        for item, rows in enumerate(in_question):
            if readings.layers[layer] in last_only:
                assert question[item, layer].isnan().all()
            else:
                assert_close(question[item, layer, :heads], whole[item, :, rows].log().mean(1).exp(), tolerance)
        steps = [masses(family, step[layer], prompt + number) for number, step in enumerate(reference.attentions)]
        rows = torch.cat([whole[:, :, -1:], *steps[1:]], 2)
        assert_close(readings.tokens.log_mass[:, layer, :heads].exp(), rows, tolerance)
        assert_close(generated[:, layer, :heads], rows[:, :, 1:].log().mean(2).exp(), tolerance)


def assert_close(actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    assert actual.shape == expected.shape
    worst = float((actual - expected).abs().max())
    assert worst <= tolerance, f"off by {worst:.1e}"


@pytest.mark.parametrize("name", FAMILIES)
def test_masses_are_those_of_eager_attention(name: str) -> None:
    """Left padding, grouped heads, windows, caps, sinks, gates, image blocks: prompt, question and seven decode steps."""
    assert_agrees_with_eager(build(name), last_only=LAST_ROW_ONLY.get(name, ()))


@pytest.mark.parametrize("name", FAMILIES)
def test_tokens_and_scores_are_those_of_the_model_alone(name: str) -> None:
    family = build(name)
    alone = generate(family)
    output, readings = probed(family)
    assert same(alone, output)
    assert find_decoder(family.model).implementation == ("eager" if name in EAGER_ONLY else "sdpa")
    assert "generate" not in family.model.__dict__
    assert same(alone, generate(family)), "the probe left something behind"
    assert readings.tokens is not None
    there = readings.tokens.log_mass
    total = there[~there.isnan().all(-1)].exp().sum(-1)  # not of heads that a layer lacks
    if name != "gpt_oss":  # whose learned sinks take the rest
        assert_close(total, torch.ones_like(total), 1e-4)
    else:
        assert float(total.max()) < 1 + 1e-4
        assert float(total.min()) < 0.99


def test_there_are_enough_families() -> None:
    assert len(FAMILIES) >= 16
    assert len(VISION) >= 10


@pytest.mark.parametrize("name", ["qwen3_next", "qwen3_5"])
def test_linear_layers_are_reported_as_such(name: str) -> None:
    _, readings = probed(build(name))
    assert readings.layers == (3,)
    assert readings.unrecorded == dict.fromkeys(range(3), "linear_attention")


# --- norms -----------------------------------------------------------------------------------------------------------------


def explicit_norms(family: Family, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
    """‖Σ α v‖ and ‖W_o Σ α v‖ per segment of the last prompt row, (batch, heads, S), from hooks and eager weights."""
    module: Any = find_decoder(family.model).layers[layer]
    values, queries = [], []
    hooks = [module.v_proj.register_forward_hook(lambda *seen: values.append(seen[2]))]
    hooks.append(module.q_proj.register_forward_hook(lambda *seen: queries.append(seen[2])))
    recorded = list(find_decoder(family.model).layers)
    attention = eager(family).attentions[0][recorded.index(layer)]
    for hook in hooks:
        hook.remove()
    batch, heads, prompt, _ = attention.shape
    value = values[0].view(batch, prompt, -1, module.head_dim).transpose(1, 2)
    value = value.repeat_interleave(heads // value.shape[1], 1)
    gate = torch.ones(batch, heads, module.head_dim)
    if queries[0].shape[-1] == 2 * heads * module.head_dim:
        gate = queries[0][:, -1].view(batch, heads, 2, module.head_dim)[:, :, 1].sigmoid()
    read, written = [], []
    for segment in range(len(NAMES)):
        weights = attention[:, :, -1] * (family.segments.buckets == segment)[:, None]
        summed = torch.einsum("bht,bhtd->bhd", weights, value)
        read.append(summed.norm(dim=-1))
        parts = module.o_proj.weight.detach().split(module.head_dim, 1)
        written.append(torch.stack([(gate * summed)[:, head] @ part.T for head, part in enumerate(parts)], 1).norm(dim=-1))
    return torch.stack(read, -1), torch.stack(written, -1)


def test_a_projection_that_hides_its_matrix_is_asked_for_it() -> None:
    """GPT-2's is transposed; quantized ones and those with adapters have none to read."""
    family = build("gpt2")
    module: Any = find_decoder(family.model).layers[0]
    read: list[torch.Tensor] = []
    hook = module.c_proj.register_forward_pre_hook(lambda *seen: read.append(seen[1][0]))
    with AttentionProbe(family.model, only_sink(family)) as probe:
        generate(family)
    hook.remove()
    heads = read[0][:, -1].view(2, module.num_heads, -1)
    matrix = module.c_proj.weight.detach().view(module.num_heads, -1, module.c_proj.weight.shape[1])
    expected = torch.einsum("bhd,hdo->bho", heads, matrix).norm(dim=-1)
    norms = probe.readings().aggregates["last_prompt"].output_norm[:, 0, :, NAMES.index("sink")]
    assert_close(norms, expected, 1e-5)


def only_sink(family: Family) -> Segments:
    """One segment for the whole prompt."""
    buckets = family.segments.buckets
    return Segments(buckets.masked_fill(buckets >= 0, NAMES.index("sink")))


@pytest.mark.parametrize("name", ["llama", "qwen3", "gemma2", "gpt_oss", "qwen3_5", "qwen2_5_vl", "paligemma", "gemma3"])
def test_norms_are_those_of_the_explicit_sums(name: str) -> None:
    family = build(name)
    _, readings = probed(family)
    for number, layer in enumerate(readings.layers):
        read, written = explicit_norms(family, layer)
        assert_close(readings.aggregates["last_prompt"].value_norm[:, number], read, 1e-5)
        assert_close(readings.aggregates["last_prompt"].output_norm[:, number], written, 1e-5)


def test_a_changed_output_projection_is_noticed() -> None:
    family = build("llama")
    _, before = probed(family)
    module: Any = find_decoder(family.model).layers[1]
    with torch.no_grad():
        module.o_proj.weight.mul_(2)
    _, after = probed(family)
    assert_close(after.aggregates["last_prompt"].output_norm[:, 1], 2 * before.aggregates["last_prompt"].output_norm[:, 1], 1e-5)


# --- mistakes put in on purpose --------------------------------------------------------------------------------------------


def forget_the_mask(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recorder_module, "_seen", lambda mask, _: torch.ones_like(mask, dtype=torch.bool))


def forget_the_offset(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recorder_module, "_first_key", lambda total, length: 0)


def swap_the_pieces(patch: pytest.MonkeyPatch) -> None:
    real = SharedPrompt.buckets
    swapped = torch.tensor([B, A, *range(2, len(NAMES)), -1])
    patch.setattr(SharedPrompt, "buckets", lambda self, total: swapped[real(self, total)])


def miss_the_row(patch: pytest.MonkeyPatch) -> None:
    real = probe_module._question_rows
    patch.setattr(probe_module, "_question_rows", lambda *args: (real(*args)[0] - 1, real(*args)[1]))


MISTAKES = {
    "mask": (forget_the_mask, "mistral"),
    "offset": (forget_the_offset, "mistral_long_window"),
    "swap": (swap_the_pieces, "qwen2_5_vl"),
    "row": (miss_the_row, "qwen2_5_vl"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_comparison_with_eager_notices(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the probe's own check out of the way, so that it is the comparison that is tested."""
    break_it, name = MISTAKES[mistake]
    family = build(name)
    assert_agrees_with_eager(family)
    monkeypatch.setattr(probe_module, "_check", lambda *_: None)
    break_it(monkeypatch)
    with pytest.raises(AssertionError):
        assert_agrees_with_eager(family)


@pytest.mark.parametrize("mistake", ["mask", "offset"])
def test_the_probe_itself_notices_what_the_model_did_not_do(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it, name = MISTAKES[mistake]
    family = build(name)
    break_it(monkeypatch)
    with pytest.raises(ProbeError, match=r"recomputed from its segments, is off the model's own|masses"):
        probed(family)
    assert find_decoder(family.model).implementation == "sdpa"


def test_a_layer_that_misses_a_step_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    real = recorder_module.LayerRecorder.see

    def forgetful(self: Any, *args: Any) -> None:
        if self.index != 1 or self.steps < 3:
            real(self, *args)

    monkeypatch.setattr(recorder_module.LayerRecorder, "see", forgetful)
    monkeypatch.setattr(recorder_module.LayerRecorder, "check", lambda *_: None)
    with pytest.raises(ProbeError, match=r"layers \[1\] were not recorded in every one of 8 steps"):
        probed(build("llama"))


# --- formulas --------------------------------------------------------------------------------------------------------------


def statistics(lse: list[float], mean: list[float], norms: list[float], counts: list[int]) -> Statistics:
    """One item, layer and head."""

    def shaped(values: list[float]) -> torch.Tensor:
        return torch.tensor(values).view(1, 1, 1, -1)

    none = torch.full((1, 1, 1), torch.nan)
    return Statistics(
        names=NAMES,
        rows=torch.tensor([1]),
        log_count=shaped([float(count) for count in counts]).log(),
        lse=shaped(lse),
        mean_logit=shaped(mean),
        max_logit=shaped(lse),
        value_norm=shaped(norms),
        output_norm=shaped(norms),
        lse_all=torch.tensor(lse).logsumexp(0).view(1, 1, 1),
        matched_log_density_ratio=none,
        null_mean=none[..., 0],
        null_sd=none[..., 0],
    )


def test_contrasts_by_hand() -> None:
    nothing = -float("inf")
    by_hand = statistics([3.0, 1.0, 0.0, 2.0, 0.5, nothing], [0.4, 0.1, 0, 0, 0, 0], [2.0, 0.5, 1, 1, 1, 0], [10, 5, 4, 1, 3, 0])
    assert float(by_hand.log_mass_ratio) == pytest.approx(2.0)
    assert float(by_hand.log_density_ratio) == pytest.approx(2.0 - torch.tensor(2.0).log().item())
    assert float(by_hand.logit_gap) == pytest.approx(0.3)
    assert float(by_hand.log_norm_ratio) == pytest.approx(torch.tensor(4.0).log().item())
    assert float(by_hand.log_mass.exp().sum()) == pytest.approx(1.0)
    unseen = statistics([nothing, 1.0, 0, 0, 0, 0], [0.0] * 6, [0.0, 1, 1, 1, 1, 1], [0, 5, 4, 1, 3, 0])
    assert all(
        torch.isnan(value) for value in (unseen.log_density_ratio, unseen.log_mass_ratio, unseen.logit_gap, unseen.log_norm_ratio)
    )


def reduced(query: torch.Tensor, key: torch.Tensor, buckets: torch.Tensor, seed: int = 0) -> Any:
    """Rows of a made-up layer that see every key."""
    from cmqa_tasks.attention.probe.segment_statistics import LayerFormula, reduce_rows
    from cmqa_tasks.attention.probe.visible_keys import view

    visible = torch.ones(len(buckets), query.shape[2], buckets.shape[1], dtype=torch.bool)
    layer = LayerFormula(1.0, None, None, (0.0,) * len(NAMES), None, None)
    return reduce_rows(query, key, key, view(buckets, visible, len(NAMES), (A, B), seed), (A, B), layer)


def logits_of(spread: float, number_a: int, number_b: int, rows: int = 200) -> Any:
    """Independent normal logits: one key dimension per key, so that queries are the logits themselves."""
    total = number_a + number_b
    generator = torch.Generator().manual_seed(3)
    query = spread * torch.randn(1, 1, rows, total, generator=generator)
    buckets = torch.tensor([[A] * number_a + [B] * number_b])
    return query, reduced(query, torch.eye(total)[None, None], buckets)


def test_every_statistic_of_made_up_logits() -> None:
    query, rows = logits_of(2.0, 7, 4, rows=5)
    for segment, part in ((A, query[..., :7]), (B, query[..., 7:])):
        assert_close(rows.lse[..., segment], part.logsumexp(-1), 1e-5)
        assert_close(rows.mean_logit[..., segment], part.mean(-1), 1e-5)
        assert_close(rows.max_logit[..., segment], part.amax(-1), 1e-5)
    assert_close(rows.lse_all, query.logsumexp(-1), 1e-5)
    assert_close(rows.value_norm[..., A], query.softmax(-1)[..., :7].norm(dim=-1), 1e-5)
    assert torch.isneginf(rows.lse[..., QUESTION]).all()


def test_without_a_preference_only_unequal_lengths_look_like_one() -> None:
    """D is biased against the shorter piece when logits are spread; matched lengths mend it; the null shows it."""
    _, rows = logits_of(4.0, 30, 1000)
    density = rows.lse[..., A] - rows.lse[..., B] - (rows.log_count[..., A] - rows.log_count[..., B])
    noise = float(density.std()) / density.numel() ** 0.5
    assert float(density.mean()) < -1
    assert abs(float(rows.matched.mean())) < 4 * float(rows.matched.std()) / rows.matched.numel() ** 0.5
    assert abs(float(rows.null.mean() - density.mean())) < 6 * noise
    _, level = logits_of(4.0, 100, 100)
    assert abs(float(level.null.mean())) < 0.1
    assert_close(level.matched, level.lse[..., A] - level.lse[..., B], 1e-4)


def test_subsamples_are_seeded() -> None:
    query, rows = logits_of(4.0, 30, 100, rows=3)
    buckets = torch.tensor([[A] * 30 + [B] * 100])
    again, other = (reduced(query, torch.eye(130)[None, None], buckets, seed) for seed in (0, 1))
    assert torch.equal(rows.matched, again.matched)
    assert torch.equal(rows.null, again.null)
    assert not torch.equal(rows.matched, other.matched)
    assert not torch.equal(rows.null, other.null)


def test_far_apart_logits_do_not_vanish() -> None:
    """A sink 300 nats above the rest leaves exact statistics of the rest."""
    query = torch.cat([torch.randn(1, 1, 2, 9), torch.full((1, 1, 2, 1), 300.0)], -1)
    buckets = torch.tensor([[A] * 5 + [B] * 4 + [NAMES.index("sink")]])
    rows = reduced(query, torch.eye(10)[None, None], buckets)
    assert_close(rows.lse[..., A], query[..., :5].logsumexp(-1), 1e-5)
    assert_close(rows.lse_all, torch.full((1, 1, 2), 300.0), 1e-5)
    assert torch.isfinite(rows.null).all()
    rows = reduced(query[..., :9] - 300, torch.eye(9)[None, None], buckets[:, :9])
    assert_close(rows.value_norm.square().sum(-1), (query[..., :9].softmax(-1)).square().sum(-1), 1e-5)


# --- batches, ends, padding ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen3_5", "gemma3"])
def test_a_batch_reads_as_one_prompt_at_a_time(name: str) -> None:
    family = build(name)
    _, together = probed(family)
    for item in range(2):
        _, alone = probed(only(family, item))
        for aggregate, expected in alone.aggregates.items():
            batched = together.aggregates[aggregate]
            for values in ("lse", "mean_logit", "value_norm", "output_norm", "matched_log_density_ratio", "null_mean", "null_sd"):
                in_batch, by_itself = getattr(batched, values)[item].nan_to_num(), getattr(expected, values)[0].nan_to_num()
                torch.testing.assert_close(in_batch, by_itself, rtol=1e-3, atol=1e-4)
        assert torch.equal(together.counts[item], alone.counts[0])


def only(family: Family, item: int) -> Family:
    """One prompt of the batch, without padding."""
    keep = family.segments.buckets[item] >= 0
    inputs = {}
    for name, value in family.inputs.items():
        wide = value.shape[:2] == family.segments.buckets.shape
        inputs[name] = value[item, keep][None] if wide else value.view(2, -1, *value.shape[1:])[item]
    return Family(family.model, inputs, Segments(family.segments.buckets[item, keep][None]))


def test_an_item_that_ended_is_not_read_on() -> None:
    family = build("llama")
    tokens = generate(family).sequences[:, -NEW:]
    stop = int(tokens[0, 3])
    assert stop not in tokens[0, :3]
    assert stop not in tokens[1]
    with AttentionProbe(family.model, family.segments, per_token=True) as probe:
        generate(family, eos_token_id=stop)
    readings = probe.readings()
    assert readings.aggregates["generated"].rows.tolist() == [3, NEW - 1]
    assert readings.counts[:, -1].tolist() == [3, NEW - 1]
    assert readings.tokens is not None
    assert readings.tokens.rows.tolist() == [4, NEW]
    assert torch.isnan(readings.tokens.lse[0, :, :, 4:]).all()
    assert not torch.isnan(readings.tokens.lse[1]).any()
    with AttentionProbe(family.model, family.segments) as probe:
        generate(family, max_new_tokens=4)
    short = probe.readings().aggregates["generated"]
    torch.testing.assert_close(short.lse[0], readings.aggregates["generated"].lse[0])


@pytest.mark.parametrize("name", ["llama", "mistral", "qwen3_5", "gemma3"])
def test_of_long_answers_every_eighth_row_stands_for_eight(name: str) -> None:
    """So logging costs no square of the length. Which rows follows from their place, not from the batch."""
    family = build(name)
    ends = 75

    def stop(ids: torch.Tensor, _: Any, **__: Any) -> torch.Tensor:
        """The first item ends where the second goes on."""
        return torch.tensor([ids.shape[1] >= family.segments.buckets.shape[1] + ends, False])

    tokens_used = set(generate(family, max_new_tokens=92).sequences.flatten().tolist())
    unsaid = next(token for token in range(VOCABULARY) if token not in tokens_used)
    settings = {"max_new_tokens": 92, "eos_token_id": unsaid, "stopping_criteria": [stop]}
    with AttentionProbe(family.model, family.segments, per_token=True) as every:
        generate(family, **settings)
    with AttentionProbe(family.model, family.segments) as probe:
        generate(family, **settings)
    aggregates, rows = probe.readings().aggregates, every.readings().tokens
    assert rows is not None
    taken = {0: [72], 1: [72, 80, 88]}
    for item, later in taken.items():
        kept = [*range(1, 65), *later]
        assert int(aggregates["generated"].rows[item]) == len(kept)
        weights = torch.tensor([1.0] * 64 + [8.0] * len(later))
        for values in ("lse", "value_norm", "output_norm"):
            expected = (getattr(rows, values)[item][:, :, kept] * weights[:, None]).sum(2) / weights.sum()
            torch.testing.assert_close(getattr(aggregates["generated"], values)[item], expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(aggregates["last_prompt"].lse, every.readings().aggregates["last_prompt"].lse)


def test_an_item_that_something_else_stopped_is_not_read_on() -> None:
    """Padding follows it then, as after an end of sequence; a padding token that is generated counts."""
    family = build("llama")
    tokens = generate(family).sequences[:, -NEW:]

    def stop(ids: torch.Tensor, _: Any, **__: Any) -> torch.Tensor:
        return ids[:, -1] == tokens[0, 3]

    with AttentionProbe(family.model, family.segments) as probe:
        generate(family, eos_token_id=VOCABULARY - 1, stopping_criteria=[stop])
    assert probe.readings().aggregates["generated"].rows.tolist() == [3, NEW - 1]
    padding = int(tokens[0, -1])
    with AttentionProbe(family.model, family.segments) as probe:
        generate(family, pad_token_id=padding)
    assert probe.readings().aggregates["generated"].rows.tolist() == [NEW - 1, NEW - 1]


def test_one_new_token_has_no_generated_rows() -> None:
    family = build("llama")
    with AttentionProbe(family.model, family.segments) as probe:
        generate(family, max_new_tokens=1)
    readings = probe.readings()
    assert readings.tokens is None
    assert readings.aggregates["generated"].rows.tolist() == [0, 0]
    assert torch.isnan(readings.aggregates["generated"].lse).all()
    assert torch.isfinite(readings.aggregates["last_prompt"].log_density_ratio).all()


def test_a_prompt_without_question_or_second_piece() -> None:
    family = build("llama")
    buckets = family.segments.buckets.clone()
    buckets[(buckets == QUESTION) | (buckets == B)] = NAMES.index("other")
    _, readings = probed(family, Segments(buckets))
    assert readings.aggregates["question"].rows.tolist() == [0, 0]
    last = readings.aggregates["last_prompt"]
    assert torch.isnan(last.log_density_ratio).all()
    assert torch.isnan(last.matched_log_density_ratio).all()
    assert torch.isnan(last.null_mean).all()
    assert torch.isneginf(last.lse[..., B]).all()


def test_a_window_that_hides_the_evidence_gives_no_contrast() -> None:
    """Eight tokens back from the last prompt token there is no evidence A."""
    _, readings = probed(build("qwen2_window"))
    last = readings.aggregates["last_prompt"]
    assert torch.isfinite(last.log_density_ratio[:, 0]).all()
    assert torch.isnan(last.log_density_ratio[:, 1]).all()
    seen = last.log_count[0, 1, 0].exp().round().long().tolist()
    assert sum(seen) == 8


def test_long_reductions_in_blocks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    family = build("mistral_long_window")
    _, whole = probed(family)
    monkeypatch.setattr("cmqa_tasks.attention.probe.segment_statistics.BLOCK", 1)
    _, split = probed(family)
    for name, aggregate in split.aggregates.items():
        torch.testing.assert_close(aggregate.lse, whole.aggregates[name].lse, equal_nan=True)
        torch.testing.assert_close(aggregate.null_sd, whole.aggregates[name].null_sd, equal_nan=True, rtol=1e-3, atol=1e-4)


# --- bias ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma2", "gpt_oss", "qwen2_5_vl", "gemma3"])
def test_a_bias_shifts_the_first_layer_by_itself_and_no_bias_by_nothing(name: str) -> None:
    family = build(name)
    plain, before = probed(family)
    zero, same_as_before = probed(family, bias={"evidence_a": 0.0, "evidence_b": 0.0})
    assert same(plain, zero)
    assert torch.equal(before.aggregates["last_prompt"].lse, same_as_before.aggregates["last_prompt"].lse)
    segment, sign = ("evidence_b", -1.0) if name in ("mistral", "gemma2", "gpt_oss", "gemma3") else ("evidence_a", 1.0)
    pushed, after = probed(family, bias={segment: 1.0})
    assert not same(plain, pushed)
    index = NAMES.index(segment)
    first, then = before.aggregates["last_prompt"], after.aggregates["last_prompt"]
    assert_close(then.lse[:, 0, :, index], first.lse[:, 0, :, index] + 1, 1e-5)
    if torch.isfinite(first.log_density_ratio[:, 0]).all():
        assert_close(then.log_density_ratio[:, 0], first.log_density_ratio[:, 0] + sign, 1e-5)
        assert_close(then.logit_gap[:, 0], first.logit_gap[:, 0] + sign, 1e-5)
    if len(after.layers) > 1 and torch.isfinite(then.log_density_ratio[:, 1]).all():
        assert not torch.allclose(then.log_density_ratio[:, 1], first.log_density_ratio[:, 1] + sign)


def test_a_bias_without_padding_still_hides_the_future() -> None:
    """sdpa gets no mask at all then; the probe's check compares its rows with what the model computed."""
    family = only(build("qwen2_5_vl"), 0)
    before, after = probed(family)[1], probed(family, bias={"evidence_a": 1.0})[1]
    question, then = before.aggregates["question"], after.aggregates["question"]
    assert_close(then.log_density_ratio[:, 0], question.log_density_ratio[:, 0] + 1, 1e-5)


# --- refusals --------------------------------------------------------------------------------------------------------------


def _padded_cache(family: Family) -> DynamicCache:
    cache = DynamicCache()
    cache.update(torch.zeros(2, 2, 1, 8), torch.zeros(2, 2, 1, 8), 0)
    return cache


REFUSED: dict[str, tuple[Callable[[Family], dict[str, Any]], str]] = {
    "beams": (lambda _: {"num_beams": 2}, "num_beams=2: .* set num_beams=1"),
    "sequences": (lambda _: {"num_return_sequences": 2, "do_sample": True}, "num_return_sequences=2"),
    "no cache": (lambda _: {"use_cache": False}, "use_cache=False: .* set use_cache=True"),
    "look-up": (lambda _: {"prompt_lookup_num_tokens": 2}, "prompt_lookup_num_tokens=None"),
    "assistant": (lambda _: {"assistant_model": build("llama", 1).model}, "assistant_model: "),
    "chunks": (lambda _: {"prefill_chunk_size": 4}, "prefill_chunk_size: "),
    "static cache": (lambda _: {"cache_implementation": "static"}, "cache_implementation='static'"),
    "guidance": (lambda _: {"guidance_scale": 2.0}, "guidance_scale=2.0"),
    "another cache": (
        lambda family: {"past_key_values": StaticCache(config=family.model.config, max_cache_len=64)},
        "past_key_values: ",
    ),
    "a used cache": (lambda family: {"past_key_values": _padded_cache(family)}, "past_key_values: "),
    "other prompts": (lambda family: {"input_ids": family.inputs["input_ids"][:, 1:]}, "they belong together"),
    "other padding": (lambda family: {"attention_mask": torch.ones_like(family.inputs["input_ids"])}, "disagree about"),
    "no mask": (lambda _: {"attention_mask": None}, "has no attention_mask"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_before_anything_runs(what: str) -> None:
    settings, complaint = REFUSED[what]
    family = build("llama")
    ran: list[Any] = []
    family.model.register_forward_pre_hook(lambda *args: ran.append(args))
    with pytest.raises(ProbeError, match=complaint), AttentionProbe(family.model, family.segments):
        family.model.generate(**family.inputs | {"do_sample": False, "max_new_tokens": 4} | settings(family))
    assert not ran
    assert find_decoder(family.model).implementation == "sdpa"
    assert "generate" not in family.model.__dict__
    probed(family)


def test_a_generation_config_is_read_as_well() -> None:
    from transformers import GenerationConfig

    family = build("llama")
    for config in (GenerationConfig(num_beams=3), GenerationConfig(use_cache=False)):
        with pytest.raises(ProbeError, match=r"num_beams=3|use_cache=False"), AttentionProbe(family.model, family.segments):
            family.model.generate(**family.inputs, generation_config=config)
    family.model.generation_config.num_beams = 2
    with pytest.raises(ProbeError, match="num_beams=2"), AttentionProbe(family.model, family.segments):
        family.model.generate(**family.inputs)


def test_forward_passes_that_are_not_prompt_then_tokens_are_refused() -> None:
    family = build("llama")
    with pytest.raises(ProbeError, match="must come in one pass"), AttentionProbe(family.model, family.segments):
        family.model(input_ids=family.inputs["input_ids"][:, :5])
    with pytest.raises(ProbeError, match="rows in the batch"), AttentionProbe(family.model, family.segments):
        family.model(input_ids=family.inputs["input_ids"][:1])
    with AttentionProbe(family.model, family.segments):
        family.model(**family.inputs)
        with pytest.raises(ProbeError, match="must come in one pass"):
            family.model(**family.inputs)


def test_one_forward_pass_is_read_as_a_prompt() -> None:
    family = build("llama")
    with AttentionProbe(family.model, family.segments) as probe, torch.no_grad():
        family.model(**family.inputs)
    _, readings = probed(family)
    torch.testing.assert_close(probe.readings().aggregates["last_prompt"].lse, readings.aggregates["last_prompt"].lse)


def test_models_outside_the_interface_are_refused() -> None:
    import transformers as hf

    segments = build("llama").segments
    falcon = hf.FalconForCausalLM(hf.FalconConfig(vocab_size=120, hidden_size=32, num_hidden_layers=1, num_attention_heads=4))
    with pytest.raises(ProbeError, match="no attention layer of FalconForCausalLM"), AttentionProbe(falcon, segments):
        pass
    t5 = hf.T5ForConditionalGeneration(
        hf.T5Config(vocab_size=120, d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=4, decoder_start_token_id=0)
    )
    with pytest.raises(ProbeError, match="encoder-decoder"), AttentionProbe(t5, segments):
        pass


def test_a_softmax_layer_outside_the_interface_is_refused() -> None:
    family = build("llama")
    layers: Any = find_decoder(family.model).layers

    class HomemadeAttention(type(layers[1])):  # type: ignore[misc]
        def forward(self, *args: Any, **settings: Any) -> Any:
            return super().forward(*args, **settings)

    layers[1].__class__ = HomemadeAttention
    with pytest.raises(ProbeError, match=r"layer 1 of LlamaForCausalLM \(HomemadeAttention\)"):
        probed(family)


def test_other_implementations_are_refused() -> None:
    family = build("llama")
    family.model.set_attn_implementation("flex_attention")
    with pytest.raises(ProbeError, match="'flex_attention' attention; load the model with attn_implementation='sdpa'"):
        probed(family)


def test_probes_do_not_nest_or_repeat() -> None:
    family = build("llama")
    with AttentionProbe(family.model, family.segments) as probe:
        with pytest.raises(ProbeError, match="another probe"), AttentionProbe(family.model, family.segments):
            pass
        with pytest.raises(ProbeError, match="after it"):
            probe.readings()
        generate(family)
        with pytest.raises(ProbeError, match="one generation"):
            generate(family)
    assert probe.readings().layers == (0, 1)
    with pytest.raises(ProbeError, match="one generation"), probe:
        pass


def test_two_models_may_be_probed_at_once() -> None:
    llama, qwen = build("llama"), build("qwen3")
    expected = [probed(family)[1].aggregates["generated"].lse for family in (llama, qwen)]
    with AttentionProbe(llama.model, llama.segments) as first, AttentionProbe(qwen.model, qwen.segments) as second:
        generate(qwen)
        generate(llama)
    for probe, lse in zip((first, second), expected, strict=True):
        assert torch.equal(probe.readings().aggregates["generated"].lse, lse)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda buckets: buckets[0], "must be int64, \\(batch, prompt tokens\\)"),
        (lambda buckets: buckets.float(), "must be int64"),
        (lambda buckets: buckets + len(NAMES), "must be in -1 … 4"),
        (lambda buckets: buckets.flip(1), "padded on the left"),
    ],
)
def test_segments_that_make_no_sense_are_named(change: Callable[[torch.Tensor], torch.Tensor], complaint: str) -> None:
    family = build("llama")
    with pytest.raises(ValueError, match=complaint):
        AttentionProbe(family.model, Segments(change(family.segments.buckets)))


def test_a_bias_for_no_segment_is_named() -> None:
    family = build("llama")
    with pytest.raises(ValueError, match="bias for image: segments are evidence_a, "):
        AttentionProbe(family.model, family.segments, bias={"image": 1.0})


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", FAMILIES)
def test_on_a_gpu(name: str, kind: torch.dtype) -> None:
    """The probe checks every layer against the model; tokens stay those of the model alone."""
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    family = build(name)
    family.model.to("cuda", kind)
    for key, value in family.inputs.items():
        family.inputs[key] = value.to("cuda", kind) if value.is_floating_point() else value.to("cuda")
    alone = generate(family)
    output, readings = probed(family)
    assert same(alone, output)
    assert readings.aggregates["last_prompt"].lse.device.type == "cpu"
