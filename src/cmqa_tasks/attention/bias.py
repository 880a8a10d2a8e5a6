"""The model argument ``attention_bias``: how it is written on a command line and in a log."""

from __future__ import annotations

import math
from collections.abc import Mapping

_SEGMENTS = {
    "evidence_a": "evidence_a",
    "evidence_b": "evidence_b",
    "question": "question",
    "sink": "sink",
    "other": "other",
    "image": "evidence_a",
    "english": "evidence_a",
    "first": "evidence_a",
    "text": "evidence_b",
    "chinese": "evidence_b",
    "second": "evidence_b",
}


def bias_of(text: str | None) -> dict[str, float]:
    """The biases that ``attention_bias=evidence_a:+1.0`` names, several joined by ``;``.

    ``image``, ``english`` and ``first`` stand for ``evidence_a``; ``text``, ``chinese`` and ``second`` for ``evidence_b``.

    Raises:
        ValueError: an unknown segment, one that is named twice, or no finite number.
    """
    biases: dict[str, float] = {}
    for part in (text or "").split(";"):
        if not part.strip():
            continue
        name, _, amount = part.partition(":")
        segment = _SEGMENTS.get(name.strip())
        if segment is None:
            raise ValueError(f"attention_bias={text!r}: no segment {name.strip()!r}; choose one of {', '.join(_SEGMENTS)}")
        if segment in biases:
            raise ValueError(f"attention_bias={text!r}: {name.strip()!r} is {segment}, which has a bias already; give it one")
        biases[segment] = _nats(amount)
        if not math.isfinite(biases[segment]):
            raise ValueError(f"attention_bias={text!r}: {amount!r} is no finite number; write {name.strip()}:+1.0")
    return biases


def _nats(amount: str) -> float:
    try:
        return float(amount)
    except ValueError:
        return math.nan


def bias_text(bias: Mapping[str, float]) -> str:
    """Biases as a log names them (:attr:`cmqa_tasks.attention.rows.LogMetadata.bias`): ``evidence_a:+1``; empty for none."""
    return ";".join(f"{name}:{amount:+g}" for name, amount in sorted(bias.items()))
