"""Attention of single items, segment by segment, for the sample browser."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmqa_tasks.attention import store
from cmqa_tasks.attention.pools import finite_mean
from cmqa_tasks.reports.page.maps import rounded

AGGREGATE = "last_prompt"
"""The query rows: the last token of the prompt, from which the answer begins."""
_COLUMNS = ["task", "item_id", "aggregate", "names", "counts", "layers", "log_mass_by_segment", "log_density_ratio", "first"]


@dataclass(frozen=True, slots=True)
class SegmentShares:
    """Where an item's attention goes."""

    log_density_ratio: float | None
    """Mean over layers and heads; None where nothing was measured."""
    first: str
    """The segment that stands first, ``a`` or ``b``."""
    segments: list[tuple[str, int, float]]
    """Name, tokens, and relative share of attention in percent: the log keeps means over heads of log mass, whose exponentials
    are scaled to add up to 1 in each layer, then averaged over layers.
    """


def read(path: Path, tasks: Collection[str], wanted: Collection[str]) -> dict[str, SegmentShares]:
    """What the page shows of these items of these tasks, by item.

    Raises:
        StoreError: the log is damaged.
    """
    shares: dict[str, SegmentShares] = {}
    names, ids = (pa.array(sorted(some), pa.string()) for some in (tasks, wanted))
    for batch in store.batches(path, _COLUMNS):
        kept = pc.and_(pc.is_in(batch.column("task"), names), pc.is_in(batch.column("item_id"), ids))
        rows = batch.filter(pc.and_(kept, pc.equal(batch.column("aggregate"), AGGREGATE)))
        for number in range(rows.num_rows):
            shares[rows.column("item_id")[number].as_py()] = _item(rows, number)
    return shares


def _item(rows: pa.RecordBatch, number: int) -> SegmentShares:
    names, counts, layers, first = (rows.column(name)[number].as_py() for name in ("names", "counts", "layers", "first"))
    masses = _floats(rows, "log_mass_by_segment", number).reshape(len(layers), len(names))
    segments = [
        (name, count, round(100 * float(share), 1))
        for name, count, share in zip(names, counts, _shares(masses), strict=True)
        if count
    ]
    return SegmentShares(rounded(float(finite_mean(_floats(rows, "log_density_ratio", number)))), first, segments)


def _floats(rows: pa.RecordBatch, name: str, number: int) -> Any:
    return rows.column(name)[number].values.to_numpy(zero_copy_only=False).astype(np.float32)


def _shares(log_masses: Any) -> Any:
    """Relative shares of segments, [segments], from log masses [layers × segments]; what is not finite has none."""
    masses = np.where(np.isfinite(log_masses), np.exp(log_masses), 0.0)
    sums = masses.sum(axis=1, keepdims=True)
    return np.divide(masses, sums, out=np.zeros_like(masses), where=sums > 0).mean(axis=0)
