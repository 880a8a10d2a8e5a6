"""Whether intervals hold what they promise, and how often the gate is wrong: simulations with known truth.

    PYTHONPATH=src python benchmarks/intervals.py [draws]

Types: how often a 95 % interval of a difference between two arms contains that of new types of fact, where facts are resampled
and where types are, and the smallest difference that is told from zero in four of five cases.

Coverage: how often the 95 % interval of the gap contains the true gap. A fact has an ease of its own (a normal variable),
shared by its items in all arms, so items of a fact are correlated. Gate: two runs of one model that answers some items by
chance, and runs that lose some points.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from cmqa_tasks.facts.records import OUTCOMES
from cmqa_tasks.reports.board.contrasts import CONTRASTS
from cmqa_tasks.reports.board.estimates import estimates
from cmqa_tasks.reports.gate import verdict as gate
from cmqa_tasks.reports.gate.settings import GateSettings
from cmqa_tasks.reports.gate.snapshot import Key, RecordedItem, Snapshot
from cmqa_tasks.results import Setting
from cmqa_tasks.results.tally import RELATIONS, Tally
from cmqa_tasks.scoring.statistics.bootstrap import interval, resampled
from cmqa_tasks.scoring.statistics.clusters import by_cluster
from cmqa_tasks.worlds.build.power import detectable

CMQA = CONTRASTS[0]
RESAMPLES = 1_000
REGIMES: Mapping[str, tuple[float, float, float, float]] = {
    "like the paper's": (0.9, 0.03, 0.02, 0.02),
    "middling": (0.6, 0.45, 0.1, 0.2),
    "no gap": (0.5, 0.5, 0.15, 0.15),
    "nearly perfect": (0.99, 0.97, 0.01, 0.01),
    "at chance": (0.33, 0.33, 0.33, 0.33),
}
"""Recognition of unimodal and of cross-modal pairs, false alarms likewise."""
SHARED = 0.5
"""Correlation of the items of a fact, before they are cut into right and wrong."""


def drawn(random: np.random.Generator, facts: int, regime: tuple[float, float, float, float]) -> Tally:
    """The tally of a model on new facts."""
    ease = random.standard_normal((facts, 1))
    counts = {}
    for arm in CMQA.arms:
        unimodal = arm in CMQA.same
        rates = np.array([regime[0 if unimodal else 1], regime[2 if unimodal else 3]])
        latent = np.sqrt(SHARED) * ease + np.sqrt(1 - SHARED) * random.standard_normal((facts, 2))
        called = latent < norm.ppf(rates)
        table = np.zeros((facts, len(RELATIONS), len(OUTCOMES)), np.int64)
        for relation in (0, 1):
            table[:, relation, OUTCOMES.index("conflict")] = called[:, relation]
            table[:, relation, OUTCOMES.index("other")] = ~called[:, relation]
        counts[arm] = table
    pieces = {arm: CMQA.pieces(arm) for arm in CMQA.arms}
    return Tally([str(number) for number in range(facts)], pieces, counts, {}, {}, {})


def coverage(draws: int) -> None:
    """Print how often intervals contain the truth."""
    random = np.random.default_rng(20261125)
    print("facts  regime             gap: coverage, mean width   balanced across: coverage")
    for facts in (40, 80, 320, 1_000):
        for name, regime in REGIMES.items():
            truth = (regime[0] + 1 - regime[2]) / 2, (regime[1] + 1 - regime[3]) / 2
            hits, across, width = 0, 0, 0.0
            for _ in range(draws):
                (found,) = estimates([drawn(random, facts, regime)], CMQA, RESAMPLES, int(random.integers(1 << 31)))
                gap, balanced = found.values["gap"], found.values["across_balanced"]
                hits += gap.low - 1e-9 <= truth[0] - truth[1] <= gap.high + 1e-9
                across += balanced.low - 1e-9 <= truth[1] <= balanced.high + 1e-9
                width += gap.high - gap.low
            print(f"{facts:>5}  {name:<17}  {hits / draws:.3f}, {width / draws:.3f}   {across / draws:.3f}", flush=True)


def run(random: np.random.Generator, right: Mapping[str, np.ndarray], lost: float) -> Snapshot:
    """A run of a model that gets each item right with a probability of its own, minus what it has lost."""
    setting = Setting("made", "0", "2.0", "aware", "en", "generation")
    tasks = {}
    for arm, chances in right.items():
        good = (random.random(chances.shape) < chances) & (random.random(chances.shape) >= lost)
        records = {}
        for fact, pair in enumerate(good.tolist()):
            records[f"{fact}c"] = RecordedItem(str(fact), "conflict", "conflict" if pair[0] else "first", None, "")
            records[f"{fact}a"] = RecordedItem(str(fact), "agree", "correct" if pair[1] else "conflict", None, "")
        tasks[Key(arm, setting)] = records
    return Snapshot("made", {}, "2026-11-25", tasks)


def alarms(draws: int) -> None:
    """Print how often the gate says what, of alike models and of worse ones."""
    settings = GateSettings(resamples=RESAMPLES, mode="paired")
    random = np.random.default_rng(20261126)
    print("\nfacts  by chance  lost   regressed  cannot tell  improved  unchanged")
    for facts in (50, 100, 320):
        for wobbly in (0.02, 0.1, 0.3):
            for points in (0.0, 0.05, 0.1):
                said = dict.fromkeys(("regressed", "cannot tell", "improved", "unchanged"), 0)
                for _ in range(draws):
                    right = {
                        arm: np.where(random.random((facts, 2)) < wobbly, 0.5, random.random((facts, 2)) < 0.8)
                        for arm in CMQA.arms
                    }
                    mean = np.mean([chances.mean() for chances in right.values()])
                    before, after = run(random, right, 0.0), run(random, right, points / mean)
                    said[gate.compare(before, after, "paired", settings).status] += 1
                shares = "  ".join(f"{said[status] / draws:>9.3f}" for status in said)
                print(f"{facts:>5}  {wobbly:>9.0%}  {100 * points:>3.0f}  {shares}", flush=True)


SPREADS = ((0.0, 0.0), (1.0, 0.3), (1.0, 0.6), (1.0, 1.0), (1.5, 1.0), (2.0, 2.0))
"""Standard deviations of logits between types, and between types within an arm."""


def types(draws: int) -> None:
    """Print how often intervals of a gap of recognition contain that of new types: facts resampled, and types."""
    random = np.random.default_rng(20261201)
    print("\ntypes  facts  sd type  sd type×arm  over facts  over types  standard error  detectable")
    for kinds, each in ((20, 16), (64, 5)):
        labels = [str(kind) for kind in range(kinds) for _ in range(each)]
        for between, within in SPREADS:
            truth = float(np.diff(_rates(random, 200_000, 1, between, within).mean(axis=(0, 2)))[0])
            held, gaps = np.zeros(2), []
            for draw in range(draws):
                right = random.random((kinds, 2, each)) < _rates(random, kinds, each, between, within)
                marks = right.transpose(0, 2, 1).reshape(kinds * each, 2)
                sums = np.column_stack([marks, np.ones(len(marks))]).astype(np.float64)
                for place, rows in enumerate((sums, by_cluster(sums, labels))):
                    totals = resampled(rows, RESAMPLES, draw)
                    low, high = interval((totals[:, 1] - totals[:, 0]) / totals[:, 2], len(rows))
                    held[place] += low <= truth <= high
                gaps.append(marks[:, 1].mean() - marks[:, 0].mean())
            error = float(np.std(gaps))
            shares = "  ".join(f"{share:>10.3f}" for share in held / draws)
            least = detectable(error, kinds)
            print(f"{kinds:>5}  {each:>5}  {between:>7}  {within:>11}  {shares}  {error:>14.3f}  {least:>10.3f}", flush=True)


def _rates(random: np.random.Generator, kinds: int, each: int, between: float, within: float) -> npt.NDArray[np.float64]:
    """Recognition of each fact in two arms, [types × arms × facts]: the arms' logits are 1 and 0, a fact adds one of its own."""
    logits = np.array([1.0, 0.0])[None, :, None] + between * random.standard_normal((kinds, 1, 1))
    logits = logits + within * random.standard_normal((kinds, 2, 1)) + random.standard_normal((kinds, 1, each))
    return 1.0 / (1.0 + np.exp(-logits))


def main() -> None:
    """All three."""
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    begin = time.perf_counter()
    types(draws)
    coverage(draws)
    alarms(draws)
    print(f"\n{draws} draws each, {RESAMPLES} resamples; {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
