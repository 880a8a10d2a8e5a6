"""A comparison of two models for people (Markdown) and machines (JSON)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.compare.pairs import ArmPair, Comparison, ContrastPair, Flip, Rate
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import markdown
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import code, plain
from cmqa_tasks.writing.numbers import number, p_value, points, rounded

FORMAT = 1
_LISTED = 200
_LONGEST = 1500
"""Characters of a prompt or response that are shown."""
_READING = """\
Differences are second − first in points, with 95 % intervals from a bootstrap over facts. p: McNemar's exact test on the items of
an arm that flipped, adjusted for the arms by Holm's rule. Detectable: the smallest difference that a test of this size finds in
four of five cases."""


def write(comparison: Comparison, out: Path) -> list[Path]:
    """Write ``compare.md`` and ``compare.json``, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    forms = {"compare.md": to_markdown(comparison, _LISTED), "compare.json": to_json(comparison)}
    return [write_text(out / name, text) for name, text in forms.items()]


def to_markdown(comparison: Comparison, shown: int) -> str:
    """What it comes to in plain words, then tables, then some flipped items with their texts."""
    first, second = comparison.labels
    parts = ["# Comparison", f"{plain(first)}: {code(comparison.a)}  \n{plain(second)}: {code(comparison.b)}"]
    parts += ["## In plain words", *map(plain, _words(comparison))]
    parts += [f"Note: {plain(mark)}." for mark in comparison.marks]
    for setting in dict.fromkeys(arm.setting for arm in comparison.arms):
        parts += [f"## {plain(setting.title[0].upper() + setting.title[1:])}"]
        parts += [_contrasts(comparison, setting)] if any(pair.setting == setting for pair in comparison.contrasts) else []
        parts += [_arms(comparison, setting)]
    parts += [_READING, *_flips(comparison, shown)]
    return "\n\n".join(parts) + "\n"


def _arms(comparison: Comparison, setting: Setting) -> str:
    first, second = map(plain, comparison.labels)
    header = ["arm", "rate", first, second, "difference", f"only {first}", f"only {second}", "p", "p (Holm)", "detectable"]
    rows = []
    for pair in comparison.arms:
        if pair.setting == setting:
            rows += [_rate(pair, "recognition", pair.recognition), _rate(pair, "false alarms", pair.false_alarm)]
            counts = [str(pair.items), str(pair.unpaired)]
            rows.append([pair.arm, "balanced", "", "", with_interval(pair.balanced), *[""] * 5, *counts])
    return markdown.table([*header, "items", "unpaired"], rows)


