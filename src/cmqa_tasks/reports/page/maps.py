"""Maps of ``log_density_ratio`` by layer and head, per arm, of every model that logged attention."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cmqa_tasks.attention import labels
from cmqa_tasks.attention.pools import Pool, pools
from cmqa_tasks.reports.page import pack
from cmqa_tasks.reports.page.ablation import protocol
from cmqa_tasks.results import Run

DIGITS = 3


def make(entries: Sequence[Run], logs: Mapping[int, Path]) -> list[dict[str, Any]]:
    """For each entry, its panels; none where it logged nothing. A panel is a pool of :mod:`cmqa_tasks.attention.pools`: an arm of
    two like pieces, or both orders of two unlike ones.

    Raises:
        StoreError: a log is damaged.
    """
    shown = []
    for number, entry in enumerate(entries):
        tasks = {part.stamp.task for part in entry.parts.values()}
        known = pools(logs[number], arms=tasks) if number in logs else {}
        panels = [_panel(pool) for _, pool in sorted(known.items(), key=lambda pair: labels.order(pair[0]))]
        shown.append({"model": pack.name(entry.title), "protocol": protocol(entry), "panels": panels})
    return shown


def _panel(pool: Pool) -> dict[str, Any]:
    return {
        "label": pack.name(labels.label(pool.name)),
        "who": labels.who(pool),
        "layers": list(pool.layers),
        "heads": pool.heads,
        "values": [[rounded(value) for value in row] for row in pool.map()],
    }


def rounded(value: float) -> float | None:
    """A value as the page keeps it; None where nothing was measured."""
    return round(float(value), DIGITS) + 0.0 if math.isfinite(value) else None
