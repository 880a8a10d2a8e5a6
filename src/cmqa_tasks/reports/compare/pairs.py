"""Two models on the same items: what differs, whether that can be chance, and which items flipped.

Everything is paired by item: items that only one of the two has are left out, and counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc
from scipy.stats import norm

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.board.names import shortened
from cmqa_tasks.reports.board.own_arms import contrasts_of
from cmqa_tasks.results import ResultsError, Run, Setting
from cmqa_tasks.results.tally import Tally, count, facts_of
from cmqa_tasks.results.texts import exchanges
from cmqa_tasks.scoring.metrics import FALSE_ALARM, RECOGNITION, balanced
from cmqa_tasks.scoring.outcomes import is_right
from cmqa_tasks.scoring.statistics.bootstrap import RESAMPLES, Array, interval, resampled, widened
from cmqa_tasks.scoring.statistics.paired import detectable, holm, mcnemar

POWER = 0.8
_RATES = (RECOGNITION, FALSE_ALARM)


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate of both models on one arm: how often a contradiction was called on items of one relation."""

    a: float
    b: float
    difference: Estimate
    """b − a."""
    gained: int
    """Facts that b calls contradictory more often; items of one fact are not independent."""
    lost: int
    """Facts that a calls contradictory more often."""
    p: float
    """McNemar's exact p, over facts."""
    adjusted: float
    """The same, adjusted for all arms of the setting (Holm)."""
    detectable: float
    """The smallest difference that would be found in four of five cases, at this share of facts that differ."""


@dataclass(frozen=True, slots=True)
class ArmPair:
    """Both models on one arm under one setting."""

    setting: Setting
    arm: str
    items: int
    """That both have."""
    unpaired: int
    """That one of them has."""
    recognition: Rate
    false_alarm: Rate
    balanced: Estimate
    """b − a."""


@dataclass(frozen=True, slots=True)
class ContrastPair:
    """Both models on a contrast under one setting, b − a."""

    setting: Setting
    contrast: Contrast
    across: Estimate
    same: Estimate | None
    gap: Estimate | None
    detectable: float
    """Of ``across``."""


