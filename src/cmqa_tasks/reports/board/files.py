"""A leaderboard as Markdown, CSV, JSON and LaTeX: four forms of the same boards, the same bytes for the same runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.columns import STAMPS, WHO, Column, best, filled, flat, grouped, nested, over_protocols, views
from cmqa_tasks.reports.board.group_files import by_world
from cmqa_tasks.reports.board.names import shortened
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import code, picture, plain
from cmqa_tasks.writing.text import visible

FORMAT = 1
"""Raised when a field of the JSON form changes its meaning."""
_READING = """\
`balanced` is the mean of the rates of right calls on contradicting pairs and on agreeing ones: 0.5 without any insight. `gap` is
`balanced` with both pieces of one kind minus `balanced` across kinds. `recognition` and `false alarms` without another word are
across kinds. Brackets are 95 % intervals from a bootstrap over facts, not adjusted for the number of models.
`rank` is one more than the number of models whose difference to this one has an interval above 0; rows that share a letter behind
it cannot be told apart. Bold: the best of a column, and of `balanced` across kinds all that cannot be told apart from it.
*Not measured*: most answers could not be read, or their requests failed. Such rows, and rows with missing items or failed
requests, have no rank. `… over protocols` is where the score and the rank go with the wording (ablation.md). `p` is McNemar's
exact test, within each model, of recognition between pieces of one kind and of two, adjusted for the models by Holm's rule. A
dash: nothing to count, or not evaluated. Scores by type of fact: by_type.md. What each column means: docs/leaderboards.md."""
_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "−": "$-$",
        "–": "--",
        "…": r"\ldots{}",
        "<": "$<$",
        ">": "$>$",
    }
    | {character: f"\\{character}" for character in "&%$#_{}"}
)
_WIDTH = 5
"""Columns of numbers that a page of LaTeX holds beside the model."""
_SOURCE = "arXiv 2510.02608 (COLM 2025), abstract"
_ELSEWHERE = (
    ("conflicts recognised", "both pieces of one modality or language", "90 %", _SOURCE),
    ("conflicts recognised", "pieces of different modalities or languages", "as low as 3 %", _SOURCE),
)
"""Numbers that others report: what, of which evidence, the value as it is reported, and where. Never beside ours in one table."""
_NOTE = """\
Other data, prompts and scoring than ours: these show the size of the effect that was reported. They are not comparable with the \
rows above."""


def write(
    boards: Sequence[Board],
    out: Path,
    name: str = "leaderboard",
    figures: Mapping[Setting, str] | None = None,
    left_out: Sequence[str] = (),
    columns: Sequence[str] | None = None,
) -> list[Path]:
    """Write all four forms into a directory, each whole or not at all.

    Args:
        boards: the boards.
        out: the directory; made if it does not exist.
        name: of the files, without their endings.
        figures: by setting without its protocol, the name of the figure beside the Markdown form.
        left_out: what was evaluated and stands on no board, and why.
        columns: of the first table; by default what people decide by.

    Raises:
        ValueError: a column of another name; nothing is written then.
    """
    forms = {
        "md": to_markdown(boards, figures, left_out, columns),
        "csv": to_csv(boards),
        "json": to_json(boards, left_out),
        "tex": to_latex(boards, columns),
    }
    out.mkdir(parents=True, exist_ok=True)
    return [write_text(out / f"{name}.{ending}", text) for ending, text in forms.items()]


def to_markdown(
    boards: Sequence[Board],
    figures: Mapping[Setting, str] | None = None,
    left_out: Sequence[str] = (),
    columns: Sequence[str] | None = None,
) -> str:
    """Boards for people, with their figures if there are any."""
    first, second = views(columns)
    parts = ["# Leaderboard", _READING]
    for question, name in (figures or {}).items():
        parts.append(picture(name, f"Contradictions recognised by each model, {question.title}"))
    for board in boards:
        pattern, short = _short(board)
        parts.append(f"## {board.contrast.title}: {plain(board.setting.title)}")
        parts += [f"Models: {code(pattern)}"] if pattern else []
        parts += [_table(first, short), "All other columns:", _table(second, short)]
        parts += [table for table in [by_world(short)] if table]
        parts += ["What stands behind each row:", _table(STAMPS, short)]
    if left_out:
        parts += ["## On no board", "\n".join(f"* {plain(line)}" for line in left_out)]
    parts += ["## Reported elsewhere", _NOTE, markdown.table(["what", "evidence", "reported", "source"], _ELSEWHERE, words=4)]
    return "\n\n".join(parts) + "\n"


def _short(board: Board) -> tuple[str, Board]:
    """What the names of a board have in common, and the board with what each has of its own."""
    pattern, short = shortened([row.name for row in board.rows])
    return pattern, replace(board, rows=tuple(replace(row, name=short[row.name]) for row in board.rows))


def _table(columns: Sequence[Column], board: Board) -> str:
    shown = filled(columns, board)
    bold = {column.name: best(column, board) for column in shown}
    words = next((index for index, column in enumerate(shown) if not column.words), len(shown))
    rows = [[_cell(column, row, index in bold[column.name]) for column in shown] for index, row in enumerate(board.rows)]
    return markdown.table([column.title(board.contrast) for column in shown], rows, words=words)


def _cell(column: Column, row: ModelRow, bold: bool) -> str:
    text = column.cell(row)
    return plain(text) if column.words else f"**{text}**" if bold else text


def to_csv(boards: Sequence[Board]) -> str:
    """A line per row of a board, with every number and every part of the stamp."""
    return spreadsheet.to_csv([flat(board, row) for board in boards for row in board.rows])


def to_json(boards: Sequence[Board], left_out: Sequence[str] = ()) -> str:
    """Everything, arm by arm and group by group as well."""
    content = {
        "format": FORMAT,
        "boards": [
            {"contrast": board.contrast.name, "title": board.setting.title, "rows": [_row(board, row) for row in board.rows]}
            for board in boards
        ],
        "left_out": list(left_out),
        "elsewhere": [dict(zip(("what", "evidence", "value", "source"), number, strict=True)) for number in _ELSEWHERE],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _row(board: Board, row: ModelRow) -> Mapping[str, object]:
    arms = {arm: {name: nested(estimate) for name, estimate in values.items()} for arm, values in row.arms.items()}
    lists = {"notes": list(row.marks), "dates": list(row.dates), "unmeasured": list(row.unmeasured)}
    groups = {f"by_{name}": grouped(scores) for name, scores in row.groups.items()}
    return flat(board, row) | lists | {"arms": arms, "over_protocols": over_protocols(row.spread)} | groups


def to_latex(boards: Sequence[Board], columns: Sequence[str] | None = None) -> str:
    """Tables for ``booktabs`` that a page holds: the first view, and the other columns in parts of a few."""
    parts = [
        "% Needs \\usepackage{booktabs}. Intervals: 95 %, bootstrap over facts. Not comparable with numbers reported elsewhere."
    ]
    first, second = views(columns)
    for board in boards:
        pattern, short = _short(board)
        title = f"{board.contrast.title}: {board.setting.title}" + (f"; models {pattern}" if pattern else "")
        rest = [column for column in second if column.name not in WHO]
        who = [column for column in second if column.name in ("model", "variant")]
        pages = [[*who, *rest[begin : begin + _WIDTH]] for begin in range(0, len(rest), _WIDTH)]
        parts += [_tabular(title, first, short), *(_tabular(f"{title}, continued", page, short) for page in pages)]
        parts.append("\n".join(f"% {_behind(board, row)}" for row in board.rows))
    cells = [_tex(number) for number in _ELSEWHERE]
    block = ["% Reported elsewhere, on other data, prompts and scoring", "\\begin{tabular}{llll}", "\\toprule"]
    parts.append("\n".join([*block, *cells, "\\bottomrule", "\\end{tabular}"]))
    return "\n\n".join(parts) + "\n"


def _tabular(title: str, columns: Sequence[Column], board: Board) -> str:
    shown = filled(columns, board)
    bold = {column.name: best(column, board) for column in shown}
    lines = [
        f"% {_one_line(title)}",
        f"\\begin{{tabular}}{{{''.join('l' if column.words else 'r' for column in shown)}}}",
        "\\toprule",
    ]
    lines += [_tex([column.title(board.contrast) for column in shown]), "\\midrule"]
    for index, row in enumerate(board.rows):
        cells = {column.name: _escaped(column.cell(row)) for column in shown}
        lines.append(_line([f"\\textbf{{{cell}}}" if index in bold[name] else cell for name, cell in cells.items()]))
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}"])


def _behind(board: Board, row: ModelRow) -> str:
    """The stamp of a row on one line."""
    stamps = [f"{column.title(board.contrast)} {column.cell(row)}" for column in STAMPS[1:] if column.cell(row)]
    return _one_line("; ".join([row.name, *stamps]))


def _tex(cells: Sequence[str]) -> str:
    return _line([_escaped(cell) for cell in cells])


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escaped(text: str) -> str:
    return _one_line(text).translate(_ESCAPES)


def _one_line(text: str) -> str:
    return " ".join(visible(text).split())
