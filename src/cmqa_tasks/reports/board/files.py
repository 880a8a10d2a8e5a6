"""A leaderboard as Markdown, CSV, JSON and LaTeX: four forms of the same boards, the same bytes for the same runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.columns import COLUMNS, STAMPS, Column, flat, nested, over_protocols
from cmqa_tasks.reports.board.elsewhere import ELSEWHERE, NOTE
from cmqa_tasks.results import Setting
from cmqa_tasks.writing import markdown, spreadsheet
from cmqa_tasks.writing.files import write_text
from cmqa_tasks.writing.markdown import picture, plain

FORMAT = 1
"""Raised when a field of the JSON form changes its meaning."""
_READING = """\
`balanced` is the mean of the rates of right calls on contradicting pairs and on agreeing ones: 0.5 without any insight. `gap` is
`balanced` with both pieces of one kind minus `balanced` across kinds. Brackets are 95 % intervals from a bootstrap over facts.
`… over protocols` is where it and the rank go with the wording (ablation.md). `p` is McNemar's exact test, within each model, of
recognition between pieces of one kind and of two, adjusted for the models by Holm's rule.
`rank` is one more than the number of models that are better beyond doubt; rows that share a letter under `ties` cannot be told
apart. A dash: nothing to count, or not evaluated. What each column means: docs/leaderboards.md."""
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


def write(
    boards: Sequence[Board],
    out: Path,
    name: str = "leaderboard",
    figures: Mapping[Setting, str] | None = None,
    left_out: Sequence[str] = (),
) -> list[Path]:
    """Write all four forms into a directory, each whole or not at all.

    Args:
        boards: the boards.
        out: the directory; made if it does not exist.
        name: of the files, without their endings.
        figures: by setting without its protocol, the name of the figure beside the Markdown form.
        left_out: what was evaluated and stands on no board, and why.
    """
    forms = {
        "md": to_markdown(boards, figures, left_out),
        "csv": to_csv(boards),
        "json": to_json(boards, left_out),
        "tex": to_latex(boards),
    }
    out.mkdir(parents=True, exist_ok=True)
    return [write_text(out / f"{name}.{ending}", text) for ending, text in forms.items()]


def to_markdown(boards: Sequence[Board], figures: Mapping[Setting, str] | None = None, left_out: Sequence[str] = ()) -> str:
    """Boards for people, with their figures if there are any."""
    parts = ["# Leaderboard", _READING]
    for question, name in (figures or {}).items():
        parts.append(picture(name, f"Contradictions recognised by each model, {question.title}"))
    for board in boards:
        parts += [f"## {board.contrast.title}: {board.setting.title}", _table(COLUMNS, board)]
        parts += ["What stands behind each row:", _table(_filled(STAMPS, board), board)]
    if left_out:
        parts += ["## On no board", "\n".join(f"* {plain(one)}" for one in left_out)]
    parts += ["## Reported elsewhere", NOTE, _elsewhere()]
    return "\n\n".join(parts) + "\n"


def _table(columns: Sequence[Column], board: Board) -> str:
    words = next((place for place, column in enumerate(columns) if not column.words), len(columns))
    return markdown.table(
        [column.title(board.contrast) for column in columns],
        [[plain(column.cell(row)) if column.words else column.cell(row) for column in columns] for row in board.rows],
        words=words,
    )


def _filled(columns: Sequence[Column], board: Board) -> list[Column]:
    """The columns that hold anything."""
    return [column for column in columns if any(column.cell(row) for row in board.rows)]


def _elsewhere() -> str:
    header = ["what", "evidence", "reported", "source"]
    return markdown.table(header, [[one.what, one.evidence, one.value, one.source] for one in ELSEWHERE], words=len(header))


def to_csv(boards: Sequence[Board]) -> str:
    """A line per row of a board, with every number and every part of the stamp."""
    return spreadsheet.to_csv([flat(board, row) for board in boards for row in board.rows])


def to_json(boards: Sequence[Board], left_out: Sequence[str] = ()) -> str:
    """Everything, arm by arm as well."""
    content = {
        "format": FORMAT,
        "boards": [
            {"contrast": board.contrast.name, "title": board.setting.title, "rows": [_row(board, row) for row in board.rows]}
            for board in boards
        ],
        "left_out": list(left_out),
        "elsewhere": [{name: getattr(one, name) for name in ("what", "evidence", "value", "source")} for one in ELSEWHERE],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _row(board: Board, row: ModelRow) -> Mapping[str, object]:
    arms = {arm: {name: nested(one) for name, one in values.items()} for arm, values in row.arms.items()}
    lists = {"notes": list(row.marks), "dates": list(row.dates)}
    return flat(board, row) | lists | {"arms": arms, "over_protocols": over_protocols(row.spread)}


def to_latex(boards: Sequence[Board]) -> str:
    """A ``tabular`` per board for ``booktabs``, with its setting above it as a comment."""
    parts = [
        "% Needs \\usepackage{booktabs}. Intervals: 95 %, bootstrap over facts. Not comparable with numbers reported elsewhere."
    ]
    for board in boards:
        lines = [f"% {board.contrast.title}: {board.setting.title}", f"\\begin{{tabular}}{{{_shape(COLUMNS)}}}", "\\toprule"]
        lines += [_tex([column.title(board.contrast) for column in COLUMNS]), "\\midrule"]
        lines += [_tex([column.cell(row) for column in COLUMNS]) for row in board.rows]
        lines += ["\\bottomrule", "\\end{tabular}"]
        lines += [f"% {_behind(board, row)}" for row in board.rows]
        parts.append("\n".join(lines))
    cells = [_tex([one.what, one.evidence, one.value, one.source]) for one in ELSEWHERE]
    block = ["% Reported elsewhere, on other data, prompts and scoring", "\\begin{tabular}{llll}", "\\toprule"]
    parts.append("\n".join([*block, *cells, "\\bottomrule", "\\end{tabular}"]))
    return "\n\n".join(parts) + "\n"


def _behind(board: Board, row: ModelRow) -> str:
    """The stamp of a row on one line."""
    said = [f"{column.title(board.contrast)} {column.cell(row)}" for column in STAMPS[1:] if column.cell(row)]
    return " ".join("; ".join([row.name, *said]).split())


def _shape(columns: Sequence[Column]) -> str:
    return "".join("l" if column.words else "r" for column in columns)


def _tex(cells: Sequence[str]) -> str:
    return " & ".join(" ".join(cell.split()).translate(_ESCAPES) for cell in cells) + r" \\"
