"""Items whose attention is averaged together, gathered from a file in one pass and bounded memory.

The two orders of a cross-modal arm make one *pool*: ``image_text`` and ``text_image`` are the pool ``image_text``, in which A,
the image, stands first or second. Either order weighs the same, however many items it has, so that the effect of the position
cancels. An arm of one kind (``text_text``) is a pool by itself; A is its first piece: its D *is* the effect of the position.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cmqa_tasks.attention import store
from cmqa_tasks.attention.names import Aggregate
from cmqa_tasks.attention.rows import LAYER, LAYER_HEAD, StoreError

Array = npt.NDArray[np.float64]
_ORDERS = ("a", "b", "")
_KNOWN = ("task", "arm", "first", "relation", "aggregate", "fact_id", "item_id")


def finite_mean(values: npt.NDArray[Any], axis: int | None = None) -> Any:
    """Mean of the finite values, in double precision; NaN where there are none."""
    finite = np.isfinite(values)
    return divide(np.where(finite, values, 0.0).sum(axis=axis, dtype=np.float64), finite.sum(axis=axis))


def divide(sums: Any, counts: Any) -> Any:
    """Sums by counts; NaN where nothing was counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts > 0, np.divide(sums, counts), np.nan)


@dataclass(frozen=True, slots=True)
class Pool:
    """Items that are averaged together, or rather what is kept of them."""

    name: str
    """The arm with A first, and the protocol if it is not the default one: ``image_text``, ``en_zh__neutral``; else the task."""
    layers: tuple[int, ...]
    """Absolute indices of the recorded layers."""
    heads: int
    sums: dict[str, Array] = field(default_factory=dict)
    """By order (``a``, ``b``, or nothing): sums over items, [layers × heads]."""
    counts: dict[str, Array] = field(default_factory=dict)
    """How many finite values each sum has."""
    clusters: dict[str, list[str]] = field(default_factory=dict)
    """By order: the fact (else the item) of each item."""
    by_layer: dict[str, list[Array]] = field(default_factory=dict)
    """By order: blocks [items × layers] of means over heads."""
    null: dict[str, list[Array]] = field(default_factory=dict)
    """By order: blocks [items × 2 × layers] of mean and standard deviation under shuffled labels."""

    @property
    def orders(self) -> tuple[str, ...]:
        """Which orders there are: ``a`` where A stands first."""
        return tuple(order for order in _ORDERS if order in self.sums)

    @property
    def items(self) -> int:
        """Number of items."""
        return sum(len(clusters) for clusters in self.clusters.values())

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts, sorted; items stand for themselves where they have none."""
        return tuple(sorted({cluster for clusters in self.clusters.values() for cluster in clusters}))

    def map(self) -> Array:
        """Mean over items by layer and head, [layers × heads]; both orders weigh the same."""
        means: Array = finite_mean(np.stack([divide(self.sums[order], self.counts[order]) for order in self.orders]), axis=0)
        return means

    def per_fact(
        self, facts: Sequence[str], order: str, *, absolute: bool = False, over_layers: bool = False
    ) -> tuple[Array, Array]:
        """Sums and counts over the items of each fact, of one order: of means over heads, [facts × layers] each.

        Args:
            facts: which, and in which order.
            order: ``a``, ``b``, or nothing.
            absolute: of their sizes instead, item by item.
            over_layers: of means over heads and layers; there is one column then.
        """
        row_of = {fact: number for number, fact in enumerate(facts)}
        kept = [(number, row_of[name]) for number, name in enumerate(self.clusters.get(order, ())) if name in row_of]
        sums, counts = np.zeros((2, len(facts), 1 if over_layers else len(self.layers)))
        if kept:
            rows, places = np.array(kept).T
            values = np.concatenate(self.by_layer[order])[rows]
            values = finite_mean(values, axis=1)[:, None] if over_layers else values
            values = np.abs(values) if absolute else values
            np.add.at(sums, places, np.where(np.isfinite(values), values, 0.0))
            np.add.at(counts, places, np.isfinite(values))
        return sums, counts


def pools(
    path: Path,
    quantity: str = "log_density_ratio",
    *,
    arms: Collection[str] | None = None,
    aggregate: Aggregate = "last_prompt",
    relation: str | None = None,
) -> dict[str, Pool]:
    """Gather a quantity by pool, in one pass over a merged file or a shard, a row group at a time.

    Args:
        path: the file.
        quantity: one of :data:`cmqa_tasks.attention.rows.LAYER_HEAD`.
        arms: names of arms, pools or tasks to keep; all by default.
        aggregate: which query rows.
        relation: ``conflict`` or ``agree`` to keep only such items.

    Returns:
        Pools by name, sorted. Items that no layer has a finite value for (single pieces) are left out.

    Raises:
        ValueError: no such quantity.
        StoreError: the file is none of ours, or its rows differ in layers or heads.
    """
    if quantity not in LAYER_HEAD:
        raise ValueError(f"quantity={quantity!r}: choose one of {', '.join(LAYER_HEAD)}")
    gathered: dict[str, Pool] = {}
    for batch in store.batches(path, [*_KNOWN, "layers", "heads", quantity, *LAYER]):
        values_of = {name: batch.column(name).to_pylist() for name in _KNOWN}
        keep = [
            number
            for number in range(batch.num_rows)
            if values_of["aggregate"][number] == aggregate
            and relation in (None, values_of["relation"][number])
            and (arms is None or _named(values_of, number) & set(arms))
        ]
        if keep:
            _add(gathered, path, batch.take(np.array(keep)), quantity)
    return dict(sorted(gathered.items()))


def _named(values_of: Mapping[str, list[str]], number: int) -> set[str]:
    task, arm, first = (values_of[name][number] for name in ("task", "arm", "first"))
    name = pool_name(task, arm, first)
    return {task, arm, name, name.partition("__")[0]} - {""}


def pool_name(task: str, arm: str, first: str) -> str:
    """The pool of an item: its arm as it is called with A first, and the protocol that its task's name ends in."""
    if not arm:
        return task
    kinds = arm.split("_")
    _, mark, protocol = task.partition("__")
    return "_".join(kinds if first != "b" else kinds[::-1]) + mark + protocol


