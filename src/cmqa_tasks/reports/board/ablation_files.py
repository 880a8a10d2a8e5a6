"""The prompt ablation as Markdown and CSV: the numbers of its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from cmqa_tasks.reports.board.ablation import View
from cmqa_tasks.reports.board.board import ModelRow
from cmqa_tasks.reports.board.spread import Range, Spread
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import picture, plain
from cmqa_tasks.writing.numbers import number

_RATES = {"recognition": "recognition", "false_alarm": "false alarms"}
_READING = """\
Every model under every protocol that it was asked under; nothing is averaged over protocols. First how far a model's numbers go
with the wording: its best and worst rank, and of each quantity the lowest and the highest value with their protocols. Then
recognition and false alarms by arm, with 95 % intervals from the leaderboard's bootstrap over facts. A dash: not evaluated. What
the protocols are: docs/tasks.md."""


def write(views: Sequence[View], out: Path, figures: Mapping[tuple[Setting, str], Sequence[str]]) -> list[Path]:
    """Write both forms into an existing directory."""
    return [
        write_text(out / "ablation.md", to_markdown(views, figures)),
        write_text(out / "ablation.csv", to_csv(views)),
    ]


def to_markdown(views: Sequence[View], figures: Mapping[tuple[Setting, str], Sequence[str]]) -> str:
    """For people."""
    parts = ["# Recognition by protocol", _READING]
    for view in views:
        title = f"{view.contrast.title}: {view.question.title}"
        parts.append(f"## {title}")
        if len(view.protocols) > 1:
            parts.append(_spreads(view))
        names = figures.get((view.question, view.contrast.name), ())
        parts += [picture(name, f"Recognition by arm and protocol. {title}") for name in names]
        parts.append(_by_arm(view))
    return "\n\n".join(parts) + "\n"


def _spreads(view: View) -> str:
    contrast = view.contrast
    quantities = {
        "across_balanced": f"balanced, {contrast.across_name}",
        "gap": "gap",
        "across_recognition": f"recognition, {contrast.across_name}",
        "same_recognition": f"recognition, {contrast.same_name}",
        "across_false_alarm": f"false alarms, {contrast.across_name}",
    }
    rows = []
    for name, by_protocol in view.models.items():
        spread = next((row.spread for row in by_protocol.values() if row.spread), None)
        cells = ["–" if spread is None else _range(spread.ranges.get(quantity)) for quantity in quantities]
        rows.append([plain(name), str(len(by_protocol)), _ranks(spread), *cells])
    return markdown.table(["model", "protocols", "rank", *quantities.values()], rows, words=1)


def _ranks(spread: Spread | None) -> str:
    return "–" if spread is None or spread.ranks is None else "–".join(map(str, sorted(set(spread.ranks))))


def _range(ends: Range | None) -> str:
    if ends is None:
        return "–"
    low, high = number(ends.lowest), number(ends.highest)
    return low if low == high else f"{low} ({ends.lowest_protocol}) to {high} ({ends.highest_protocol})"


def _by_arm(view: View) -> str:
    arms = view.contrast.arms
    header = ["model", "protocol", *(f"{arm}, {word}" for word in _RATES.values() for arm in arms), "note"]
    rows = [
        [plain(name), protocol, *(_cell(row, arm, rate) for rate in _RATES for arm in arms), plain("; ".join(row.marks))]
        for name, by_protocol in view.models.items()
        for protocol, row in by_protocol.items()
    ]
    return markdown.table(header, rows)


def _cell(row: ModelRow, arm: str, rate: str) -> str:
    if arm not in row.arms:
        return "–"
    share = row.arms[arm][rate]
    return f"{number(share.value)} [{number(share.low)}, {number(share.high)}]"


def to_csv(views: Sequence[View]) -> str:
    """For machines: a line per model, protocol and arm."""
    return spreadsheet.to_csv([row for view in views for row in _flat(view)])


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
                numbers = {k: v for rate in ("recognition", "false_alarm", "balanced") for k, v in rates[rate].flat(rate).items()}
                stamp = {field.name: getattr(view.question, field.name) for field in fields(Setting) if field.name != "protocol"}
                yield about | {"arm": arm, "side": side} | numbers | {"notes": "; ".join(row.marks)} | stamp
