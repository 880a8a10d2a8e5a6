"""Logged attention from Parquet, for samples that lack it, as where a response cache answered for the model; whose a log is.

A model's own logs are those below the directory that its results were read from, and no other's. The one rule for every reader:
numbers in tables, maps and the page's items come from the same logs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmqa_tasks.attention import store
from cmqa_tasks.attention.bias import bias_of, bias_text
from cmqa_tasks.attention.pools import finite_mean
from cmqa_tasks.attention.rows import KEY
from cmqa_tasks.results.stamp import UNKNOWN, ModelStamp, TaskStamp

_AGGREGATE = "last_prompt"
"""The query rows of the numbers in samples files."""
_REVISION = "main"
"""The model's own default."""


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
        logs: directories of logs (:func:`own`); of an item's rows the one written last counts,
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


def own(subject: ModelStamp, directories: Collection[Path], samples: Collection[Path]) -> list[Path]:
    """The directories of a model's own logs, sorted; of several, those that are nearest to its samples.

    Raises:
        cmqa_tasks.attention.store.StoreError: a log is damaged.
    """
    located = {folder for directory in directories for folder in store.locate(directory)}
    folders = sorted(folder for folder in located if is_of(files(folder)[0], subject))
    near = {folder: max(len(Path(os.path.commonpath([folder, path])).parts) for path in samples) for folder in folders}
    return [folder for folder in folders if near[folder] == max(near.values())]


def files(folder: Path) -> list[Path]:
    """The files of a log: shards, or the merged one, or both."""
    return sorted(folder.glob("*.parquet"))


def is_of(path: Path, subject: ModelStamp) -> bool:
    """Whether a log's file is of a model: checkpoint and attention bias are the same, and revision and dtype as far as both say.

    Raises:
        cmqa_tasks.attention.store.StoreError: the file is damaged.
    """
    arguments = dict(part.partition("=")[::2] for part in subject.arguments.split(","))
    about = store.read_metadata(path)
    return (
        about.model == arguments.get("pretrained")
        and about.bias == _bias(arguments.get("attention_bias"))
        and about.revision in ("", arguments.get("revision", _REVISION))
        and (not about.dtype or subject.dtype in (UNKNOWN, about.dtype))
    )


def _bias(text: str | None) -> str | None:
    """A bias as a log names it; None for what is none, as another model's argument of this name may be."""
    try:
        return bias_text(bias_of(text))
    except ValueError:
        return None
