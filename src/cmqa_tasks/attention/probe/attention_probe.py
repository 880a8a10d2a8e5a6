"""Attention per segment, read while a model generates as it always does.

For example::

    with AttentionProbe(model, segments) as probe:
        model.generate(**inputs, max_new_tokens=32)
    readings = probe.readings()
    readings.aggregates["last_prompt"].log_density_ratio  # (batch, layers, heads)

The probe stands in for the decoder's attention function and returns that function's own result. Of each step it keeps the
query rows that are asked for, and the keys and values that the cache holds anyway; statistics are computed once per layer when
the generation is over. The softmax is never written out, and nothing that the model computes depends on the probe.

Every reading is held against the model: the segments' shares must add up to the attention output that the model used. A mask,
an offset or a row that is off by one raises :class:`ProbeError` instead of giving numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any

import torch
from torch import nn

from cmqa_tasks.attention.names import AGGREGATES
from cmqa_tasks.attention.probe.decoder_layers import Decoder, ProbeError, find_decoder, projection_factor, projection_of
from cmqa_tasks.attention.probe.generation_checks import check_generation, new_tokens, rows_read
from cmqa_tasks.attention.probe.layer_recorder import LayerRecorder
from cmqa_tasks.attention.probe.readings import EVIDENCE, Readings, Statistics
from cmqa_tasks.attention.probe.segment_statistics import LayerFormula, RowStatistics, over_rows, reduce_rows, unpacked
from cmqa_tasks.attention.probe.segments import Segments
from cmqa_tasks.attention.probe.shared_prompt import SharedPrompt
from cmqa_tasks.attention.probe.visible_keys import VisibleKeys, view

__all__ = ["AttentionProbe", "ProbeError"]

TOLERANCE = {torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 6e-2}
"""How far, relatively, the recomputed attention output may be from the model's own."""
_TRACK = "_cmqa_track"


def _probed(
    attend: Callable[..., Any],
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **kwargs: Any,
) -> Any:
    """An attention function as transformers calls it; modules without a track are passed through."""
    track: LayerRecorder | None = module.__dict__.get(_TRACK)
    if track is None or track.attending:
        return attend(module, query, key, value, attention_mask, **kwargs)
    track.check(query, key, attention_mask, kwargs)
    track.hold(key, value)
    mask = track.biased(query, key, attention_mask)
    track.attending = True  # with two probes at once the function within is watched as well
    output = attend(module, query, key, value, mask, **kwargs)
    track.attending = False
    track.see(query, key, value, attention_mask, output[0], kwargs)
    return output