def _rate(pair: ArmPair, name: str, rate: Rate) -> list[str]:
    cells = [pair.arm, name, number(rate.a), number(rate.b), with_interval(rate.difference), str(rate.lost), str(rate.gained)]
    return [*cells, p_value(rate.p), p_value(rate.adjusted), _size(rate.detectable), str(pair.items // 2), str(pair.unpaired)]


def _contrasts(comparison: Comparison, setting: Setting) -> str:
    header = ["group", "balanced across kinds", "balanced, one kind", "gap", "detectable across kinds"]
    rows = [
        [pair.contrast.title, *map(with_interval, (pair.across, pair.same, pair.gap)), _size(pair.detectable)]
        for pair in comparison.contrasts
        if pair.setting == setting
    ]
    return markdown.table(header, rows, words=1)


def with_interval(estimate: Estimate | None) -> str:
    """A difference of rates in points, with its interval."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    return f"{points(estimate.value)} [{points(estimate.low)}, {points(estimate.high)}]"


def _size(value: float) -> str:
    return "–" if math.isnan(value) or value > 1 else f"{100 * value:.1f}"


def _flips(comparison: Comparison, shown: int) -> Iterator[str]:
    first, second = map(plain, comparison.labels)
    flips = comparison.flips
    better = sum(flip.better for flip in flips)
    yield f"## {len(flips)} items flipped: {better} to the better, {len(flips) - better} to the worse"
    chosen = _mixed(flips, shown)
    if chosen and len(chosen) < len(flips):
        yield f"{len(chosen)} of them:"
    for flip in chosen:
        side = "better" if flip.better else "worse"
        outcomes = f"{first} {flip.outcome_a}, {second} {flip.outcome_b}"
        yield f"**{flip.arm}, {flip.relation} item `{flip.item}`** ({side}): {outcomes}"
        texts = (("Asked", flip.prompt), (first, flip.response_a), (second, flip.response_b))
        yield "\n".join(_quoted(name, text) for name, text in texts)


def _mixed(flips: Sequence[Flip], shown: int) -> list[Flip]:
    """So many of them: in turn from each arm, and from the better and the worse."""
    turns: dict[tuple[Setting, str, bool], int] = {}
    order = []
    for index, flip in enumerate(flips):
        key = flip.setting, flip.arm, flip.better
        turns[key] = turns.get(key, -1) + 1
        order.append((turns[key], index))
    return [flips[index] for _, index in sorted(order)[:shown]]


def _quoted(name: str, text: str) -> str:
    """A text as a block of its own, in which nothing is markup."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text)} characters)"
    body = "\n".join(f"    {line}" for line in cut.splitlines() or [""])
    return f"{name}:\n\n{body}\n"


def _words(comparison: Comparison) -> Iterator[str]:
    if comparison.contrasts:
        yield from (f"{_where(pair, comparison)}{_finding(pair, comparison)}" for pair in comparison.contrasts)
        return
    for arm in comparison.arms:
        difference = _difference(arm.recognition.difference, "recognition", comparison)
        yield f"{arm.arm} ({arm.setting.protocol} in {arm.setting.language}): {difference}."


def _where(pair: ContrastPair, comparison: Comparison) -> str:
    several = len({other.setting for other in comparison.contrasts}) > 1
    setting = f" ({pair.setting.protocol} in {pair.setting.language})" if several else ""
    return f"{pair.contrast.title}{setting}: "


def _finding(pair: ContrastPair, comparison: Comparison) -> str:
    text = _difference(pair.across, "the balanced score", comparison)
    if pair.across.low <= 0 <= pair.across.high and not math.isnan(pair.detectable):
        text += f", and a true difference of {_size(pair.detectable)} points would have been found in four of five cases"
    if pair.gap is not None:
        names = f"the gap between {pair.contrast.same_name} and {pair.contrast.across_name}"
        text += f"; {_difference(pair.gap, names, comparison, ('wider', 'narrower'))}"
    return f"{text}."


def _difference(estimate: Estimate, what: str, comparison: Comparison, words: tuple[str, str] = ("higher", "lower")) -> str:
    first, second = comparison.labels
    interval = f"95 % interval {points(estimate.low)} to {points(estimate.high)}"
    if estimate.low <= 0 <= estimate.high:
        return f"no difference in {what} is shown ({points(estimate.value)} points, {interval})"
    word = words[0] if estimate.value > 0 else words[1]
    return f"{what} is {100 * abs(estimate.value):.1f} points {word} in {second} than in {first} ({interval})"


def to_json(comparison: Comparison) -> str:
    """Everything, with all flipped items and their whole texts."""
    content = {
        "format": FORMAT,
        "a": comparison.a,
        "b": comparison.b,
        "notes": list(comparison.marks),
        "arms": [_clean(asdict(pair)) for pair in comparison.arms],
        "contrasts": [_clean(asdict(pair) | {"contrast": pair.contrast.name}) for pair in comparison.contrasts],
        "flips": [_clean(asdict(flip)) for flip in comparison.flips],
        "words": list(_words(comparison)),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _clean(value: object) -> object:
    """Numbers rounded, none where there is none."""
    if isinstance(value, Mapping):
        return {key: _clean(part) for key, part in value.items()}
    return rounded(value) if isinstance(value, float) else value
