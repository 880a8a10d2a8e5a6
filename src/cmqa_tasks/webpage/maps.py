"""Maps of D by layer and head, per arm, of every model that logged attention."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cmqa_tasks.attention.pools import Pool, pools
from cmqa_tasks.results import Entry
from cmqa_tasks.webpage import pack
from cmqa_tasks.webpage.ablation import protocol

DIGITS = 3
_KINDS = {
    "text": "English text",
    "image": "English image",
    "zhtext": "Chinese text",
    "zhimage": "Chinese image",
    "en": "English",
    "zh": "Chinese",
}


def make(entries: Sequence[Entry], logs: Mapping[int, Path]) -> list[dict[str, Any]]:
    """For each entry, its panels; none where it logged nothing. A panel is a pool of :mod:`cmqa_tasks.attention.pools`: an arm of
    two like pieces, or both orders of two unlike ones.

    Raises:
        StoreError: a log is damaged.
    """
    made = []
    for place, entry in enumerate(entries):
        tasks = {part.stamp.task for part in entry.parts.values()}
        found = pools(logs[place], arms=tasks) if place in logs else {}
        panels = [_panel(pool) for _, pool in sorted(found.items(), key=lambda pair: _order(pair[0]))]
        made.append({"model": pack.name(entry.name), "protocol": protocol(entry), "panels": panels})
    return made


def _panel(pool: Pool) -> dict[str, Any]:
    return {
        "label": _label(pool.name),
        "who": _who(pool),
        "layers": list(pool.layers),
        "heads": pool.heads,
        "values": [[number(value) for value in row] for row in pool.map()],
    }


def number(value: float) -> float | None:
    """A value as the page keeps it; None where nothing was measured."""
    return round(float(value), DIGITS) + 0.0 if math.isfinite(value) else None


def _parts(name: str) -> list[str]:
    return name.partition("__")[0].split("_")


def _alike(name: str) -> bool:
    return len(set(_parts(name))) == 1


def _order(name: str) -> tuple[bool, bool, str]:
    """Modalities before languages, and pieces of one kind before those of two."""
    return set(_parts(name)) <= {"en", "zh"}, not _alike(name), name


def _label(name: str) -> str:
    kinds = _parts(name)
    known = len(kinds) == 2 and all(kind in _KINDS for kind in kinds)
    return " / ".join(_KINDS[kind] for kind in kinds) if known else pack.name(name)


def _who(pool: Pool) -> str:
    """How many items, and what a positive value means here."""
    if _alike(pool.name):
        meaning = "> 0: the first piece"
    else:
        kind = _KINDS.get(_parts(pool.name)[0], "A")
        orders = {("a", "b"): "both orders", ("a",): "it stands first", ("b",): "it stands second"}.get(pool.orders, "")
        meaning = f"> 0: {kind}" + (f", {orders}" if orders else "")
    return f"n = {pool.items:,}, {meaning}"
