"""One row of attention statistics, what its numbers were measured on, and both as an Arrow table.

Numbers are 16-bit floats: 11 significant bits, so that a value of 10 nats is off by 0.004 at most. Masses are kept as logarithms,
because a 16-bit float has no place for the small ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cmqa_tasks.attention.names import AGGREGATES, Aggregate

Half = npt.NDArray[np.float16]
FORMAT = 1
"""Raised when the columns change their meaning."""
KEY = b"cmqa_attention"
"""Where the metadata stands in a file's schema."""


class StoreError(ValueError):
    """A file of attention statistics is missing, damaged or no such file, or a row does not fit; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMetadata:
    """What a shard's numbers were measured on; kept in the file's schema."""

    model: str
    revision: str = ""
    dtype: str = ""
    attention: str = ""
    """The model's own attention implementation, beside which the probe reads, such as ``sdpa``."""
    bias: str = ""
    """The attention bias of the run as it was asked for; empty for none."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Package → version. The one field in which shards of a directory may differ; merged, it lists each version."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AttentionRow:
    """The statistics of one item under one aggregate of query rows, in nats; NaN where a segment is empty or invisible.

    Arrays may be given in any shape and any float type with the right number of values in C order; they are kept flat, as 16-bit
    floats. L layers, H heads, S segments, T tokens.

    Raises:
        StoreError: an array does not have the size that layers, heads, names and tokens call for, or ``aggregate`` is unknown.
    """

    task: str
    item_id: str
    doc_id: int
    aggregate: Aggregate
    names: tuple[str, ...]
    """Segments, in the order of everything that is listed by segment."""
    counts: tuple[int, ...]
    """Tokens per segment."""
    layers: tuple[int, ...]
    """Absolute indices of the recorded layers."""
    heads: int
    log_density_ratio: Half
    """D, [L × H]."""
    matched_log_density_ratio: Half
    """D on equally many tokens of both segments, [L × H]."""
    logit_gap: Half
    """M, [L × H]."""
    log_norm_ratio: Half
    """[L × H]."""
    log_mass_a: Half
    """[L × H]."""
    log_mass_b: Half
    """[L × H]."""
    null_mean: Half
    """Mean of D under shuffled labels, [L]."""
    null_sd: Half
    """Its standard deviation, [L]."""
    log_mass_by_segment: Half
    """Mean over heads, [L × S]."""
    fact_id: str = ""
    arm: str = ""
    relation: str = ""
    first: Literal["a", "b", ""] = ""
    """Which of the two evidence segments stands first in the prompt."""
    tokens: int = 0
    """Rows of ``token_log_mass``: 0 unless every token was asked for."""
    token_log_mass: Half = field(default_factory=lambda: np.empty(0, np.float16))
    """[T × L × H × S]."""

    def __post_init__(self) -> None:
        if self.aggregate not in AGGREGATES:
            raise StoreError(f"item {self.item_id!r}: aggregate={self.aggregate!r}; choose one of {', '.join(AGGREGATES)}")
        if len(self.counts) != len(self.names):
            raise StoreError(f"item {self.item_id!r}: {len(self.counts)} counts for {len(self.names)} segments")
        depth, segments = len(self.layers), len(self.names)
        sizes = dict.fromkeys(LAYER_HEAD, depth * self.heads) | dict.fromkeys(LAYER, depth)
        sizes |= {"log_mass_by_segment": depth * segments, "token_log_mass": self.tokens * depth * self.heads * segments}
        for name, size in sizes.items():
            with np.errstate(over="ignore"):  # what is beyond 65,504 becomes infinite
                values = np.asarray(getattr(self, name)).astype(np.float16).reshape(-1)
            if values.size != size:
                raise StoreError(f"item {self.item_id!r}: {name} has {values.size} values instead of {size}")
            object.__setattr__(self, name, values)

    def grid(self, name: str) -> npt.NDArray[np.float32]:
        """One of the [L × H] quantities in this shape."""
        values: Half = getattr(self, name)
        return values.astype(np.float32).reshape(len(self.layers), self.heads)


LAYER_HEAD = ("log_density_ratio", "matched_log_density_ratio", "logit_gap", "log_norm_ratio", "log_mass_a", "log_mass_b")
"""Columns of one value per layer and head."""
LAYER = ("null_mean", "null_sd")
"""Columns of one value per layer."""
FLOATS = (*LAYER_HEAD, *LAYER, "log_mass_by_segment", "token_log_mass")
STRINGS = ("task", "item_id", "fact_id", "arm", "relation", "aggregate", "first")
_INTEGERS = {"doc_id": pa.int64(), "heads": pa.int32(), "tokens": pa.int32()}
LISTS = {"names": pa.string(), "counts": pa.int32(), "layers": pa.int32()}


def schema(metadata: Mapping[str, Any]) -> pa.Schema:
    """The columns, in the order of the fields of :class:`AttentionRow`, with what the file says about itself."""
    kinds = {name: pa.string() for name in STRINGS} | _INTEGERS
    kinds |= {name: pa.list_(kind) for name, kind in LISTS.items()} | {name: pa.list_(pa.float16()) for name in FLOATS}
    return pa.schema(
        [(column.name, kinds[column.name]) for column in fields(AttentionRow)], {KEY: json.dumps(metadata, sort_keys=True)}
    )


def about_in(path: Path, columns: pa.Schema) -> dict[str, Any]:
    """What a file says of itself, which has the columns that this calls for.

    Raises:
        StoreError: it says nothing, or something else; another format; a column is missing, or of another type.
    """
    try:
        about: dict[str, Any] = json.loads((columns.metadata or {})[KEY])
    except KeyError:
        raise StoreError(f"{path} holds no attention statistics: its schema does not say what they are of") from None
    except ValueError as error:
        raise StoreError(f"{path}: its schema says no JSON of what it holds: {error}") from None
    _check_says(path, about, ["format"])
    if about["format"] != FORMAT:
        raise StoreError(f"{path} has format {about['format']}; this version reads and writes format {FORMAT}")
    _check_says(path, about, [column.name for column in fields(LogMetadata)])
    for wanted in schema(about):
        index = columns.get_field_index(wanted.name)
        if index < 0 or columns.field(index).type != wanted.type:
            actual = "missing" if index < 0 else columns.field(index).type
            raise StoreError(f"{path}: column {wanted.name} is {actual}, and must be {wanted.type}")
    return about


def _check_says(path: Path, about: Any, names: Sequence[str]) -> None:
    lacks = [name for name in names if not isinstance(about, dict) or name not in about]
    if lacks:
        raise StoreError(f"{path}: its schema says {about!r} of what it holds, without {', '.join(lacks)}")


def table(rows: Sequence[AttentionRow], metadata: Mapping[str, Any]) -> pa.Table:
    """Rows as a table of this schema."""
    columns = schema(metadata)
    return pa.table([_column(rows, column.name, column.type) for column in columns], schema=columns)


def _column(rows: Sequence[AttentionRow], name: str, kind: pa.DataType) -> pa.Array:
    values = [getattr(row, name) for row in rows]
    if name not in FLOATS:
        return pa.array([list(value) if name in LISTS else value for value in values], kind)
    ends = np.cumsum([0, *(value.size for value in values)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(np.concatenate(values)))
