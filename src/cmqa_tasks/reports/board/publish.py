"""What ``cmqa leaderboard`` does, without its command line.

paths = leaderboard(["runs", "mine=elsewhere/results"], Path("leaderboards"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cmqa_tasks.reports.board import ablation, ablation_files, board, files
from cmqa_tasks.reports.board.figures import FigureFiles, draw
from cmqa_tasks.reports.board.own_arms import left_out
from cmqa_tasks.results import read_runs
from cmqa_tasks.writing import pictures
from cmqa_tasks.writing.progress import steps


def leaderboard(sources: Sequence[str], out: Path, figures: bool | None = None) -> list[Path]:
    """Read directories (``NAME=DIRECTORY`` or ``DIRECTORY``) and write their leaderboard in all forms.

    Args:
        sources: the directories.
        out: where the files go; made if it does not exist.
        figures: whether to draw; by default where matplotlib is installed.

    Raises:
        ResultsError: a file is damaged, incomplete or of an unknown form, or nothing can be ranked.
        ImportError: figures are wanted and matplotlib is not installed.
    """
    wanted = pictures.available() if figures is None else figures
    with steps("cmqa leaderboard", 4) as begin:
        begin("reading results")
        runs = read_runs(sources)
        begin("ranking")
        boards = board.make(runs)
        found = ablation.views(boards)
        rest = left_out(runs, [(row.name, one.setting, arm) for one in boards for row in one.rows for arm in row.arms])
        begin("drawing figures")
        drawn = draw(found, out) if wanted else FigureFiles()
        begin("writing tables")
        tables = files.write(boards, out, figures=drawn.main, left_out=rest)
        return [*tables, *ablation_files.write(found, out, drawn.ablation or {}), *drawn.paths]
