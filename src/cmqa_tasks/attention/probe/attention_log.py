"""Logs attention while ``cmqa_hf`` answers: segments, probe and store put together, batch by batch."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from cmqa_tasks.asking.question import Question
from cmqa_tasks.attention.bias import bias_text
from cmqa_tasks.attention.live import BOARD
from cmqa_tasks.attention.names import AGGREGATES
from cmqa_tasks.attention.probe.probe import AttentionProbe
from cmqa_tasks.attention.probe.readings import Readings, Statistics
from cmqa_tasks.attention.probe.segments import Segments, Span, generic_spans
from cmqa_tasks.attention.store import Metadata, Row, ShardWriter, read_metadata
from cmqa_tasks.attention.summary import item_summary

MODES = ("off", "on", "per_token")
Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about, for the log."""

    task: str
    doc_id: int
    item_id: str
    fact_id: str = ""
    arm: str = ""
    relation: str = ""
    first: Literal["a", "b", ""] = ""
    """Which segment stands first: ``a``, ``b``, or nothing where there are not two."""


def subject_of(task: str, doc_id: int, question: Question | None) -> Subject:
    """What a request is about; of tasks that are not ours (None), only task and document are known."""
    if question is None:
        return Subject(task, doc_id, f"{task}/{doc_id}")
    names, item = _names(question), question.item
    first: Literal["a", "b", ""] = "" if len(names) == 1 else "a" if names[0] == "evidence_a" else "b"
    return Subject(task, doc_id, item.id, item.fact_id, item.arm, item.relation, first)


def spans_of(question: Question | None, messages: Messages) -> list[Span]:
    """The segments of a prompt: evidence and question of our tasks; images, texts and last text of any other (None)."""
    return generic_spans(list(messages)) if question is None else list(_our_spans(question))


def _our_spans(question: Question) -> Iterator[Span]:
    names = _names(question)
    for number, part in enumerate(question.prompt):
        if part.evidence is not None:
            yield Span(message=0, part=number, name=names[part.evidence])
        elif part.text is not None and (at := part.text.find(question.text)) >= 0:
            yield Span(message=0, part=number, name="question", start=at, end=at + len(question.text))


def _names(question: Question) -> list[str]:
    """The segment of each piece: A is the image, else the English one, else the first; B is the other."""
    kinds = [(piece.modality != "image", piece.language != "en") for piece in question.pieces]
    leads = len(kinds) == 1 or kinds[0] <= kinds[1]
    return (["evidence_a", "evidence_b"] if leads else ["evidence_b", "evidence_a"])[: len(kinds)]


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

    def __init__(self, model: Any, mode: str, directory: Path, rank: int, metadata: Metadata, bias: Mapping[str, float]) -> None:
        self._model, self._per_token, self._bias = model, mode == "per_token", dict(bias)
        self._writer: ShardWriter | None = None
        if mode != "off":
            _check_same(directory, metadata)
            self._writer = ShardWriter(directory, rank, metadata)
            BOARD.start()

    def generate(self, segments: Segments, subjects: Sequence[Subject], run: Callable[[], torch.Tensor]) -> torch.Tensor:
        """What ``run`` returns, which must call the model's ``generate`` once; its attention is written before this returns.

        Args:
            segments: of the batch.
            subjects: what each row of the batch is about.
            run: generates.

        Raises:
            cmqa_tasks.attention.probe.probe.ProbeError: the generation cannot be read; see :class:`AttentionProbe`.
        """
        with AttentionProbe(self._model, segments, self._per_token and self._writer is not None, self._bias) as probe:
            tokens = run()
        if self._writer is not None:
            rows = [row for place, subject in enumerate(subjects) for row in rows_of(probe.readings(), place, subject)]
            self._writer.write(rows)
            for row in rows:
                if row.aggregate == "last_prompt":
                    BOARD.put(row.task, row.item_id, item_summary(row))
        return tokens


def _check_same(directory: Path, metadata: Metadata) -> None:
    """Make sure that what lies in a directory was measured alike, before anything runs.

    Raises:
        ValueError: it was not; the message says in what it differs.
    """
    for path in sorted(directory.glob("*.parquet"))[:1]:
        there, here = asdict(read_metadata(path)), asdict(metadata)
        if differs := [key for key in here if key != "versions" and here[key] != there[key]]:
            listed = ", ".join(f"{key} {there[key]!r} instead of {here[key]!r}" for key in differs)
            raise ValueError(f"{directory} holds attention with {listed}; choose another attention_path or delete it")


def metadata_of(model: Any, pretrained: str, revision: str, bias: Mapping[str, float]) -> Metadata:
    """What the numbers of a model are measured on."""
    return Metadata(
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


def rows_of(readings: Readings, place: int, subject: Subject) -> Iterator[Row]:
    """The rows of one item of a batch: one per aggregate that has any query rows.

    Args:
        readings: of the batch.
        place: which of its items.
        subject: what the item is about.
    """
    for aggregate in AGGREGATES:
        statistics = readings.aggregates[aggregate]
        if int(statistics.rows[place]) == 0:
            continue
        whole = aggregate == "last_prompt" and readings.tokens is not None
        tokens = int(readings.tokens.rows[place]) if whole and readings.tokens is not None else 0
        yield Row(
            task=subject.task,
            item_id=subject.item_id,
            doc_id=subject.doc_id,
            fact_id=subject.fact_id,
            arm=subject.arm,
            relation=subject.relation,
            first=subject.first,
            aggregate=aggregate,
            names=readings.names,
            counts=tuple(readings.counts[place].tolist()),
            layers=readings.layers,
            heads=readings.heads,
            tokens=tokens,
            token_log_mass=_token_log_mass(readings, place, tokens),
            **_columns(statistics, place),
        )


def _columns(statistics: Statistics, place: int) -> dict[str, npt.NDArray[np.float16]]:
    """The numbers of one item, as the store wants them."""
    log_mass = _seen(statistics.log_mass[place])
    a, b = (statistics.names.index(name) for name in ("evidence_a", "evidence_b"))
    return {
        "log_density_ratio": _half(statistics.log_density_ratio[place]),
        "matched_log_density_ratio": _half(statistics.matched_log_density_ratio[place]),
        "logit_gap": _half(statistics.logit_gap[place]),
        "log_norm_ratio": _half(statistics.log_norm_ratio[place]),
        "log_mass_a": _half(log_mass[..., a]),
        "log_mass_b": _half(log_mass[..., b]),
        "null_mean": _half(statistics.null_mean[place]),
        "null_sd": _half(statistics.null_sd[place]),
        "log_mass_by_segment": _half(log_mass.mean(1)),
    }


def _token_log_mass(readings: Readings, place: int, tokens: int) -> npt.NDArray[np.float16]:
    if readings.tokens is None or not tokens:
        return np.empty(0, np.float16)
    return _half(_seen(readings.tokens.log_mass[place, :, :, :tokens]).permute(2, 0, 1, 3))


def _seen(log_mass: torch.Tensor) -> torch.Tensor:
    """NaN for segments that are not seen at all, whose mass is 0."""
    return log_mass.masked_fill(log_mass.isinf(), torch.nan)


def _half(values: torch.Tensor) -> npt.NDArray[np.float16]:
    return values.to(torch.float16).numpy()