def _add(gathered: dict[str, Pool], path: Path, batch: Any, quantity: str) -> None:
    """Put rows into their pools."""
    layers, heads = tuple(batch.column("layers")[0].as_py()), batch.column("heads")[0].as_py()
    values_of = [batch.column(name).to_pylist() for name in ("task", "arm", "first", "fact_id", "item_id")]
    grids = _grid(path, batch, quantity, (len(layers), heads))
    null = np.stack([_grid(path, batch, name, (len(layers),)) for name in LAYER], axis=1)
    finite = np.isfinite(grids)
    by_layer = divide(np.where(finite, grids, 0.0).sum(axis=2), finite.sum(axis=2))
    members: dict[tuple[str, str], list[int]] = {}
    for number, (task, arm, first, _, _) in enumerate(zip(*values_of, strict=True)):
        if finite[number].any():
            members.setdefault((pool_name(task, arm, first), first), []).append(number)
    for (name, order), rows in members.items():
        pool = gathered.setdefault(name, Pool(name, layers, heads))
        if (pool.layers, pool.heads) != (layers, heads):
            raise StoreError(f"{path}: rows of {name} differ in layers or heads")
        sums, counts = np.where(finite[rows], grids[rows], 0.0).sum(axis=0), finite[rows].sum(axis=0).astype(np.float64)
        pool.sums[order] = pool.sums.get(order, 0.0) + sums
        pool.counts[order] = pool.counts.get(order, 0.0) + counts
        pool.clusters.setdefault(order, []).extend(values_of[3][row] or values_of[4][row] for row in rows)
        pool.by_layer.setdefault(order, []).append(by_layer[rows])
        pool.null.setdefault(order, []).append(null[rows])


def _grid(path: Path, batch: Any, name: str, shape: tuple[int, ...]) -> Array:
    """A column of lists as [rows × shape]."""
    values: Array = batch.column(name).flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    if values.size != batch.num_rows * math.prod(shape):
        raise StoreError(f"{path}: rows differ in layers or heads")
    return values.reshape(batch.num_rows, *shape)
