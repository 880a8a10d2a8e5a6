"""Rows of logged attention, as tests need them."""

from __future__ import annotations

from typing import Any

import numpy as np

from cmqa_tasks.attention.rows import AttentionRow, LogMetadata

NAMES = ("evidence_a", "evidence_b", "question", "sink", "other", "generated")
ABOUT = LogMetadata(model="tiny", revision="main", dtype="float32", attention="sdpa_probe", versions={"torch": "2.9"})


def row(item: str = "i", density: Any = 0.0, layers: int = 2, heads: int = 3, **changes: Any) -> AttentionRow:
    """A row whose D is ``density`` broadcast to [layers × heads], and everything else 0."""
    grid = np.broadcast_to(np.asarray(density, float), (layers, heads))
    zeros = np.zeros((layers, heads))
    values: dict[str, Any] = {
        "task": "cmqa_image_text",
        "doc_id": 0,
        "aggregate": "last_prompt",
        "names": NAMES,
        "counts": (30, 10, 5, 1, 7, 2),
        "layers": tuple(range(layers)),
        "heads": heads,
        "log_density_ratio": grid,
        "matched_log_density_ratio": zeros,
        "logit_gap": zeros,
        "log_norm_ratio": zeros,
        "log_mass_a": zeros,
        "log_mass_b": zeros,
        "null_mean": np.zeros(layers),
        "null_sd": np.zeros(layers),
        "log_mass_by_segment": np.zeros((layers, len(NAMES))),
        "fact_id": f"fact of {item}",
        "arm": "image_text",
        "relation": "conflict",
        "first": "a",
    }
    return AttentionRow(item_id=item, **values | changes)


def ordered(item: str, arm: str, first: str, density: Any, fact: str = "", **changes: Any) -> AttentionRow:
    return row(item, density, arm=arm, first=first, task=f"cmqa_{arm}", fact_id=fact or item, **changes)
