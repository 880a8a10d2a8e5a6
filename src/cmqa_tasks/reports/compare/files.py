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
Differences are B − A in points, with 95 % intervals from a bootstrap over facts. p: McNemar's exact test on the items of an
arm that flipped, adjusted for the arms by Holm's rule. Detectable: the smallest difference that a test of this size finds in
four of five cases."""


def write(comparison: Comparison, out: Path) -> list[Path]:
    """Write ``compare.md`` and ``compare.json``, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    forms = {"compare.md": to_markdown(comparison, _LISTED), "compare.json": to_json(comparison)}
    return [write_text(out / name, text) for name, text in forms.items()]


def to_markdown(comparison: Comparison, shown: int) -> str:
    """Tables, some flipped items with their texts, and at the end what it comes to in plain words."""
    parts = ["# Comparison", f"A: {code(comparison.a)}  \nB: {code(comparison.b)}"]
    parts += [f"Note: {plain(mark)}." for mark in comparison.marks]
    for setting in dict.fromkeys(arm.setting for arm in comparison.arms):
        parts += [f"## {setting.title[0].upper()}{setting.title[1:]}", _arms(comparison, setting)]
        parts += [_contrasts(comparison, setting)] if any(one.setting == setting for one in comparison.contrasts) else []
    parts += [_READING, *_flips(comparison.flips, shown)]
    parts += ["## In plain words", *_words(comparison)]
    return "\n\n".join(parts) + "\n"


def _arms(comparison: Comparison, setting: Setting) -> str:
    header = ["arm", "rate", "A", "B", "difference", "only A", "only B", "p", "p (Holm)", "detectable", "items", "unpaired"]
    rows = []
    for one in comparison.arms:
        if one.setting == setting:
            rows += [_rate(one, "recognition", one.recognition), _rate(one, "false alarms", one.false_alarm)]
            rows.append([one.arm, "balanced", "", "", with_interval(one.balanced), *[""] * 5, str(one.items), str(one.unpaired)])
    return markdown.table(header, rows)


def _rate(one: ArmPair, name: str, rate: Rate) -> list[str]:
    cells = [one.arm, name, number(rate.a), number(rate.b), with_interval(rate.difference), str(rate.lost), str(rate.gained)]
    return [*cells, p_value(rate.p), p_value(rate.adjusted), _size(rate.detectable), str(one.items // 2), str(one.unpaired)]


def _contrasts(comparison: Comparison, setting: Setting) -> str:
    header = ["group", "balanced across kinds", "balanced, one kind", "gap", "detectable across kinds"]
    rows = [
        [one.contrast.title, with_interval(one.across), with_interval(one.same), with_interval(one.gap), _size(one.detectable)]
        for one in comparison.contrasts
        if one.setting == setting
    ]
    return markdown.table(header, rows, words=1)


def with_interval(one: Estimate | None) -> str:
    """A difference of rates in points, with its interval."""
    if one is None or math.isnan(one.value):
        return "–"
    return f"{points(one.value)} [{points(one.low)}, {points(one.high)}]"


def _size(value: float) -> str:
    return "–" if math.isnan(value) or value > 1 else f"{100 * value:.1f}"


def _flips(flips: Sequence[Flip], shown: int) -> Iterator[str]:
    better = sum(flip.better for flip in flips)
    yield f"## {len(flips)} items flipped: {better} to the better, {len(flips) - better} to the worse"
    chosen = _mixed(flips, shown)
    if chosen and len(chosen) < len(flips):
        yield f"{len(chosen)} of them:"
    for flip in chosen:
        side = "better" if flip.better else "worse"
        yield f"**{flip.arm}, {flip.relation} item `{flip.item}`** ({side}): A {flip.outcome_a}, B {flip.outcome_b}"
        yield "\n".join(
            _quoted(name, text) for name, text in (("Asked", flip.prompt), ("A", flip.response_a), ("B", flip.response_b))
        )


def _mixed(flips: Sequence[Flip], shown: int) -> list[Flip]:
    """So many of them: in turn from each arm, and from the better and the worse."""
    turns: dict[tuple[Setting, str, bool], int] = {}
    order = []
    for place, flip in enumerate(flips):
        key = flip.setting, flip.arm, flip.better
        turns[key] = turns.get(key, -1) + 1
        order.append((turns[key], place))
    return [flips[place] for _, place in sorted(order)[:shown]]


def _quoted(name: str, text: str) -> str:
    """A text as a block of its own, in which nothing is markup."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text)} characters)"
    body = "\n".join(f"    {line}" for line in cut.splitlines() or [""])
    return f"{name}:\n\n{body}\n"


def _words(comparison: Comparison) -> Iterator[str]:
    if comparison.contrasts:
        yield from (f"{_where(one, comparison)}{_finding(one)}" for one in comparison.contrasts)
        return
    for arm in comparison.arms:
        found = _verdict(arm.recognition.difference, "recognition")
        yield f"{arm.arm} ({arm.setting.protocol} in {arm.setting.language}): {found}."


def _where(one: ContrastPair, comparison: Comparison) -> str:
    several = len({other.setting for other in comparison.contrasts}) > 1
    setting = f" ({one.setting.protocol} in {one.setting.language})" if several else ""
    return f"{one.contrast.title}{setting}: "


def _finding(one: ContrastPair) -> str:
    text = _verdict(one.across, "the balanced score")
    if one.across.low <= 0 <= one.across.high and not math.isnan(one.detectable):
        text += f", and a true difference of {_size(one.detectable)} points would have been found in four of five cases"
    if one.gap is not None:
        names = f"the gap between {one.contrast.same_name} and {one.contrast.across_name}"
        text += f"; {_verdict(one.gap, names, ('wider', 'narrower'))}"
    return f"{text}."


def _verdict(one: Estimate, what: str, words: tuple[str, str] = ("higher", "lower")) -> str:
    interval = f"95 % interval {points(one.low)} to {points(one.high)}"
    if one.low <= 0 <= one.high:
        return f"no difference in {what} is shown ({points(one.value)} points, {interval})"
    word = words[0] if one.value > 0 else words[1]
    return f"{what} is {100 * abs(one.value):.1f} points {word} in B than in A ({interval})"


def to_json(comparison: Comparison) -> str:
    """Everything, with all flipped items and their whole texts."""
    content = {
        "format": FORMAT,
        "a": comparison.a,
        "b": comparison.b,
        "notes": list(comparison.marks),
        "arms": [_clean(asdict(one)) for one in comparison.arms],
        "contrasts": [_clean(asdict(one) | {"contrast": one.contrast.name}) for one in comparison.contrasts],
        "flips": [_clean(asdict(one)) for one in comparison.flips],
        "words": list(_words(comparison)),
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _clean(value: object) -> object:
    """Numbers rounded, none where there is none."""
    if isinstance(value, Mapping):
        return {key: _clean(one) for key, one in value.items()}
    return rounded(value) if isinstance(value, float) else value
