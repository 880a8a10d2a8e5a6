"""A model's numbers under one contrast, with intervals, from one paired bootstrap for all models of a board.

estimates([count(run, facts)], CONTRASTS[0])[0].values["across_balanced"]
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.results.tally import Tally
from cmqa_tasks.scoring.metrics import FAILED, FALSE_ALARM, PREFERS_FIRST, RECOGNITION, UNPARSED, Metric, balanced
from cmqa_tasks.scoring.statistics.bootstrap import RESAMPLES, Array, interval, resampled, widened
from cmqa_tasks.scoring.statistics.clusters import by_cluster
from cmqa_tasks.writing.numbers import number, rounded

NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float = NOTHING
    high: float = NOTHING

    def written(self, write: Callable[[float], str] = number) -> str:
        """For people: ``0.850 [0.800, 0.900]``."""
        ends = "" if math.isnan(self.low) else f" [{write(self.low)}, {write(self.high)}]"
        return write(self.value) + ends

    def flat(self, name: str) -> dict[str, float | None]:
        """For machines: ``name``, ``name_low``, ``name_high``."""
        return {name: rounded(self.value), f"{name}_low": rounded(self.low), f"{name}_high": rounded(self.high)}


@dataclass(frozen=True, slots=True)
class Estimates:
    """What one model gets under a contrast."""

    values: Mapping[str, Estimate]
    """By column, such as ``across_balanced``."""
    arms: Mapping[str, Mapping[str, Estimate]]
    """By arm: ``balanced``, ``recognition``, ``false_alarm``, ``recognition_given_readable``, ``log_density_ratio``."""
    draws: Array
    """``across_balanced`` in every resample, for paired differences between models."""
    unmeasured: tuple[str, ...]
    """Arms of which most answers could not be read, or failed: they have no rates."""


_PER_ARM = ("recognition", "false_alarm", "recognition_given_readable", "log_density_ratio")
_REACH = {"gap": (-1.0, 1.0)}


OVER_TYPES = ("same_balanced", "across_balanced", "gap")
"""Numbers that have a second interval, for new types of fact: ``gap_for_new_types``."""


def estimates(
    tallies: Sequence[Tally],
    contrast: Contrast,
    resamples: int = RESAMPLES,
    seed: int = 0,
    types: Sequence[str] = (),
) -> list[Estimates]:
    """The numbers of models that were asked about the same facts: everything between them is paired.

    Args:
        tallies: of these models, over one list of facts.
        contrast: what is compared.
        resamples: of the facts, and of their types.
        seed: of the resamples.
        types: world and type of each fact, for intervals over types (:mod:`cmqa_tasks.scoring.statistics.clusters`); without
            them, or with one type alone, there are none.
    """
    lost = [unmeasured(tally, contrast.arms) for tally in tallies]
    columns = [_columns(tally, contrast, arms) for tally, arms in zip(tallies, lost, strict=True)]
    width = columns[0].shape[1]
    sums = np.concatenate(columns, axis=1)
    totals = sums.sum(axis=0, dtype=np.float64)[None]
    drawn = resampled(sums, resamples, seed)
    kinds = len(set(types))
    over_types = resampled(by_cluster(sums, types), resamples, seed) if kinds > 1 else None
    parts = [slice(number * width, (number + 1) * width) for number in range(len(tallies))]
    return [
        _with_types(
            _estimates(tally, contrast, arms, _rates(totals[:, part], contrast), _rates(drawn[:, part], contrast)),
            None if over_types is None else _rates(over_types[:, part], contrast),
            kinds,
        )
        for tally, arms, part in zip(tallies, lost, parts, strict=True)
    ]


def _with_types(numbers: Estimates, drawn: Mapping[str, Array] | None, kinds: int) -> Estimates:
    """The numbers with intervals over types beside those over facts."""
    values = dict(numbers.values)
    for name in OVER_TYPES:
        value, ends = values[name].value, (NOTHING, NOTHING)
        if drawn is not None and not math.isnan(value):
            low, high = interval(drawn[name], kinds)
            low, high = widened(low, high, kinds, _REACH.get(name, (0.0, 1.0)))
            ends = float(low), float(high)
        values[f"{name}_for_new_types"] = Estimate(value, *ends)
    return replace(numbers, values=values)


def unmeasured(tally: Tally, arms: Sequence[str]) -> tuple[str, ...]:
    """Of these arms those of which most answers could not be read, or failed; all, where that is so of all answers together."""
    lost = {arm: [tally.marks(arm, metric) for metric in (UNPARSED, FAILED)] for arm in arms if arm in tally.counts}
    shares = {arm: sum(sums.sum() for sums, _ in marks) / max(1, marks[0][1].sum()) for arm, marks in lost.items()}
    everything = max(1, sum(int(marks[0][1].sum()) for marks in lost.values()))
    together = sum(float(sums.sum()) for marks in lost.values() for sums, _ in marks) / everything
    return tuple(arm for arm, share in shares.items() if max(share, together) > 0.5)


def _columns(tally: Tally, contrast: Contrast, lost: Sequence[str]) -> npt.NDArray[np.float32]:
    """Sums and numbers of items by fact, [facts × (arms × 4 quantities × 2)]; zeros where an arm is not measured."""
    parts = []
    for arm in contrast.arms:
        conflict, agree = tally.marks(arm, RECOGNITION), tally.marks(arm, FALSE_ALARM)
        readable = tally.readable(arm, *contrast.singles[arm])
        kept = np.zeros(len(tally.facts), np.bool_) if readable is None else readable
        ratio = tally.log_density_ratio.get(arm, (np.zeros(len(kept)), np.zeros(len(kept))))
        rates = np.stack([*conflict, *agree, conflict[0] * kept, conflict[1] * kept], axis=1)
        parts += [rates * (arm not in lost), np.stack(ratio, axis=1)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _rates(totals: Array, contrast: Contrast) -> dict[str, Array]:
    """Rates by name, from totals [resamples × columns]: ``image_text.recognition``, ``across_balanced``, ``gap``."""
    sums = totals.reshape(len(totals), len(contrast.arms), len(_PER_ARM), 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = sums[..., 0] / sums[..., 1]
    rates = {f"{arm}.{name}": shares[:, a, n] for a, arm in enumerate(contrast.arms) for n, name in enumerate(_PER_ARM)}
    for arm in contrast.arms:
        rates[f"{arm}.balanced"] = balanced(rates[f"{arm}.recognition"], rates[f"{arm}.false_alarm"])
    for side, arms in (("same", contrast.same), ("across", contrast.across)):
        for name in ("balanced", *_PER_ARM):
            of_arms = [rates[f"{arm}.{name}"] for arm in arms]
            rates[f"{side}_{name}"] = np.mean(of_arms, axis=0) if of_arms else np.full(len(totals), NOTHING)
    rates["gap"] = rates["same_balanced"] - rates["across_balanced"]
    return rates


def _estimates(
    tally: Tally, contrast: Contrast, lost: tuple[str, ...], exact: Mapping[str, Array], drawn: Mapping[str, Array]
) -> Estimates:
    fact_counts = _asked(tally, contrast)
    behind = np.array([fact_counts[name.partition("." if "." in name else "_")[0]] for name in exact])
    low, high = _intervals(np.stack(list(drawn.values()), axis=1), behind)
    readable = _facts_readable(tally, contrast)
    written = {}
    for index, (name, value) in enumerate(exact.items()):
        ends = low[index], high[index]
        if not name.endswith("log_density_ratio"):
            facts = readable if name.endswith("given_readable") else int(behind[index])
            ends = widened(*ends, facts, _REACH.get(name, (0.0, 1.0)))
        written[name] = Estimate(float(value[0]), float(ends[0]), float(ends[1]))
    values = {name: estimate for name, estimate in written.items() if "." not in name}
    values["preference"] = Estimate(_preference(tally, contrast))
    values["prefers_first"] = Estimate(_mean([tally.rate(arm, PREFERS_FIRST) for arm in contrast.across]))
    values |= {metric.name: Estimate(_over_items(tally, contrast.arms, metric)) for metric in (UNPARSED, FAILED)}
    values["readable"] = Estimate(float(np.mean([_share_readable(tally, contrast, arm) for arm in contrast.across])))
    arms = {
        arm: {name: written[f"{arm}.{name}"] for name in ("balanced", *_PER_ARM)} for arm in contrast.arms if arm in tally.counts
    }
    return Estimates(values, arms, drawn["across_balanced"], lost)


def _asked(tally: Tally, contrast: Contrast) -> dict[str, int]:
    """How many facts were asked about: in each arm, on each side of the contrast, and, for the gap, on the smaller side.

    Fewer than there are where arms have limits of their own.
    """
    facts = {
        arm: tally.counts[arm].any(axis=(1, 2)) if arm in tally.counts else np.zeros(len(tally.facts)) for arm in contrast.arms
    }
    sides = {
        side: int(np.any([facts[arm] for arm in arms], axis=0).sum()) if arms else 0
        for side, arms in (("same", contrast.same), ("across", contrast.across))
    }
    return {arm: int(has_items.sum()) for arm, has_items in facts.items()} | sides | {"gap": min(sides.values())}


def _intervals(drawn: Array, behind: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """The interval of each column of [resamples × columns], from as many facts as stand behind it."""
    low, high = np.empty((2, len(behind)))
    for facts in np.unique(behind):
        low[behind == facts], high[behind == facts] = interval(drawn[:, behind == facts], int(facts))
    return low, high


def _mean(values: Sequence[float]) -> float:
    """The mean of those that are numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a mean of nothing
        return float(np.nanmean(values))


