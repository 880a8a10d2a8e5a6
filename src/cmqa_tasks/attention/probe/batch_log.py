"""Logs attention while ``cmqa_hf`` answers: segments, probe and store put together, batch by batch."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from cmqa_tasks.attention.bias import bias_text
from cmqa_tasks.attention.names import AGGREGATES
from cmqa_tasks.attention.probe.answer_probe import AnswerProbe
from cmqa_tasks.attention.probe.attention_probe import AttentionProbe
from cmqa_tasks.attention.probe.logged_items import LoggedItem
from cmqa_tasks.attention.probe.readings import Readings, Statistics
from cmqa_tasks.attention.probe.segments import Segments
from cmqa_tasks.attention.store import AttentionRow, LogMetadata, ShardWriter, read_metadata

MODES = ("off", "on", "per_token")


class AttentionLog:
    """Reads attention while a batch is generated, and keeps it.

    Args:
        model: the model that will generate.
        mode: one of :data:`MODES`; ``off`` only applies the bias.
        directory: where this model's shards go.
        rank: of this process.
        metadata: what the numbers are measured on.
        bias: nats per segment, see :func:`cmqa_tasks.attention.bias.bias_of`.

    Raises:
        ValueError: the directory holds attention of another model or other settings.
    """

    def __init__(
        self,
        model: Any,
        mode: str,
        directory: Path,
        rank: int,
        metadata: LogMetadata,
        bias: Mapping[str, float],
    ) -> None:
        self._model, self._per_token, self._bias = model, mode == "per_token", dict(bias)
        self.rows: Sequence[AttentionRow] = ()
        """What was written of the last batch."""
        self._writer: ShardWriter | None = None
        if mode != "off":
            _check_same(directory, metadata)
            self._writer = ShardWriter(directory, rank, metadata)

    def generate(
        self, segments: Segments, items: Sequence[LoggedItem], run: Callable[[], torch.Tensor], *, keep: bool = True
    ) -> torch.Tensor:
        """What ``run`` returns, which must call the model's ``generate`` once; its attention is written before this returns.

        Raises:
            cmqa_tasks.attention.probe.attention_probe.ProbeError: the generation cannot be read; see :class:`AttentionProbe`.
        """
        with AttentionProbe(self._model, segments, self._per_token and self._writer is not None, self._bias) as probe:
            tokens = run()
        self._write(probe, items, keep=keep)
        return tokens

    def replay(self, segments: Segments, items: Sequence[LoggedItem], run: Callable[[], torch.Tensor]) -> None:
        """Write the attention of prompts with their answers; ``run`` gives both to the model's ``generate``, for one new token.

        Args:
            segments: of prompts and answers, see :class:`~cmqa_tasks.attention.probe.answer_probe.AnswerProbe`.
            items: what each row of the batch is about.
            run: generates.

        Raises:
            cmqa_tasks.attention.probe.attention_probe.ProbeError: the pass cannot be read.
        """
        with AnswerProbe(self._model, segments, self._per_token, self._bias) as probe:
            run()
        self._write(probe, items, keep=True)

    def _write(self, probe: AttentionProbe, items: Sequence[LoggedItem], *, keep: bool) -> None:
        self.rows = ()
        if self._writer is None:
            return
        rows = [row for number, item in enumerate(items) for row in rows_of(probe.readings(), number, item)]
        if keep:
            self._writer.write(rows)
            self.rows = rows


def _check_same(directory: Path, metadata: LogMetadata) -> None:
    """Make sure that what lies in a directory was measured alike, before anything runs.

    Raises:
        ValueError: it was not; the message says in what it differs.
    """
    for path in sorted(directory.glob("*.parquet"))[:1]:
        there, here = asdict(read_metadata(path)), asdict(metadata)
        if differs := [key for key in here if key != "versions" and here[key] != there[key]]:
            listed = ", ".join(f"{key} {there[key]!r} instead of {here[key]!r}" for key in differs)
            raise ValueError(f"{directory} holds attention with {listed}; choose another attention_path or delete it")


def metadata_of(model: Any, pretrained: str, revision: str, bias: Mapping[str, float]) -> LogMetadata:
    """What the numbers of a model are measured on."""
    return LogMetadata(
        model=pretrained,
        revision=revision,
        dtype=str(model.dtype).removeprefix("torch."),
        attention=str(model.config.get_text_config()._attn_implementation),
        bias=bias_text(bias),
        versions={name: importlib.metadata.version(name) for name in ("cmqa-tasks", "transformers", "torch")},
    )


def directory_name(pretrained: str) -> str:
    """A directory name for a checkpoint."""
    return re.sub(r"[^\w.-]+", "__", pretrained.strip("/"))


def rows_of(readings: Readings, row: int, item: LoggedItem) -> Iterator[AttentionRow]:
    """The rows of one item of a batch: one per aggregate that has any query rows."""
    for aggregate in AGGREGATES:
        statistics = readings.aggregates[aggregate]
        if int(statistics.rows[row]) == 0:
            continue
        whole = aggregate == "last_prompt" and readings.tokens is not None
        tokens = int(readings.tokens.rows[row]) if whole and readings.tokens is not None else 0
        yield AttentionRow(
            task=item.task,
            item_id=item.item_id,
            doc_id=item.doc_id,
            fact_id=item.fact_id,
            arm=item.arm,
            relation=item.relation,
            first=item.first,
            aggregate=aggregate,
            names=readings.names,
            counts=tuple(readings.counts[row].tolist()),
            layers=readings.layers,
            heads=readings.heads,
            tokens=tokens,
            token_log_mass=_token_log_mass(readings, row, tokens),
            **_columns(statistics, row),
        )


def _columns(statistics: Statistics, row: int) -> dict[str, npt.NDArray[np.float16]]:
    """The numbers of one item, as the store wants them."""
    log_mass = _seen(statistics.log_mass[row])
    a, b = (statistics.names.index(name) for name in ("evidence_a", "evidence_b"))
    return {
        "log_density_ratio": _half(statistics.log_density_ratio[row]),
        "matched_log_density_ratio": _half(statistics.matched_log_density_ratio[row]),
        "logit_gap": _half(statistics.logit_gap[row]),
        "log_norm_ratio": _half(statistics.log_norm_ratio[row]),
        "log_mass_a": _half(log_mass[..., a]),
        "log_mass_b": _half(log_mass[..., b]),
        "null_mean": _half(statistics.null_mean[row]),
        "null_sd": _half(statistics.null_sd[row]),
        "log_mass_by_segment": _half(_over_heads(log_mass)),
    }


def _token_log_mass(readings: Readings, row: int, tokens: int) -> npt.NDArray[np.float16]:
    if readings.tokens is None or not tokens:
        return np.empty(0, np.float16)
    return _half(_seen(readings.tokens.log_mass[row, :, :, :tokens]).permute(2, 0, 1, 3))


def _seen(log_mass: torch.Tensor) -> torch.Tensor:
    """NaN for segments that are not seen at all, whose mass is 0."""
    return log_mass.masked_fill(log_mass.isinf(), torch.nan)


def _over_heads(log_mass: torch.Tensor) -> torch.Tensor:
    """Means over the heads that each layer has, [L × S], from [L × H × S]: a layer may lack the last of them."""
    lacking = log_mass.isnan().all(2)
    return log_mass.mean(1) if bool((lacking.any(1) == lacking.all(1)).all()) else log_mass.nanmean(1)


def _half(values: torch.Tensor) -> npt.NDArray[np.float16]:
    return values.to(torch.float16).numpy()
