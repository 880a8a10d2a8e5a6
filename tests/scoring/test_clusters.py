"""Types as clusters: sums, what clusters cost, and intervals that contain the truth about new types."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cmqa_tasks.facts.release import load
from cmqa_tasks.scoring.statistics.bootstrap import interval, resampled
from cmqa_tasks.scoring.statistics.clusters import by_cluster, clusters_of
from cmqa_tasks.worlds.build.power import detectable, power


def test_facts_are_clustered_by_world_and_type() -> None:
    facts = load().facts.values()
    clusters = clusters_of(facts)
    assert clusters == [f"{fact.world}/{fact.type}" for fact in facts]
    assert len(set(clusters)) >= 20


def test_sums_are_added_within_clusters_in_the_order_of_the_clusters() -> None:
    sums = np.array([[1, 10], [2, 20], [4, 40], [8, 80]])
    assert by_cluster(sums, ["b", "a", "b", "a"]).tolist() == [[5, 50], [10, 100]]
    with pytest.raises(ValueError, match="3 clusters for 4 facts"):
        by_cluster(sums, ["a", "b", "c"])


def test_a_detectable_difference_is_found_with_its_power() -> None:
    """Against simulation: differences of cluster means, with that standard error."""
    random, clusters, error = np.random.default_rng(1), 20, 0.05
    gap = detectable(error, clusters)
    means = random.normal(gap, error * math.sqrt(clusters), size=(20_000, clusters))
    spread = means.std(axis=1, ddof=1) / math.sqrt(clusters)
    detected = means.mean(axis=1) / spread > 2.093  # Student's t at 19 degrees of freedom
    assert detected.mean() == pytest.approx(0.8, abs=0.015)
    with pytest.raises(ValueError, match="at least two clusters, not 1"):
        detectable(error, 1)


def test_more_types_show_smaller_gaps_than_more_facts_of_the_same() -> None:
    few, many = power({str(kind): 16 for kind in range(20)}, draws=300), power({str(kind): 5 for kind in range(64)}, draws=300)
    assert few.recognition.types > 1.3 * few.recognition.facts
    assert many.recognition.types < 0.7 * few.recognition.types
    assert many.recognition.facts == pytest.approx(few.recognition.facts, rel=0.2)
    assert many.balanced.types < many.recognition.types
    assert math.isnan(power({"one": 16}, draws=50).balanced.types)


def test_intervals_over_types_contain_the_truth_where_intervals_over_facts_do_not() -> None:
    """Types differ in how often the answer is right, between .2 and .8."""
    random, types, facts, draws = np.random.default_rng(2), 40, 8, 200
    labels = [str(number) for number in range(types) for _ in range(facts)]
    held = {"facts": 0, "types": 0}
    for draw in range(draws):
        right = random.random(types * facts) < np.repeat(random.uniform(0.2, 0.8, types), facts)
        sums = np.stack([right, np.ones(types * facts)], axis=1).astype(np.float64)
        for name, rows in (("facts", sums), ("types", by_cluster(sums, labels))):
            totals = resampled(rows, resamples=500, seed=draw)
            low, high = interval(totals[:, 0] / totals[:, 1], len(rows))
            held[name] += bool(low <= 0.5 <= high)
    assert held["types"] / draws > 0.91
    assert held["facts"] / draws < 0.88
