"""Boards for the page: the cells as they stand in ``leaderboard.md``, and the numbers of the gap plot."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cmqa_tasks.reports.board import board
from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.columns import STAMPS, Column, best, filled, nested, views
from cmqa_tasks.reports.board.group_files import world_scores
from cmqa_tasks.reports.board.own_arms import contrasts_of
from cmqa_tasks.reports.page import pack
from cmqa_tasks.results import Run
from cmqa_tasks.writing.text import visible

_PLOTTED = ("same_balanced", "across_balanced", "gap")


@dataclass(frozen=True, slots=True)
class TableCells:
    """A table for the template."""

    header: tuple[str, ...]
    words: tuple[bool, ...]
    """Which columns hold words."""
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]]
    """Row and column of the cells that are the best of their column."""
    marks: tuple[str, ...]
    """By row: what a reader must know before comparing it."""


@dataclass(frozen=True, slots=True)
class BoardTables:
    """A board on the page."""

    key: str
    """For the page's code; the same for the same board."""
    title: str
    setting: str
    table: TableCells
    """What people decide by."""
    others: TableCells
    """All other columns."""
    worlds: TableCells | None
    """``balanced`` across kinds by world; None where there are not at least two worlds."""
    stamps: TableCells


def make(entries: Sequence[Run]) -> list[Board]:
    """The boards of :func:`cmqa_tasks.reports.board.board.make`; none where no model has an arm of different kinds."""
    across = {arm for contrast in contrasts_of(entries) for arm in contrast.across}
    return board.make(entries) if any(across & entry.parts.keys() for entry in entries) else []


def tables(boards: Sequence[Board]) -> list[BoardTables]:
    """Boards for the template."""
    first, others = views()
    return [
        BoardTables(
            _key(ranked),
            ranked.contrast.title,
            pack.name(ranked.setting.title),
            _table(filled(first, ranked), ranked),
            _table(filled(others, ranked), ranked),
            _worlds(ranked),
            _table(filled(STAMPS, ranked), ranked),
        )
        for ranked in boards
    ]


def _key(ranked: Board) -> str:
    return hashlib.sha256(f"{ranked.contrast.name} {ranked.setting}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _table(columns: Sequence[Column], ranked: Board) -> TableCells:
    return TableCells(
        tuple(column.title(ranked.contrast) for column in columns),
        tuple(column.words for column in columns),
        tuple(tuple(pack.name(column.cell(row)) for column in columns) for row in ranked.rows),
        frozenset((row, index) for index, column in enumerate(columns) for row in best(column, ranked)),
        _marks(ranked),
    )


def _worlds(ranked: Board) -> TableCells | None:
    facts, cells = world_scores(ranked)
    if not facts:
        return None
    return TableCells(
        ("model", *(f"{pack.name(world)}, {count} facts" for world, count in facts.items())),
        (True, *(False for _ in facts)),
        tuple((pack.name(row.title), *values) for row, values in zip(ranked.rows, cells, strict=True)),
        frozenset(),
        _marks(ranked),
    )


def _marks(ranked: Board) -> tuple[str, ...]:
    return tuple(visible("; ".join(row.marks)) for row in ranked.rows)


def plotted(boards: Sequence[Board]) -> list[dict[str, Any]]:
    """What the gap plot shows: both scores and the gap of every row, with their intervals."""
    return [
        {
            "key": _key(ranked),
            "title": ranked.contrast.title,
            "same": ranked.contrast.same_name,
            "across": ranked.contrast.across_name,
            "rows": [_row(row) for row in ranked.rows],
        }
        for ranked in boards
    ]


def _row(row: ModelRow) -> dict[str, Any]:
    values = {name: nested(row.values[name]) for name in _PLOTTED}
    return {"name": pack.name(row.title), "ranked": row.rank is not None} | values
