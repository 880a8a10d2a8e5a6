"""Scores by world and by type of fact as Markdown and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import plain
from cmqa_tasks.writing.numbers import NOTHING

_MODELS = 6
"""Side by side in one table."""
_READING = """\
`balanced` across kinds by type of fact, with 95 % intervals from a bootstrap over the facts of the type, and how many these are.
Nothing here is ranked, and no interval is adjusted for the number of types: with so few facts the best and the worst of many
types differ by chance alone. What is worth a look is then tested on facts of its own (`cmqa build`)."""


def write(boards: Sequence[Board], out: Path) -> list[Path]:
    """Write both forms into an existing directory; nothing where no item says its world or type."""
    if not any(scores for board in boards for row in board.rows for scores in row.groups.values()):
        return []
    return [write_text(out / "by_type.md", to_markdown(boards)), write_text(out / "by_type.csv", to_csv(boards))]


def to_csv(boards: Sequence[Board]) -> str:
    """A line per row of a board and world or type.

    Raises:
        ValueError: no item says its world or type.
    """
    return spreadsheet.to_csv([line for board in boards for row in board.rows for line in _flat(board, row)])


def to_markdown(boards: Sequence[Board]) -> str:
    """A table per board, a row per type; of many models several tables."""
    parts = ["# Scores by type of fact", _READING]
    for board in boards:
        if not any(row.groups.get("type") for row in board.rows):
            continue
        parts.append(f"## {board.contrast.title}: {plain(board.setting.title)}")
        parts += [_table(board.rows[begin : begin + _MODELS], "type") for begin in range(0, len(board.rows), _MODELS)]
    return "\n\n".join(parts) + "\n"


def by_world(board: Board) -> str:
    """The table of worlds of a board, a row per model; empty where there are not at least two worlds."""
    worlds = sorted({world for row in board.rows for world in row.groups.get("world", {})})
    if len(worlds) < 2:
        return ""
    facts = {
        world: max(row.groups["world"][world].facts for row in board.rows if world in row.groups["world"]) for world in worlds
    }
    header = ["model", *(f"{plain(world)} ({facts[world]} facts)" for world in worlds)]
    rows = [[plain(row.title), *(_score(row, "world", world) for world in worlds)] for row in board.rows]
    title = f"`balanced`, {board.contrast.across_name}, by world, with 95 % intervals; not ranked:"
    return f"{title}\n\n{markdown.table(header, rows, words=1)}"


def _table(rows: Sequence[ModelRow], grouping: str) -> str:
    groups = sorted({group for row in rows for group in row.groups.get(grouping, {})})
    facts = {group: max(row.groups[grouping][group].facts for row in rows if group in row.groups[grouping]) for group in groups}
    header = [grouping, "facts", *(plain(row.title) for row in rows)]
    lines = [[plain(group), str(facts[group]), *(_score(row, grouping, group) for row in rows)] for group in groups]
    return markdown.table(header, lines, words=1)


def _score(row: ModelRow, grouping: str, group: str) -> str:
    score = row.groups[grouping].get(group)
    return NOTHING if score is None else score.across.written()


def _flat(board: Board, row: ModelRow) -> Iterator[dict[str, object]]:
    setting = {field.name: getattr(board.setting, field.name) for field in fields(Setting)}
    for grouping, scores in row.groups.items():
        for group, score in scores.items():
            about = {"contrast": board.contrast.name, "model": row.name, "variant": row.variant}
            ends = score.same.flat("same_balanced") | score.across.flat("across_balanced")
            yield about | {"grouping": grouping, "group": group, "facts": score.facts} | ends | setting
