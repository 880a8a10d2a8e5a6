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


def world_scores(board: Board) -> tuple[dict[str, int], list[list[str]]]:
    """How many facts each world has, and the cells of each row; nothing where there are not at least two worlds."""
    facts = _facts(board.rows, "world")
    return (facts, [[_score(row, "world", world) for world in facts] for row in board.rows]) if len(facts) > 1 else ({}, [])


def by_world(board: Board) -> str:
    """The table of worlds of a board, a row per model; empty where there are not at least two worlds."""
    facts, cells = world_scores(board)
    if not facts:
        return ""
    header = ["model", *(f"{plain(world)} ({count} facts)" for world, count in facts.items())]
    rows = [[plain(row.title), *scores] for row, scores in zip(board.rows, cells, strict=True)]
    title = f"`balanced`, {board.contrast.across_name}, by world, with 95 % intervals; not ranked:"
    return f"{title}\n\n{markdown.table(header, rows, words=1)}"


def _table(rows: Sequence[ModelRow], grouping: str) -> str:
    header = [grouping, "facts", *(plain(row.title) for row in rows)]
    facts = _facts(rows, grouping).items()
    lines = [[plain(group), str(count), *(_score(row, grouping, group) for row in rows)] for group, count in facts]
    return markdown.table(header, lines, words=1)


def _facts(rows: Sequence[ModelRow], grouping: str) -> dict[str, int]:
    """The groups, sorted, with the most facts that a row has of each."""
    scores = sorted((group, score.facts) for row in rows for group, score in row.groups.get(grouping, {}).items())
    return dict(scores)


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
