"""The main figure: which share of contradictions each model recognises between pieces of one kind and of two.

Beside every interval stands, thick and pale, how far the same number goes with the protocol, with a tick for each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from cmqa_tasks.reports.board.ablation import View, ends, lead
from cmqa_tasks.reports.board.board import ModelRow
from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.board.names import shortened
from cmqa_tasks.writing.pictures import BLUE, VERMILION

_SIDES = {"same": (BLUE, "o", -0.19), "across": (VERMILION, "s", 0.19)}
"""Colour, marker, and place within the line of a model."""
_BELOW = 0.11
"""From a recognition to its false alarms, so that neither lies on the other."""
_GREY = "#666666"
_REMARK: dict[str, Any] = {"color": _GREY, "ha": "center", "va": "center", "fontsize": 7}
FILLED, HOLLOW = 4.2, 4.6
"""Points: sizes of markers."""
_WIDTH = 40
"""Letters of a name on one of its two lines."""
_BREAKS = "/-_=,( "
"""A line of a name ends after one of these, where it can."""


def recognition_figure(views: Sequence[View]) -> Any:
    """A panel per contrast of one question (not where no model was asked about all arms of a side), a line per model.

    Returns:
        A figure of matplotlib.
    """
    from matplotlib.figure import Figure

    protocol = lead(views)
    panels = [view for view in views if any(_has(view, side) for side in _SIDES)] or views[:1]
    names = list(dict.fromkeys(name for view in panels for name in view.models))
    pattern, short = shortened(names)
    labels = [label(short[name]) for name in names]
    several = any(len(view.protocols) > 1 for view in panels)
    figure = Figure(figsize=(_margin(labels) + 3.1 * len(panels), 0.5 * len(names) + 1.9), layout="constrained")
    figure.suptitle(_title(panels[0], protocol, several, pattern), fontsize=10)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, view in zip(axes, panels, strict=True):
        lacking = [side for side in _SIDES if not _has(view, side)]
        for line, name in enumerate(names):
            for side in _SIDES:
                if side not in lacking:
                    _side(ax, line, side, view.models.get(name, {}), protocol)
        remark = "".join(f"\n({_name(view, side)}: not all arms evaluated)" for side in lacking)
        finish(ax, len(names), view.contrast.title + remark)
        ax.set_xlabel("share of pairs called contradictory")
    axes[0].set_yticks(range(len(names)), labels)
    _legend(figure, panels, several)
    return figure


def _has(view: View, side: str) -> bool:
    """Whether any model was asked about all arms of a side."""
    return any(ends(rows, f"{side}_recognition") for rows in view.models.values())


def _name(view: View, side: str) -> str:
    return view.contrast.same_name if side == "same" else view.contrast.across_name


def printable(name: str) -> str:
    """A model's name without letters that cannot be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split()) or "?"


def label(name: str) -> str:
    """A model's name on at most two lines, of printable letters; a longer one loses its middle."""
    shown = printable(name)
    if len(shown) <= _WIDTH:
        return shown
    if len(shown) > 2 * _WIDTH:
        shown = f"{shown[: _WIDTH - 1]}…{shown[-_WIDTH:]}"
    middle = len(shown) // 2
    places = range(len(shown) - _WIDTH, _WIDTH + 1)
    at = min(places, key=lambda cut: (shown[cut - 1] not in _BREAKS, abs(cut - middle)))
    return f"{shown[:at].rstrip()}\n{shown[at:].lstrip()}"


def finish(ax: Any, lines: int, title: str) -> None:
    """An axis of shares with so many lines, the first on top."""
    ax.set_xlim(-0.03, 1.03)
    ax.set_ylim(lines - 0.5, -0.5)
    for line in range(1, lines, 2):
        ax.axhspan(line - 0.5, line + 0.5, color="#f2f2f2", zorder=0, linewidth=0)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    ax.xaxis.grid(visible=True, color="#dddddd", linewidth=0.6, zorder=0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_title(title)


def _margin(labels: Sequence[str]) -> float:
    """Inches for the longest line of the labels."""
    return 0.5 + 0.066 * max(len(line) for text in labels for line in text.split("\n"))


def _title(view: View, protocol: str, several: bool, pattern: str) -> str:
    where = f"{view.question.title}\nprotocol {protocol}" + (", with the spread over all protocols" if several else "")
    models = f"\nmodels {label(pattern)}" if pattern else ""
    return f"Contradictions recognised, with 95 % intervals over facts\n{where}{models}"


def _side(ax: Any, line: int, side: str, rows: Mapping[str, ModelRow], protocol: str) -> None:
    """One side of a contrast on a model's line; ``rows`` are the model's, by protocol."""
    colour, marker, offset = _SIDES[side]
    at, known = line + offset, ends(rows, f"{side}_recognition")
    if len(known) > 1 or protocol not in known:
        _spread(ax, at, list(known.values()), colour)
    if protocol in known:
        values = rows[protocol].values
        alarms = values[f"{side}_false_alarm"].value
        ax.plot([alarms], [at + _BELOW], "x", markersize=5.4, markeredgewidth=0.9, color=_GREY, zorder=2.5)
        point(ax, at, values[f"{side}_recognition"], colour, marker)
    elif not known:
        ax.text(0.5, at, "not all arms evaluated" if rows else "not evaluated", **_REMARK)


def _spread(ax: Any, at: float, values: Sequence[float], colour: str) -> None:
    if values:
        ax.plot([min(values), max(values)], [at, at], color=colour, alpha=0.22, linewidth=7, solid_capstyle="butt", zorder=1.5)
        ax.vlines(values, at - 0.13, at + 0.13, color=colour, alpha=0.55, linewidth=0.8, zorder=2)


def point(ax: Any, at: float, share: Estimate, colour: str, marker: str, *, filled: bool = True) -> None:
    """A share with its interval."""
    if math.isnan(share.value):
        return
    if not math.isnan(share.low):
        ax.plot([share.low, share.high], [at, at], color=colour, linewidth=1.3 if filled else 0.9, zorder=3)
    look = {"markersize": FILLED} if filled else {"markersize": HOLLOW, "markerfacecolor": "white", "markeredgewidth": 0.8}
    ax.plot([share.value], [at], marker, color=colour, zorder=4 if filled else 3.5, **look)


def _legend(figure: Any, panels: Sequence[View], several: bool) -> None:
    from matplotlib.lines import Line2D

    names = {side: ", ".join(_name(view, side) for view in panels if _has(view, side)) for side in _SIDES}
    handles = [
        Line2D([], [], marker=marker, color=colour, label=names[side], markersize=FILLED, linewidth=1.3)
        for side, (colour, marker, _) in _SIDES.items()
        if names[side]
    ]
    alarms = "false alarms: agreeing pairs called contradictory"
    handles.append(Line2D([], [], marker="x", color=_GREY, markersize=5.4, markeredgewidth=0.9, linestyle="", label=alarms))
    if several:
        handles.append(Line2D([], [], color=_GREY, alpha=0.3, linewidth=7, label="lowest to highest over protocols, a tick each"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2 if len(panels) > 1 else 1)
