"""Types of fact as clusters: intervals that speak of types like these, not of these types alone.

Facts of one type share phrasings and a layout, so a model finds some types harder than others, and some harder in one arm than
in another. An interval that resamples facts says how a number would move with new facts of the same types. One that resamples
types, with all of their facts, says how it would move with new types; it is wider, and it is the one for claims about modalities.

    types = clusters_of(facts)                                     # one label a fact: "news/turnout"
    totals = resampled(by_cluster(sums, types))                    # [resamples × quantities]
    low, high = interval(estimate(totals), len(set(types)))

Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008), Bootstrap-based improvements for inference with clustered errors.
``benchmarks/intervals.py`` simulates how often such intervals contain the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from cmqa_tasks.facts.records import Fact

Array = npt.NDArray[np.float64]


def clusters_of(facts: Iterable[Fact]) -> list[str]:
    """The cluster of each fact: its world and type."""
    return [f"{fact.world}/{fact.type}" for fact in facts]


def by_cluster(sums: npt.NDArray[np.generic], clusters: Sequence[str]) -> Array:
    """Sums of per-fact sums, [clusters × quantities], in the order in which the clusters first come.

    Args:
        sums: [facts × quantities].
        clusters: the cluster of each fact.

    Raises:
        ValueError: there is not one cluster for each fact.
    """
    if len(clusters) != len(sums):
        raise ValueError(f"{len(clusters)} clusters for {len(sums)} facts; there must be one for each")
    places = {name: number for number, name in enumerate(dict.fromkeys(clusters))}
    totals = np.zeros((len(places), *sums.shape[1:]))
    np.add.at(totals, [places[name] for name in clusters], sums)
    return totals
