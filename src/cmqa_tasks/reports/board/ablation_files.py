"""The prompt ablation as Markdown and CSV: the numbers of its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from cmqa_tasks.reports.board.ablation import View
from cmqa_tasks.reports.board.board import ModelRow
from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.board.spread import Range, Spread
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import picture, plain
from cmqa_tasks.writing.numbers import number, rounded

_RATES = {"recognition": "recognition", "false_alarm": "false alarms"}
_READING = """\
Every model under every protocol that it was asked under; nothing is averaged over protocols. First how far a model's numbers go
with the wording: its best and worst rank, and of each quantity the lowest and the highest value with their protocols. Then
recognition and false alarms by arm, with 95 % intervals from the leaderboard's bootstrap over facts. A dash: not evaluated. What
the protocols are: docs/tasks.md."""


def write(found: Sequence[View], out: Path, figures: Mapping[tuple[Setting, str], Sequence[str]]) -> list[Path]:
    """Write both forms into an existing directory.

    Args:
        found: the views.
        out: the directory.
        figures: by question and contrast, names of PNG files beside them.
    """
    return [
        write_text(out / "ablation.md", to_markdown(found, figures)),
        write_text(out / "ablation.csv", to_csv(found)),
    ]


def to_markdown(found: Sequence[View], figures: Mapping[tuple[Setting, str], Sequence[str]]) -> str:
    """For people."""
    parts = ["# Recognition by protocol", _READING]
    for view in found:
        title = f"{view.contrast.title}: {view.question.title}"
        parts.append(f"## {title}")
        if len(view.protocols) > 1:
            parts.append(_spreads(view))
        parts += [picture(name, f"Recognition by arm and protocol. {title}") for name in _figures(view, figures)]
        parts.append(_by_arm(view))
    return "\n\n".join(parts) + "\n"


def _figures(view: View, figures: Mapping[tuple[Setting, str], Sequence[str]]) -> Sequence[str]:
    return figures.get((view.question, view.contrast.name), ())


def _spreads(view: View) -> str:
    one = view.contrast
    quantities = {
        "across_balanced": f"balanced, {one.across_name}",
        "gap": "gap",
        "across_recognition": f"recognition, {one.across_name}",
        "same_recognition": f"recognition, {one.same_name}",
        "across_false_alarm": f"false alarms, {one.across_name}",
    }
    rows = []
    for name, by_protocol in view.models.items():
        spread = next((row.spread for row in by_protocol.values() if row.spread), None)
        cells = ["–" if spread is None else _range(spread.ranges.get(quantity)) for quantity in quantities]
        rows.append([plain(name), str(len(by_protocol)), _ranks(spread), *cells])
    return markdown.table(["model", "protocols", "rank", *quantities.values()], rows, words=1)


def _ranks(spread: Spread | None) -> str:
    return "–" if spread is None or spread.ranks is None else "–".join(map(str, sorted(set(spread.ranks))))


def _range(found: Range | None) -> str:
    if found is None:
        return "–"
    low, high = number(found.lowest), number(found.highest)
    return low if low == high else f"{low} ({found.lowest_protocol}) to {high} ({found.highest_protocol})"


def _by_arm(view: View) -> str:
    arms = view.contrast.arms
    header = ["model", "protocol", *(f"{arm}, {said}" for said in _RATES.values() for arm in arms), "note"]
    rows = [
        [plain(name), protocol, *(_cell(row, arm, rate) for rate in _RATES for arm in arms), plain("; ".join(row.marks))]
        for name, by_protocol in view.models.items()
        for protocol, row in by_protocol.items()
    ]
    return markdown.table(header, rows)


def _cell(row: ModelRow, arm: str, rate: str) -> str:
    if arm not in row.arms:
        return "–"
    one = row.arms[arm][rate]
    return f"{number(one.value)} [{number(one.low)}, {number(one.high)}]"


def to_csv(found: Sequence[View]) -> str:
    """For machines: a line per model, protocol and arm."""
    return spreadsheet.to_csv([row for view in found for row in _flat(view)])


def _flat(view: View) -> Iterator[dict[str, object]]:
    for by_protocol in view.models.values():
        for protocol, row in by_protocol.items():
            for arm, rates in row.arms.items():
                side = "same" if arm in view.contrast.same else "across"
                about: dict[str, object] = {
                    "contrast": view.contrast.name,
                    "model": row.name,
                    "variant": row.variant,
                    "protocol": protocol,
                    "rank": row.rank,
                }
                numbers = dict(pair for rate in ("recognition", "false_alarm", "balanced") for pair in _ends(rate, rates[rate]))
                stamp = {one.name: getattr(view.question, one.name) for one in fields(Setting) if one.name != "protocol"}
                yield about | {"arm": arm, "side": side} | numbers | {"notes": "; ".join(row.marks)} | stamp


def _ends(name: str, one: Estimate) -> Iterator[tuple[str, float | None]]:
    yield from ((name, rounded(one.value)), (f"{name}_low", rounded(one.low)), (f"{name}_high", rounded(one.high)))