class AttentionProbe:
    """Reads one generation of a model, between entering and leaving the ``with`` block.

    Args:
        model: a decoder-only or vision-language model of transformers with "sdpa" or "eager" attention.
        segments: of the prompts that will be given to ``generate``, in the same order and with the same padding.
        per_token: whether to keep the statistics of every generated row as well, in ``Readings.tokens``.
        bias: nats to add to the logits of a segment's keys, by segment name, in all recorded layers and for every row. This
            changes what is generated; the statistics describe the biased logits.
        matched_seed: of the subsamples and shuffles.

    Raises:
        ValueError: the segments or the bias make no sense.
        ProbeError: on entering, the model cannot be read; in ``generate``, before anything runs, its settings cannot be; on
            leaving, something was not recorded or does not add up.
    """

    def __init__(
        self,
        model: Any,
        segments: Segments,
        per_token: bool = False,
        bias: Mapping[str, float] | None = None,
        matched_seed: int = 0,
    ) -> None:
        self._model, self._per_token, self._seed = model, per_token, matched_seed
        self._names, self._buckets = segments.names, segments.buckets.cpu()
        self._answered = self._answer_lengths()
        _check_segments(self._names, self._buckets, answered=bool(self._answered.any()))
        unknown = set(bias or {}) - set(self._names)
        if unknown:
            raise ValueError(f"bias for {', '.join(sorted(unknown))}: segments are {', '.join(self._names)}")
        self._bias = tuple(float((bias or {}).get(name, 0)) for name in self._names)
        self._evidence = self._names.index(EVIDENCE[0]), self._names.index(EVIDENCE[1])
        self._rows, self._asked = _question_rows(self._buckets, self._names.index("question"), self._answered)
        self._tracks: dict[int, LayerRecorder] = {}
        self._read: torch.Tensor | None = None
        self._readings: Readings | None = None
        self._undo = ExitStack()

    def _answer_lengths(self) -> torch.Tensor:
        """How many tokens of each row answer its prompt, (batch,): here they are generated, and none stands there yet."""
        return torch.zeros(len(self._buckets), dtype=torch.int64)

    def __enter__(self) -> AttentionProbe:
        if self._tracks:
            raise ProbeError("a probe reads one generation; make a new one for the next")
        decoder = find_decoder(self._model)
        if any(_TRACK in module.__dict__ for module in decoder.layers.values()):
            raise ProbeError("another probe is reading this model")
        self._decoder = decoder
        try:
            self._undo.enter_context(decoder.watched(lambda attend: partial(_probed, attend)))
            self._attach(decoder)
            self._wrap_generate()
        except BaseException:
            self._undo.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._undo.close()
        if kind is None and any(track.steps for track in self._tracks.values()):
            self._readings = self._finish()
        for track in self._tracks.values():
            track.release()

    def readings(self) -> Readings:
        """What was read.

        Raises:
            ProbeError: the block has not been left, or nothing was generated in it.
        """
        if self._readings is None:
            raise ProbeError("nothing has been read: generate inside the with block, and ask for the readings after it")
        return self._readings

    def _attach(self, decoder: Decoder) -> None:
        self._step = SharedPrompt(self._buckets, self._rows, self._bias, len(self._names) - 1, self._per_token)
        for index, module in decoder.layers.items():
            track = LayerRecorder(index, self._step)
            self._tracks[index] = track
            module.__dict__[_TRACK] = track
            self._undo.callback(module.__dict__.pop, _TRACK, None)
            projection = projection_of(module)
            if projection is not None:
                self._undo.callback(track.watch(projection))

    def _wrap_generate(self) -> None:
        """Have ``model.generate`` checked before it runs; and remember where each item ended."""
        model, generate, before = self._model, self._model.generate, self._model.__dict__.get("generate")

        def checked(*args: Any, **kwargs: Any) -> Any:
            if any(track.steps for track in self._tracks.values()):
                raise ProbeError("a probe reads one generation; make a new one for the next")
            config = check_generation(model, self._buckets, args, kwargs)
            output = generate(*args, **kwargs)
            candidates = (*args[:1], kwargs.get("inputs"), kwargs.get("input_ids"))
            prompt = next((ids for ids in candidates if torch.is_tensor(ids)), None)
            stopped = bool(config.stop_strings or kwargs.get("stopping_criteria"))
            self._read = rows_read(new_tokens(output, prompt), config, stopped=stopped)
            return output

        model.__dict__["generate"] = checked
        self._undo.callback(lambda: model.__dict__.pop("generate") if before is None else model.__dict__.update(generate=before))

    def _finish(self) -> Readings:
        steps = {index: track.steps for index, track in self._tracks.items()}
        most = max(steps.values())
        missing = [index for index, number in steps.items() if number != most]
        if missing:
            raise ProbeError(
                f"layers {missing} were not recorded in every one of {most} steps; their readings would be incomplete"
            )
        steps_read, read = self._tokens_read(most)
        weights = self._weights(steps_read, read)
        views: dict[Any, VisibleKeys] = {}
        means, single = [], []
        for track in self._tracks.values():
            rows = self._whole(track, self._reduce(track, views).packed())
            track.release()
            means.append(over_rows(rows, weights.to(rows.device)).cpu())
            if self._per_token:
                single.append(rows[:, :, self._asked.shape[1] :].cpu())
        counts = torch.stack([(self._buckets == segment).sum(1) for segment in range(len(self._names))], 1)
        counts[:, -1] = read
        stacked = torch.stack(_same_heads(means), 1).unbind(3)
        aggregates = {
            name: self._statistics(columns, (which > 0).sum(1))
            for name, columns, which in zip(AGGREGATES, stacked, weights, strict=True)
        }
        return Readings(
            layers=tuple(self._tracks),
            unrecorded=dict(self._decoder.unrecorded),
            heads=stacked[0].shape[2],
            names=self._names,
            counts=counts,
            aggregates=aggregates,
            tokens=self._tokens(torch.stack(_same_heads(single), 1), read + 1) if self._per_token else None,
        )

    def _tokens_read(self, steps: int) -> tuple[int, torch.Tensor]:
        """One more than the answers' tokens that there are rows of, and how many each item has, (batch,).

        Raises:
            ProbeError: the recorded steps cannot be those of the answers.
        """
        read = torch.full((len(self._buckets),), steps - 1) if self._read is None else self._read
        if int(read.max()) > steps - 1:
            raise ProbeError(f"{int(read.max()) + 1} tokens were generated in {steps} recorded steps")
        return steps, read

    def _whole(self, track: LayerRecorder, rows: torch.Tensor) -> torch.Tensor:
        """All rows of a layer; NaN for the question's where the layer got the prompt's last token only."""
        if not track.last_only:
            return rows
        unread = rows.new_full((*rows.shape[:2], self._asked.shape[1], rows.shape[3]), torch.nan)
        return torch.cat([unread, rows], 2)

    def _weights(self, steps: int, read: torch.Tensor) -> torch.Tensor:
        """What each kept row weighs in each of :data:`AGGREGATES`, (3, batch, rows): questions, last prompt token, generated."""
        columns, batch = self._asked.shape[1], len(read)
        kept = torch.tensor([(token, weight) for token in range(1, steps) if (weight := self._step.weight(token))])
        token, stands_for = kept.view(-1, 2).unbind(1)
        last_prompt, generated, question = weights = torch.zeros(3, batch, columns + 1 + len(token))
        last_prompt[:, columns] = 1
        generated[:, columns + 1 :] = torch.where(token[None] <= read[:, None], stands_for, 0)
        question[:, :columns] = self._asked
        return weights

    def _reduce(self, track: LayerRecorder, views: dict[Any, VisibleKeys]) -> RowStatistics:
        """Statistics of all rows of a layer, checked against the layer's own output."""
        query, key, value, output = track.states()
        if track.signature not in views:
            views[track.signature] = view(track.buckets(), track.visible(), len(self._names), self._evidence, self._seed)
        projection = projection_of(self._decoder.layers[track.index])
        factor = gate = None
        if projection is not None and (gate := track.gate(output)) is not False:
            factor = projection_factor(projection, query.shape[1], output.shape[1] * output.shape[3]).to(query.device)
        layer = LayerFormula(
            track.scaling, track.softcap, track.sinks, self._bias, factor, gate if torch.is_tensor(gate) else None
        )
        rows = reduce_rows(query, key, value, views[track.signature], self._evidence, layer)
        _check(track.index, rows, layer, output)
        return rows

    def _tokens(self, columns: torch.Tensor, rows: torch.Tensor) -> Statistics:
        """Of single rows, (batch, layers, heads, rows, columns); an item's rows end where it ended."""
        ended = torch.arange(columns.shape[3])[None] >= rows[:, None]
        return self._statistics(columns.masked_fill(ended[:, None, None, :, None], torch.nan), rows)

    def _statistics(self, columns: torch.Tensor, rows: torch.Tensor) -> Statistics:
        """From packed statistics on the host, (batch, layers, heads, …, columns)."""
        statistics = unpacked(columns, len(self._names))
        null = _over_heads(statistics.pop("null"))  # shuffles are last
        statistics |= {"null_mean": null.mean(-1), "null_sd": null.std(-1), "log_count": statistics["log_count"][:, :, :1]}
        return Statistics(self._names, rows, matched_log_density_ratio=statistics.pop("matched"), **statistics)


