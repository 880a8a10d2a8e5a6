"""The same models under several protocols, side by side: how much of a number hangs on the wording.

    for view in views(boards):
        view.models["org/model"]["neutral"].arms["image_text"]["recognition"]

Nothing is computed anew, and nothing is averaged over protocols: these are the rows of the boards, in another order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.results import Setting

_SEEN = 0.005
"""A difference of shares that can be seen in a figure."""
_ORDER = {name: position for position, name in enumerate(PROTOCOLS)}


@dataclass(frozen=True, slots=True)
class View:
    """All rows of one question and contrast."""

    question: Setting
    """A setting without its protocol."""
    contrast: Contrast
    protocols: tuple[str, ...]
    """Those that any model was asked under, the default first."""
    models: Mapping[str, Mapping[str, ModelRow]]
    """By title, then by protocol."""


def views(boards: Sequence[Board]) -> list[View]:
    """The views of boards, in their order."""
    groups: dict[tuple[Setting, str], list[Board]] = {}
    for board in boards:
        groups.setdefault((board.setting.question, board.contrast.name), []).append(board)
    return [_view(question, group) for (question, _), group in sorted(groups.items(), key=lambda item: item[0][0])]


def _view(question: Setting, boards: Sequence[Board]) -> View:
    protocols = in_order(board.setting.protocol for board in boards)
    models: dict[str, dict[str, ModelRow]] = {}
    for protocol in protocols:  # who leads under the first protocol leads here
        for board in boards:
            if board.setting.protocol == protocol:
                for row in board.rows:
                    models.setdefault(row.title, {})[protocol] = row
    return View(question, boards[0].contrast, protocols, models)


def in_order(protocols: Iterable[str]) -> tuple[str, ...]:
    """Protocols, each once, as the package lists them; those that it does not know come last."""
    return tuple(sorted(set(protocols), key=lambda name: (_ORDER.get(name, len(_ORDER)), name)))


def moves(rows: Mapping[str, ModelRow]) -> bool:
    """Whether a rate of a model in an arm is another under another protocol."""
    rates: dict[tuple[str, str], list[float]] = {}
    for row in rows.values():
        for arm, estimates in row.arms.items():
            for name in ("recognition", "false_alarm"):
                rates.setdefault((arm, name), []).append(estimates[name].value)
    return any(max(values) - min(values) >= _SEEN for values in rates.values())


def lead(several: Sequence[View]) -> str:
    """The protocol that most rows of some views have; of several, the first in the package's order."""
    counts = {
        protocol: sum(protocol in rows for view in several for rows in view.models.values())
        for protocol in in_order(protocol for view in several for protocol in view.protocols)
    }
    return max(counts, key=lambda protocol: counts[protocol])


def ends(rows: Mapping[str, ModelRow], name: str) -> dict[str, float]:
    """A quantity of one model by protocol, where it has a value."""
    return {protocol: row.values[name].value for protocol, row in rows.items() if not math.isnan(row.values[name].value)}
