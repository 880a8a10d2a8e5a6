"""A model's numbers under one contrast, with intervals, from one paired bootstrap for all models of a board."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.results.tally import RELATIONS, Tally
from cmqa_tasks.scoring.metrics import balanced
from cmqa_tasks.scoring.statistics.bootstrap import RESAMPLES, Array, interval, resampled, widened

NOTHING = float("nan")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the ends of its 95 % interval; NaN where there is none."""

    value: float
    low: float = NOTHING
    high: float = NOTHING


@dataclass(frozen=True, slots=True)
class Estimates:
    """What one model gets under a contrast."""

    values: Mapping[str, Estimate]
    """By column, such as ``across_balanced``."""
    arms: Mapping[str, Mapping[str, Estimate]]
    """By arm: ``balanced``, ``recognition``, ``false_alarm``, ``recognition_given_readable``, ``log_density_ratio``."""
    draws: Array
    """``across_balanced`` in every resample, for paired differences between models."""


_PER_ARM = ("recognition", "false_alarm", "recognition_given_readable", "log_density_ratio")
_REACH = {"gap": (-1.0, 1.0)}


def estimates(tallies: Sequence[Tally], contrast: Contrast, resamples: int = RESAMPLES, seed: int = 0) -> list[Estimates]:
    """The numbers of models that were asked about the same facts: everything between them is paired.

    Args:
        tallies: of the models, over one list of facts.
        contrast: which arms.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    columns = [_columns(tally, contrast) for tally in tallies]
    width = columns[0].shape[1]
    sums = np.concatenate(columns, axis=1)
    everything = sums.sum(axis=0, dtype=np.float64)[None]
    drawn = resampled(sums, resamples, seed)
    found = []
    for number, tally in enumerate(tallies):
        part = slice(number * width, (number + 1) * width)
        exact, spread = (_rates(totals[:, part], contrast) for totals in (everything, drawn))
        found.append(_estimates(tally, contrast, exact, spread))
    return found


def _columns(tally: Tally, contrast: Contrast) -> npt.NDArray[np.float32]:
    """Sums and numbers of items by fact, [facts × (arms × 4 quantities × 2)]."""
    parts = []
    for arm in contrast.arms:
        conflict, agree = tally.calls(arm, "conflict"), tally.calls(arm, "agree")
        readable = tally.readable(arm, *contrast.singles[arm])
        kept = np.zeros(len(tally.facts), np.bool_) if readable is None else readable
        ratio = tally.log_density_ratio.get(arm, (np.zeros(len(kept)), np.zeros(len(kept))))
        parts += [*conflict, *agree, conflict[0] * kept, conflict[1] * kept, *ratio]
    return np.stack(parts, axis=1).astype(np.float32)


def _rates(totals: Array, contrast: Contrast) -> dict[str, Array]:
    """Rates by name, from totals [resamples × columns]: ``image_text.recognition``, ``across_balanced``, ``gap``."""
    sums = totals.reshape(len(totals), len(contrast.arms), len(_PER_ARM), 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = sums[..., 0] / sums[..., 1]
    found = {f"{arm}.{name}": shares[:, a, n] for a, arm in enumerate(contrast.arms) for n, name in enumerate(_PER_ARM)}
    for arm in contrast.arms:
        found[f"{arm}.balanced"] = balanced(found[f"{arm}.recognition"], found[f"{arm}.false_alarm"])
    for side, arms in (("same", contrast.same), ("across", contrast.across)):
        for name in ("balanced", *_PER_ARM):
            rates = [found[f"{arm}.{name}"] for arm in arms]
            found[f"{side}_{name}"] = np.mean(rates, axis=0) if rates else np.full(len(totals), NOTHING)
    found["gap"] = found["same_balanced"] - found["across_balanced"]
    return found


def _estimates(tally: Tally, contrast: Contrast, exact: Mapping[str, Array], drawn: Mapping[str, Array]) -> Estimates:
    asked = _asked(tally, contrast)
    behind = np.array([asked[name.partition("." if "." in name else "_")[0]] for name in exact])
    low, high = _intervals(np.stack(list(drawn.values()), axis=1), behind)
    readable = _facts_readable(tally, contrast)
    made = {}
    for place, (name, value) in enumerate(exact.items()):
        ends = low[place], high[place]
        if not name.endswith("log_density_ratio"):
            facts = readable if name.endswith("given_readable") else int(behind[place])
            ends = widened(*ends, facts, _REACH.get(name, (0.0, 1.0)))
        made[name] = Estimate(float(value[0]), float(ends[0]), float(ends[1]))
    values = {name: one for name, one in made.items() if "." not in name}
    values["preference"] = Estimate(_preference(tally, contrast))
    values["prefers_first"] = Estimate(_mean([_followed(tally, arm, True) for arm in contrast.across]))
    values["unparsed"] = Estimate(_unparsed(tally, contrast.arms))
    values["readable"] = Estimate(_readable(tally, contrast))
    arms = {
        arm: {name: made[f"{arm}.{name}"] for name in ("balanced", *_PER_ARM)} for arm in contrast.arms if arm in tally.counts
    }
    return Estimates(values, arms, drawn["across_balanced"])


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
    return {arm: int(one.sum()) for arm, one in facts.items()} | sides | {"gap": min(sides.values())}


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


def _followed(tally: Tally, arm: str, first: bool) -> float:
    """Among conflict items where one piece was followed: how often it was the first (the second)."""
    wanted, _ = tally.of(arm, "conflict", "first" if first else "second")
    either, _ = tally.of(arm, "conflict", "first", "second")
    return wanted.sum() / either.sum() if either.sum() else NOTHING


def _preference(tally: Tally, contrast: Contrast) -> float:
    """How often the preferred kind was followed: mean over the arms, so that both orders weigh the same."""
    if not contrast.preference:
        return NOTHING
    firsts = {arm: contrast.prefers(contrast.pieces(arm)[0]) for arm in contrast.across}
    return _mean([_followed(tally, arm, first) for arm, first in firsts.items()])


def _unparsed(tally: Tally, arms: Sequence[str]) -> float:
    pairs = [tally.of(arm, relation, "unparsed") for arm in arms for relation in RELATIONS]
    items = sum(int(count.sum()) for _, count in pairs)
    return sum(int(found.sum()) for found, _ in pairs) / items if items else NOTHING


def _readable(tally: Tally, contrast: Contrast) -> float:
    """The share of conflict items across kinds whose two pieces were both read correctly alone."""
    kept = partial(_share_readable, tally, contrast)
    return float(np.mean([kept(arm) for arm in contrast.across]))


def _facts_readable(tally: Tally, contrast: Contrast) -> int:
    """How many facts can be read in any arm."""
    masks = [found for arm in contrast.arms if (found := tally.readable(arm, *contrast.singles[arm])) is not None]
    return int(np.any(masks, axis=0).sum()) if masks else 0


def _share_readable(tally: Tally, contrast: Contrast, arm: str) -> float:
    found = tally.readable(arm, *contrast.singles[arm])
    return NOTHING if found is None else float(found.sum() / max(1, tally.calls(arm, "conflict")[1].sum()))