@dataclass(frozen=True, slots=True)
class Flip:
    """An item that one of the two calls contradictory and the other does not."""

    setting: Setting
    arm: str
    item: str
    relation: str
    better: bool
    """Whether b is the one that is right."""
    outcome_a: str
    outcome_b: str
    prompt: str
    response_a: str
    response_b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All of it."""

    a: str
    b: str
    arms: tuple[ArmPair, ...]
    contrasts: tuple[ContrastPair, ...]
    flips: tuple[Flip, ...]
    marks: tuple[str, ...]
    """What a reader must know of either run."""

    @property
    def labels(self) -> tuple[str, str]:
        """What the two are called in tables and sentences: their names without what they share; two runs of one name by order."""
        return _labels(self.a, self.b)


def _labels(a: str, b: str) -> tuple[str, str]:
    _, short = shortened([a, b])
    return (short[a], short[b]) if a != b else ("first run", "second run")


def compare(a: Sequence[Run], b: Sequence[Run], resamples: int = RESAMPLES, seed: int = 0) -> Comparison:
    """Compare two models, each given by its runs.

    Raises:
        ResultsError: several models on one side, or nothing that both were asked.
    """
    names = [_one_name(runs) for runs in (a, b)]
    pairs = [(run_a, run_b) for run_a in a for run_b in b if run_a.setting == run_b.setting]
    arms: list[ArmPair] = []
    contrasts: list[ContrastPair] = []
    flips: list[Flip] = []
    for run_a, run_b in pairs:
        shared = _shared(run_a, run_b)
        if not shared:
            continue
        left, right = _paired(run_a, run_b, shared)
        facts = facts_of([left], shared)
        tallies = count(left, facts), count(right, facts)
        rates = _Rates(tallies, shared, resamples, seed)
        unpaired = {arm: _items(run_a, arm) + _items(run_b, arm) - 2 * _items(left, arm) for arm in shared}
        arms += _arms(run_a.setting, rates, unpaired)
        contrasts += list(_contrasts(run_a.setting, rates, contrasts_of([run_a, run_b])))
        flips += [flip for arm in shared for flip in _flips(left, right, arm)]
    if not arms:
        settings = (" | ".join(sorted({run.setting.title for run in runs})) for runs in (a, b))
        raise ResultsError(f"no arm with two pieces under one setting in both: {' against '.join(settings)}")
    labelled = zip(_labels(*names), (a, b), strict=True)
    marks = dict.fromkeys(f"{name}: {mark}" for name, runs in labelled for run in runs for mark in run.marks(list(run.parts)))
    return Comparison(names[0], names[1], tuple(arms), tuple(contrasts), tuple(flips), tuple(marks))


def _shared(first: Run, second: Run) -> list[str]:
    """The arms with two pieces that both have, shipped ones first."""
    both = [arm for arm, part in first.parts.items() if arm in second.parts and not part.single]
    order = {arm: position for position, arm in enumerate(ARMS)}
    return sorted(both, key=lambda arm: (order.get(arm, len(order)), arm))


def _one_name(runs: Sequence[Run]) -> str:
    names = sorted({run.title for run in runs})
    if len(names) != 1:
        raise ResultsError(f"{len(names)} models ({', '.join(names)}) on one side: give a directory of one")
    return names[0]


def _items(run: Run, arm: str) -> int:
    return int(run.parts[arm].items.num_rows)


def _paired(run_a: Run, run_b: Run, arms: Sequence[str]) -> tuple[Run, Run]:
    """Both runs with the items that both have."""

    def kept(run: Run, model: Run) -> Run:
        parts = {}
        for arm in arms:
            items = run.parts[arm].items
            common = pc.is_in(items.column("item_id"), value_set=model.parts[arm].items.column("item_id").combine_chunks())
            parts[arm] = replace(run.parts[arm], items=items.filter(common))
        return replace(run, parts=parts)

    return kept(run_a, run_b), kept(run_b, run_a)


class _Rates:
    """Rates of both models on some arms, exactly and in every resample; [2 models × arms × 2 relations]."""

    def __init__(self, tallies: tuple[Tally, Tally], arms: Sequence[str], resamples: int, seed: int) -> None:
        self.tallies, self.arms = tallies, list(arms)
        self._asked = [tallies[0].counts[arm].any(axis=(1, 2)) for arm in arms]
        calls = [tally.marks(arm, rate) for tally in tallies for arm in arms for rate in _RATES]
        sums = np.stack([column for pair in calls for column in pair], axis=1)
        self.exact = self._shaped(sums.sum(axis=0, dtype=np.float64)[None])[0]
        self.drawn = self._shaped(resampled(sums, resamples, seed))

    def _shaped(self, totals: Array) -> Array:
        shaped = totals.reshape(len(totals), 2, len(self.arms), 2, 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            rates: Array = shaped[..., 0] / shaped[..., 1]
        return rates

    def balanced(self, rates: Array) -> Array:
        """[… × 2 models × arms]."""
        return balanced(rates[..., 0], rates[..., 1])

    def facts(self, places: Sequence[int]) -> int:
        """How many facts any of these arms was asked about: fewer than there are where arms have limits of their own."""
        return int(np.any([self._asked[index] for index in places], axis=0).sum())

    def estimate(self, exact: float, drawn: Array, facts: int, reach: tuple[float, float] = (-1.0, 1.0)) -> Estimate:
        """A difference with its interval, from so many facts."""
        low, high = widened(*interval(drawn, facts), facts, reach)
        return Estimate(float(exact), float(low), float(high))


def _arms(setting: Setting, rates: _Rates, unpaired: Mapping[str, int]) -> list[ArmPair]:
    recognition, false_alarm = (_relation(rates, number) for number in range(len(_RATES)))
    exact, drawn = rates.balanced(rates.exact), rates.balanced(rates.drawn)
    return [
        ArmPair(
            setting,
            arm,
            rates.tallies[0].items([arm]),
            unpaired[arm],
            recognition[index],
            false_alarm[index],
            rates.estimate(exact[1, index] - exact[0, index], drawn[:, 1, index] - drawn[:, 0, index], rates.facts([index])),
        )
        for index, arm in enumerate(rates.arms)
    ]


def _relation(rates: _Rates, number: int) -> list[Rate]:
    """The rates of every arm over items of one relation."""
    compared = []
    for index, arm in enumerate(rates.arms):
        (before, counted), (after, _) = (tally.marks(arm, _RATES[number]) for tally in rates.tallies)
        gained, lost, facts = int((after > before).sum()), int((after < before).sum()), int((counted > 0).sum())
        a, b = rates.exact[0, index, number], rates.exact[1, index, number]
        drawn = rates.drawn[:, 1, index, number] - rates.drawn[:, 0, index, number]
        difference = rates.estimate(b - a, drawn, rates.facts([index]))
        smallest = detectable(facts, (gained + lost) / facts if facts else 0.0, POWER)
        p = mcnemar(gained, lost) if facts else math.nan
        compared.append(Rate(float(a), float(b), difference, gained, lost, p, math.nan, smallest))
    adjusted = holm([rate.p for rate in compared])
    return [replace(rate, adjusted=value) for rate, value in zip(compared, adjusted, strict=True)]


def _contrasts(setting: Setting, rates: _Rates, known: Sequence[Contrast]) -> Iterator[ContrastPair]:
    exact, drawn = rates.balanced(rates.exact), rates.balanced(rates.drawn)
    for contrast in known:
        if not set(contrast.across) <= set(rates.arms):
            continue
        across = [rates.arms.index(arm) for arm in contrast.across]
        values, spread = (_change(balances, across) for balances in (exact, drawn))
        same = gap = None
        if contrast.same and set(contrast.same) <= set(rates.arms):
            places = [rates.arms.index(arm) for arm in contrast.same]
            own, own_spread = (_change(balances, places) for balances in (exact, drawn))
            same = rates.estimate(float(own), own_spread, rates.facts(places))
            fewest = min(rates.facts(places), rates.facts(across))
            gap = rates.estimate(float(own - values), own_spread - spread, fewest, (-2.0, 2.0))
        needed = float(norm.ppf(0.975) + norm.ppf(POWER)) * float(np.nanstd(spread)) or math.nan
        yield ContrastPair(setting, contrast, rates.estimate(float(values), spread, rates.facts(across)), same, gap, needed)


def _change(balanced: Array, places: Sequence[int]) -> Array:
    """Mean over arms of b − a, from [… × 2 models × arms]."""
    change: Array = (balanced[..., 1, :] - balanced[..., 0, :])[..., places].mean(axis=-1)
    return change


def _flips(left: Run, right: Run, arm: str) -> Iterator[Flip]:
    items_a, items_b = (run.parts[arm].items.select(["item_id", "relation", "outcome"]).to_pydict() for run in (left, right))
    after = dict(zip(items_b["item_id"], items_b["outcome"], strict=True))
    flipped = {
        item: (relation, before, after[item])
        for item, relation, before in zip(items_a["item_id"], items_a["relation"], items_a["outcome"], strict=True)
        if (before == "conflict") != (after[item] == "conflict")
    }
    if not flipped:
        return
    said_a, said_b = (exchanges(run.parts[arm], flipped) for run in (left, right))
    for item, (relation, a, b) in sorted(flipped.items()):
        texts = said_a[item].prompt, said_a[item].response, said_b[item].response
        yield Flip(left.setting, arm, item, relation, is_right(relation, b), a, b, *texts)
