"""What a run used, how it arranged it and what it left out: the counts of ``mix.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmqa_tasks.training.plan import Plan
from cmqa_tasks.training.spool import Spool


def summary(arranged: Plan, spool: Spool, shared: int) -> dict[str, Any]:
    """The counts of the manifest.

    Args:
        arranged: the plan.
        spool: what was read.
        shared: tokens that the template puts before the first turn of a conversation without system message.
    """
    instances, starts, sizes = arranged.instances, arranged.starts[:-1], arranged.sizes()
    group, counted = spool.index["group"][instances], bool((spool.index["tokens"] >= 0).all())
    mixed = np.minimum.reduceat(group, starts) != np.maximum.reduceat(group, starts)
    lengths = spool.lengths(shared).of(instances, np.repeat(np.arange(len(sizes)), sizes)) if counted else None
    return {
        "instances": _by_name(spool.index["group"], spool.groups),
        "uses": _by_name(group, spool.groups),
        "left_out": {spool.groups[number]: count for number, count in arranged.left_out.items()},
        "examples": len(sizes),
        "examples_of_several_groups": int(mixed.sum()),
        "examples_by_instances": {str(size): int(count) for size, count in enumerate(np.bincount(sizes)) if count},
        "tokens": None if lengths is None else {"all": int(lengths.sum()), "longest": int(lengths.max())},
        "skipped": len(spool.skipped),
        "skipped_by_problem": dict(Counter(map(_kind, spool.skipped)).most_common()),
    }


def _by_name(members: NDArray[np.integer], groups: Sequence[str]) -> dict[str, int]:
    return dict(zip(groups, np.bincount(members, minlength=len(groups)).tolist(), strict=True))


def _kind(row: Mapping[str, Any]) -> str:
    """A skipped row's field without its numbers."""
    return ".".join("*" if part.isdigit() else part for part in row["field"].split("."))
