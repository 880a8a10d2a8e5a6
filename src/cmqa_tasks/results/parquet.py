"""Logged attention from Parquet, for samples that lack it, as where a response cache answered for the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cmqa_tasks.attention import store
from cmqa_tasks.attention.pools import finite_mean

_AGGREGATE = "last_prompt"
"""The query rows of the numbers in samples files."""


def fill(table: pa.Table, task: str, directory: Path) -> pa.Table:
    """An item table whose column ``attention`` comes from the Parquet files below a directory, where the table has none of its
    own.

    Raises:
        cmqa_tasks.attention.store.StoreError: a file is damaged.
    """
    if pc.count(table.column("attention")).as_py():
        return table
    found = by_item(task, directory)
    if not found:
        return table
    values = pa.array([found.get(item) for item in table.column("item_id").to_pylist()], pa.float64())
    return table.set_column(table.schema.get_field_index("attention"), "attention", values)


def by_item(task: str, directory: Path) -> dict[str, float]:
    """Mean D over layers and heads of each item of a task, from the logs below a directory; items without one are left out.

    Raises:
        cmqa_tasks.attention.store.StoreError: a file is damaged.
    """
    found: dict[str, float] = {}
    for folder in store.locate(directory):
        for path in sorted(folder.glob("*.parquet")):
            for batch in store.batches(path, ["task", "item_id", "aggregate", "log_density_ratio"]):
                found |= _means(batch, task)
    return found


def _means(batch: pa.RecordBatch, task: str) -> dict[str, float]:
    kept = batch.filter(pc.and_(pc.equal(batch.column("task"), task), pc.equal(batch.column("aggregate"), _AGGREGATE)))
    ratios = kept.column("log_density_ratio")
    means = [float(finite_mean(one.values.to_numpy(zero_copy_only=False).astype(np.float32))) for one in ratios]
    return {item: mean for item, mean in zip(kept.column("item_id").to_pylist(), means, strict=True) if np.isfinite(mean)}
