"""The prompt-ablation view: recognition and false alarms of each model by protocol and arm."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from cmqa_tasks.reports.board.ablation import View
from cmqa_tasks.reports.board.board import ModelRow
from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.reports.board.names import shortened
from cmqa_tasks.reports.board.recognition_figure import FILLED, HOLLOW, finish, label, point, printable
from cmqa_tasks.writing.pictures import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

PANELS = 6
"""Models on one figure."""
_COLD = ((BLUE, "o"), (SKY, "^"))
_WARM = ((VERMILION, "s"), (ORANGE, "D"), (PURPLE, "v"), (GREEN, "P"))
_ROW, _REST = 0.16, 0.6
"""Inches of height: of an arm on a protocol's line, of title and axis."""
_LETTER, _TITLE_LINE = 0.085, 0.17
"""Inches in the title, at the most: a letter's width, a line's height."""
_NAMED_LINES = 4
"""Lines of the title for models that are not drawn."""


def ablation_figure(view: View, models: Sequence[str], page: str, still: Sequence[str] = ()) -> Any:
    """A panel per model, a line per protocol, in it a point per arm: filled recognition, hollow false alarms.

    Args:
        view: the question and contrast.
        models: which of its models.
        page: such as ``1 of 2``.
        still: models that have no panel, as nothing of them moves with the protocol.

    Returns:
        A figure of matplotlib.
    """
    from matplotlib.figure import Figure

    columns = min(len(models), 3 if len(models) > 4 else 2)
    rows = math.ceil(len(models) / columns)
    height = max(1.4, _ROW * (len(view.contrast.arms) + 1) * len(view.protocols))
    width = 1.2 + (3.3 if columns > 1 else 4.6) * columns
    pattern, short = shortened(list(view.models))
    heading = _heading(view, page, pattern, [short[name] for name in still], int(width / _LETTER))
    figure = Figure(figsize=(width, (height + _REST) * rows + 0.7 + _TITLE_LINE * len(heading)), layout="constrained")
    figure.suptitle("\n".join(heading), fontsize=10)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    places = styles(view.contrast)
    for index, ax in enumerate(axes.flat):
        if index >= len(models):
            ax.set_axis_off()
            continue
        _panel(ax, view.protocols, view.models[models[index]], places)
        finish(ax, len(view.protocols), label(short[models[index]]))
        ax.tick_params(labelbottom=True)
        if index + columns >= len(models):
            ax.set_xlabel("share of pairs called contradictory")
    axes[0][0].set_yticks(range(len(view.protocols)), view.protocols)
    _legend(figure, places, columns + 1)
    return figure


def _heading(view: View, page: str, pattern: str, still: Sequence[str], letters: int) -> list[str]:
    """The title's lines, each of so many letters at the most."""
    pages = "" if page.endswith(" 1") or page == "1 of 1" else f" ({page})"
    lines = [f"Recognition and false alarms by protocol and arm{pages}", f"{view.contrast.title}, {view.question.title}"]
    lines += [f"models {printable(pattern)}"] if pattern else []
    heading = [part for line in lines for part in textwrap.wrap(line, letters)]
    if still:
        names = f"not drawn, nothing moves with the protocol: {', '.join(map(printable, still))}"
        cut = f" … ({len(still)} models)"
        heading += textwrap.wrap(names, letters, max_lines=_NAMED_LINES, placeholder=cut, break_on_hyphens=False)
    return heading


def styles(contrast: Contrast) -> dict[str, tuple[str, str]]:
    """Colour and marker of each arm: blue ones for pieces of one kind, warm ones across kinds."""
    cold = zip(contrast.same, _cycled(_COLD, len(contrast.same)), strict=True)
    warm = zip(contrast.across, _cycled(_WARM, len(contrast.across)), strict=True)
    return dict([*cold, *warm])


def _cycled(some: Sequence[tuple[str, str]], number: int) -> list[tuple[str, str]]:
    return [some[index % len(some)] for index in range(number)]


def _panel(ax: Any, protocols: Sequence[str], rows: Mapping[str, ModelRow], places: Mapping[str, tuple[str, str]]) -> None:
    step = 0.8 / len(places)
    for number, protocol in enumerate(protocols):
        if protocol not in rows:
            ax.text(0.5, number, "not evaluated", color="#666666", ha="center", va="center", fontsize=8)
            continue
        for order, (arm, (colour, marker)) in enumerate(places.items()):
            if arm in rows[protocol].arms:
                at = number - 0.4 + step * (order + 0.5)
                rates = rows[protocol].arms[arm]
                point(ax, at + step / 4, rates["false_alarm"], colour, marker, filled=False)
                point(ax, at - step / 4, rates["recognition"], colour, marker)


def _legend(figure: Any, places: Mapping[str, tuple[str, str]], columns: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=FILLED, linewidth=1.3, label=arm)
        for arm, (colour, marker) in places.items()
    ]
    handles.append(Line2D([], [], color=BLACK, marker="o", markersize=FILLED, linewidth=1.3, label="filled: recognition"))
    handles.append(
        Line2D(
            [],
            [],
            color=BLACK,
            marker="o",
            markerfacecolor="white",
            markersize=HOLLOW,
            linewidth=0.9,
            label="hollow: false alarms",
        )
    )
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