def _same_heads(layers: list[torch.Tensor]) -> list[torch.Tensor]:
    """Layers with equally many heads, (batch, heads, …) each: those that have fewer get heads of NaN."""
    most = max(values.shape[1] for values in layers)
    return [
        torch.cat([values, values.new_full((len(values), most - values.shape[1], *values.shape[2:]), torch.nan)], 1)
        if values.shape[1] < most
        else values
        for values in layers
    ]


def _over_heads(null: torch.Tensor) -> torch.Tensor:
    """The mean over heads, those left out that a layer lacks: (batch, layers, heads, …, shuffles) → without heads."""
    lacking = null.isnan().flatten(3).all(3)
    return null.mean(2) if bool((lacking.any(2) == lacking.all(2)).all()) else null.nanmean(2)


def _check_segments(names: tuple[str, ...], buckets: torch.Tensor, *, answered: bool) -> None:
    if not names or names[-1] != "generated" or not {*EVIDENCE, "question"} <= set(names):
        raise ValueError(f"segments {names}: must hold evidence_a, evidence_b and question, and end with generated")
    if buckets.dim() != 2 or buckets.dtype != torch.int64 or not buckets.numel():
        raise ValueError(f"segments of shape {tuple(buckets.shape)}, {buckets.dtype}: must be int64, (batch, prompt tokens)")
    most = len(names) - 1 if answered else len(names) - 2
    if int(buckets.min()) < -1 or int(buckets.max()) > most:
        raise ValueError(f"segments run from {int(buckets.min())} to {int(buckets.max())}: must be in -1 … {most}")
    if bool((buckets[:, -1] < 0).any()):
        raise ValueError("the last token of a prompt is padding; prompts must be padded on the left")


def _question_rows(buckets: torch.Tensor, question: int, answered: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Probed rows of the prompt, (batch, questions + 1), the last prompt token last; and which questions are real.

    So many tokens after each prompt, ``answered``, are of its answer.
    """
    in_question = buckets == question
    most = int(in_question.sum(1).max())
    rows = in_question.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    real = in_question.gather(1, rows)
    last = (buckets.shape[1] - 1 - answered)[:, None]
    return torch.cat([rows.where(real, last), last], 1), real


def _check(index: int, rows: RowStatistics, layer: LayerFormula, output: torch.Tensor) -> None:
    """The segments add up to what the model itself computed, and their masses to one.

    Raises:
        ProbeError: they do not.
    """
    mass = (rows.lse - rows.lse_all[..., None]).exp().sum(-1)
    if layer.sinks is not None:
        mass = mass + (layer.sinks.float().view(1, -1, 1) - rows.lse_all).exp()
    off = (rows.output - output.float()).norm(dim=-1) / rows.value_norm.sum(-1).clamp_min(1e-20)
    worst, distance = torch.stack([(mass - 1).abs().max(), off.max()]).tolist()
    if not worst <= 1e-4:
        raise ProbeError(f"the masses of layer {index} add up to one only within {worst:.1e}")
    if not distance <= TOLERANCE.get(output.dtype, 6e-2):
        raise ProbeError(
            f"the attention of layer {index}, recomputed from its segments, is off the model's own by {distance:.1e}: the model "
            "masks, scales or caches in a way that the probe does not know, or the segments are not those of this prompt"
        )
