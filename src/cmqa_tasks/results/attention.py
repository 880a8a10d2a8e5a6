"""Logged attention from Parquet, for samples that lack it, as where a response cache answered for the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmqa_tasks.attention import store
from cmqa_tasks.attention.pools import finite_mean
from cmqa_tasks.attention.rows import KEY
from cmqa_tasks.results.attention_logs import files, own
from cmqa_tasks.results.stamp import TaskStamp

_AGGREGATE = "last_prompt"
"""The query rows of the numbers in samples files."""


def fill(table: pa.Table, stamp: TaskStamp, samples: Path, directory: Path) -> pa.Table:
    """An item table whose column ``log_density_ratio`` comes from the model's own logs, where the table has none of its own.

    Raises:
        cmqa_tasks.attention.store.StoreError: a file is damaged.
    """
    if pc.count(table.column("log_density_ratio")).as_py():
        return table
    means = by_item(stamp.task, own(stamp.subject, [directory], [samples]))
    if not means:
        return table
    values = pa.array([means.get(item) for item in table.column("item_id").to_pylist()], pa.float64())
    return table.set_column(table.schema.get_field_index("log_density_ratio"), "log_density_ratio", values)


def by_item(task: str, logs: Sequence[Path]) -> dict[str, float]:
    """Mean D over layers and heads of each item of a task; items without one are left out.

    Args:
        task: its name.
        logs: directories of logs (:func:`cmqa_tasks.results.attention_logs.own`); of an item's rows the one written last counts,
            as when :func:`cmqa_tasks.attention.store.merge` has put them together.

    Raises:
        cmqa_tasks.attention.store.StoreError: a file is damaged.
    """
    means: dict[str, float] = {}
    for path in sorted((path for folder in logs for path in files(folder)), key=_written):
        for batch in store.batches(path, ["task", "item_id", "aggregate", "log_density_ratio"]):
            means |= _means(batch, task)
    return means


def _written(path: Path) -> tuple[int, int, str]:
    """Sorts files by when they were written, shards of one moment by their number. A merged file stands before the shards that
    were written since; it does not say when its rows were.
    """
    store.read_metadata(path)  # says what is wrong with a damaged file
    about = json.loads(pq.read_schema(path).metadata[KEY])
    return about.get("written", 0), len(path.name) if path.name != store.MERGED else 0, path.name


def _means(batch: pa.RecordBatch, task: str) -> dict[str, float]:
    kept = batch.filter(pc.and_(pc.equal(batch.column("task"), task), pc.equal(batch.column("aggregate"), _AGGREGATE)))
    ratios = kept.column("log_density_ratio")
    means = [float(finite_mean(ratio.values.to_numpy(zero_copy_only=False).astype(np.float32))) for ratio in ratios]
    return {item: mean for item, mean in zip(kept.column("item_id").to_pylist(), means, strict=True) if np.isfinite(mean)}
