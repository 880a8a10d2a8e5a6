"""What ``cmqa leaderboard`` does, without its command line.

paths = leaderboard(["runs", "mine=elsewhere/results"], Path("leaderboards"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cmqa_tasks.reports.board import ablation, ablation_files, board, files, group_files
from cmqa_tasks.reports.board.columns import views
from cmqa_tasks.reports.board.figures import FigureFiles, draw
from cmqa_tasks.reports.board.own_arms import left_out
from cmqa_tasks.results import read_runs
from cmqa_tasks.writing import pictures
from cmqa_tasks.writing.progress import steps


def leaderboard(
    sources: Sequence[str], out: Path, figures: bool | None = None, columns: Sequence[str] | None = None
) -> list[Path]:
    """Read directories (``NAME=DIRECTORY`` or ``DIRECTORY``) and write their leaderboard in all forms.

    Raises:
        ResultsError: a file is damaged, incomplete or of an unknown form, or nothing can be ranked.
        ValueError: a column of another name.
        ImportError: figures are wanted and matplotlib is not installed.
    """
    wanted = pictures.available() if figures is None else figures
    views(columns)  # says what is wrong with them before anything is read
    with steps("cmqa leaderboard", 4) as begin:
        begin("reading results")
        runs = read_runs(sources)
        begin("ranking")
        boards = board.make(runs)
        by_protocol = ablation.views(boards)
        rest = left_out(runs, [(row.title, ranked.setting, arm) for ranked in boards for row in ranked.rows for arm in row.arms])
        begin("drawing figures")
        drawn = draw(by_protocol, out) if wanted else FigureFiles()
        begin("writing tables")
        tables = files.write(boards, out, figures=drawn.main, left_out=rest, columns=columns)
        tables += [*group_files.write(boards, out), *ablation_files.write(by_protocol, out, drawn.ablation or {})]
        return [*tables, *drawn.paths]