def _preference(tally: Tally, contrast: Contrast) -> float:
    """How often the preferred kind was followed: mean over the arms, so that both orders weigh the same."""
    if not contrast.preference:
        return NOTHING
    first = {arm: tally.rate(arm, PREFERS_FIRST) for arm in contrast.across}
    return _mean([first[arm] if contrast.prefers(contrast.pieces(arm)[0]) else 1.0 - first[arm] for arm in contrast.across])


def _over_items(tally: Tally, arms: Sequence[str], metric: Metric) -> float:
    """A metric over all items of some arms."""
    marks = [tally.marks(arm, metric) for arm in arms]
    items = sum(int(numbers.sum()) for _, numbers in marks)
    return sum(float(sums.sum()) for sums, _ in marks) / items if items else NOTHING


def _facts_readable(tally: Tally, contrast: Contrast) -> int:
    """How many facts can be read in any arm."""
    masks = [mask for arm in contrast.arms if (mask := tally.readable(arm, *contrast.singles[arm])) is not None]
    return int(np.any(masks, axis=0).sum()) if masks else 0


def _share_readable(tally: Tally, contrast: Contrast, arm: str) -> float:
    """The share of the facts that an arm asks about whose pieces were all read correctly alone."""
    readable = tally.readable(arm, *contrast.singles[arm])
    asked = (tally.marks(arm, RECOGNITION)[1] > 0).sum()  # crossed sets ask about a fact several times
    return NOTHING if readable is None else float(readable.sum() / max(1, asked))
