"""The miniature's attention, as lmms-eval logged it: which piece of evidence the last prompt token reads.

A is the picture, else English, else the first piece; B is the other one. Only contradicting items count. Masses are summed
over heads (and layers) before anything is divided: heads count by how much of the evidence they read, and the many that read
none of it do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from cmqa_tasks.attention.rows import AttentionRow
from cmqa_tasks.reports.demo.miniature import by_arm, mass_ratio, masses
from cmqa_tasks.scoring.statistics.bootstrap import Array

CONTEXTS: Mapping[str, tuple[str, ...]] = {
    "two pictures": ("image_image",),
    "two English notes": ("text_text",),
    "picture and English": ("image_text", "text_image"),
    "picture and Chinese": ("image_zhtext", "zhtext_image"),
    "English and Chinese": ("en_zh", "zh_en"),
}
"""Contexts, by the arms that make them."""


def mass_ratios(directory: Path) -> list[float]:
    """Nats: ln of the mass on A over the mass on B in each of :data:`CONTEXTS`, over all layers and heads."""
    return [float(value) for value in _by_context(directory, mass_ratio)[:, 0]]


def imbalances(directory: Path) -> list[float]:
    """Nats: mean |D| over layers and heads in each of :data:`CONTEXTS`; D is per token (docs/attention.md)."""
    return [float(value) for value in _by_context(directory, _imbalance)[:, 0]]


def masses_by_layer(directory: Path) -> Array:
    """[contexts × layers × 2]: the mass on A and on B, mean over heads."""
    return _by_context(directory, lambda row: np.stack([np.nansum(mass, 1) / mass.shape[1] for mass in masses(row)], -1))


def _imbalance(row: AttentionRow) -> Array:
    return np.array([np.nanmean(np.abs(row.grid("log_density_ratio").astype(np.float64)))])


def _by_context(directory: Path, figure: Callable[[AttentionRow], Array]) -> Array:
    """Stacked over :data:`CONTEXTS`; both orders of the evidence weigh the same."""
    figures = by_arm(directory, figure)
    return np.stack([np.mean([figures[arm] for arm in arms], axis=0) for arms in CONTEXTS.values()])
