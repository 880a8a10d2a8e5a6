"""Statistics against their definitions, scipy and simulation; and types as clusters: sums, what clusters cost, intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from cmqa_tasks.facts.release import load
from cmqa_tasks.scoring.statistics import bootstrap, flips, paired, ranking
from cmqa_tasks.scoring.statistics.bootstrap import interval, resampled
from cmqa_tasks.scoring.statistics.clusters import by_cluster, clusters_of
from cmqa_tasks.worlds.build.power import detectable, power

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (6, 0), (14, 3), (3, 14), (40, 52), (500, 430)])
def test_mcnemar(gained: int, lost: int) -> None:
    assert paired.mcnemar(gained, lost) == pytest.approx(statsmodels_mcnemar([[9, lost], [gained, 9]], exact=True).pvalue)
    if gained + lost:
        assert paired.mcnemar(gained, lost) == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


def test_holm() -> None:
    values = [0.01, 0.04, 0.03, 0.005, 0.9, 0.01]
    assert paired.holm(values) == pytest.approx(list(multipletests(values, method="holm")[1]))
    with_nothing = paired.holm([0.01, math.nan, 0.04])
    assert with_nothing[0] == 0.02
    assert math.isnan(with_nothing[1])
    assert paired.holm([]) == []


@pytest.mark.parametrize(("facts", "discordance"), [(100, 0.2), (320, 0.1), (320, 0.4), (2000, 0.05)])
def test_a_detectable_difference_is_detected_in_four_of_five_cases(facts: int, discordance: float) -> None:
    difference = paired.detectable(facts, discordance)
    changed = max(discordance, difference)
    moved = RANDOM.binomial(facts, changed, 20_000)
    gained = RANDOM.binomial(moved, (1 + difference / changed) / 2)
    p = np.minimum(1, 2 * stats.binom.cdf(np.minimum(gained, moved - gained), moved, 0.5))
    # The formula is that of the test without correction; the exact one is somewhat more careful.
    assert (p < 0.05).mean() == pytest.approx(0.78, abs=0.04)


def test_detectable_at_the_edges() -> None:
    assert math.isnan(paired.detectable(0, 0.1))
    assert paired.detectable(4, 0.0) > 1, "four items are never enough: 2 × 0.5⁴ > 0.05"
    assert paired.detectable(320, 0.0) >= 6 / 320, "the exact test needs six"
    assert paired.detectable(1000, 0.1) < paired.detectable(320, 0.1) < paired.detectable(320, 0.3)


def test_weights_are_draws_with_replacement() -> None:
    chunks = list(bootstrap.weights(3_000, 4_000, seed=1))
    assert len(chunks) > 1
    weights = np.concatenate(chunks)
    assert weights.shape == (4_000, 3_000)
    assert (weights.sum(axis=1) == 3_000).all()
    assert np.bincount(weights.ravel().astype(int))[:4] / weights.size == pytest.approx(stats.poisson.pmf(range(4), 1), abs=1e-3)
    assert (np.concatenate(list(bootstrap.weights(3_000, 4_000, seed=1))) == weights).all()


def test_the_bootstrap_is_scipys() -> None:
    """The same percentiles of a mean and of a paired difference of ratios, up to the noise of 20,000 resamples."""
    first, second = RANDOM.random((2, 150)) < [[0.7], [0.4]]
    draws = bootstrap.resampled(np.stack([first, second], axis=1), 20_000, seed=2) / 150
    tail = bootstrap.tail_of(150)
    theirs = stats.bootstrap(
        (first.astype(float), second.astype(float)),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        paired=True, vectorized=True, n_resamples=20_000, method="percentile", confidence_level=1 - 2 * tail, rng=3,
    ).confidence_interval  # fmt: skip
    assert bootstrap.interval(draws[:, 0] - draws[:, 1], 150) == pytest.approx((theirs.low, theirs.high), abs=0.008)


def test_few_facts_have_wider_tails() -> None:
    assert bootstrap.tail_of(10**6) == pytest.approx(0.025, rel=1e-3)
    assert bootstrap.tail_of(10) < bootstrap.tail_of(100) < 0.025
    # For a mean of normal values, the widened percentiles are Student's interval.
    values = RANDOM.standard_normal(12)
    low, high = bootstrap.interval(bootstrap.resampled(values[:, None], 50_000)[:, 0] / 12, 12)
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    assert high - low == pytest.approx(theirs.high - theirs.low, rel=0.06)


def test_sums_of_whole_numbers_are_exact() -> None:
    sums = RANDOM.integers(0, 50, (700, 3))
    drawn = bootstrap.resampled(sums, 50, seed=4)
    weights = np.concatenate(list(bootstrap.weights(700, 50, seed=4))).astype(np.int64)
    assert (drawn == weights @ sums).all()


def test_resamples_without_items_are_left_out() -> None:
    draws = np.array([[0.5, np.nan], [0.5, np.nan], [np.nan, np.nan]])
    low, high = bootstrap.interval(draws, 50)
    assert (low[0], high[0]) == (0.5, 0.5)
    assert np.isnan([low[1], high[1]]).all()


def test_an_interval_without_width_shows_what_was_not_seen() -> None:
    low, high = bootstrap.widened(np.array([0.0, 1.0, 0.2]), np.array([0.0, 1.0, 0.4]), 320, (0.0, 1.0))
    known = proportion_confint(0, 320, method="beta")[1]
    assert (low[0], high[0]) == pytest.approx((0.0, known))
    assert (low[1], high[1]) == pytest.approx((1 - known, 1.0))
    assert (low[2], high[2]) == (0.2, 0.4)


@pytest.mark.parametrize("rates", [(0.9, 0.1), (0.5, 0.5)])
def test_intervals_contain_the_truth_as_often_as_they_say(rates: tuple[float, float]) -> None:
    """A small version of benchmarks/intervals.py."""
    hits, draws = 0, 500
    for seed in range(draws):
        ease = RANDOM.random(200)
        marks = np.stack([ease < rates[0], RANDOM.random(200) < rates[1]], axis=1)  # not independent of each other over facts
        spread = bootstrap.resampled(marks, 1_000, seed) / 200
        low, high = bootstrap.interval(spread[:, 0] - spread[:, 1], 200)
        hits += low <= rates[0] - rates[1] <= high
    assert hits / draws == pytest.approx(0.95, abs=0.025)


def test_sign_flips_are_scipys_permutation_test() -> None:
    values = RANDOM.normal(-0.1, 1, 60)
    drawn = flips.flipped(values[:, None], 20_000, seed=1)
    theirs = stats.permutation_test(
        (values, np.zeros(60)), lambda x, y, axis: (x - y).sum(axis=axis), permutation_type="samples",
        n_resamples=20_000, alternative="less", vectorized=True, rng=2,
    )  # fmt: skip
    assert flips.loss_p(values.sum(), drawn[:, 0]) == pytest.approx(theirs.pvalue, abs=0.012)


def test_the_largest_of_several_is_adjusted_for() -> None:
    values = RANDOM.normal(0, 1, (80, 6))
    values[:, 0] -= 0.8
    values[:, 5] = 0
    drawn = flips.flipped(values, 5_000, seed=1)
    scale = np.sqrt((values**2).sum(axis=0))
    p = flips.largest_p(values.sum(axis=0), drawn, scale)
    alone = [flips.largest_p(values.sum(axis=0)[[k]], drawn[:, [k]], scale[[k]])[0] for k in range(6)]
    assert p[0] < 0.001
    assert p[5] == 1
    assert (p[1:5] >= alone[1:5]).all()
    bonferroni = np.minimum(1, 5 * np.array(alone[1:5]))
    assert (p[1:5] <= bonferroni + 0.03).all()


def test_ranks_and_letters() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.2])
    differ = np.zeros((4, 4), bool)
    for first, second in ((0, 2), (0, 3), (1, 3), (2, 3)):
        differ[first, second] = differ[second, first] = True
    assert ranking.ranks(scores, differ) == [1, 1, 2, 4]
    assert ranking.letters(scores, differ) == ["a", "ab", "b", "c"]


def test_two_models_share_a_letter_if_and_only_if_they_tie() -> None:
    for _ in range(50):
        size = int(RANDOM.integers(1, 12))
        upper = np.triu(RANDOM.random((size, size)) < 0.5, 1)
        differ = upper | upper.T
        letters = ranking.letters(RANDOM.random(size), differ)
        for first in range(size):
            for second in range(size):
                assert bool(set(letters[first]) & set(letters[second])) != (differ[first, second] and first != second)


def test_many_groups_have_letters_enough() -> None:
    scores, everyone = np.linspace(1, 0, 30), ~np.eye(30, dtype=bool)
    letters = ranking.letters(scores, everyone)
    assert (letters[0], letters[25], letters[26], letters[29]) == ("a", "z", "a1", "d1")


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
