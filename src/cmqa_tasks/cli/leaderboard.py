"""Rank models by what the harnesses wrote about them.

cmqa leaderboard runs --out leaderboards
cmqa leaderboard runs/qwen mine=elsewhere/results --out leaderboards --no-figures
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import RUNS, command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "leaderboard", __doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUNS)
    files = "directory for leaderboard.md, .csv, .json, .tex, by_type.md, .csv, ablation.md, .csv and figures"
    parser.add_argument("--out", type=Path, required=True, help=files)
    figures = "draw PNG and SVG (default: where matplotlib, the extra report, is installed)"
    parser.add_argument("--figures", action=argparse.BooleanOptionalAction, default=None, help=figures)
    columns = "columns of the first table beside rank and model, such as gap across_interval items; a wrong one lists all"
    parser.add_argument("--columns", nargs="+", default=None, metavar="COLUMN", help=columns)


def run(options: argparse.Namespace) -> int:
    """Write the leaderboard and print the paths of its files."""
    from cmqa_tasks.reports.board.publish import leaderboard
    from cmqa_tasks.writing import pictures

    for path in leaderboard(options.runs, options.out, options.figures, options.columns):
        print(path)
    if options.figures is None and not pictures.available():
        print("no figures: drawing needs matplotlib: pip install 'cmqa-tasks[report]'", file=sys.stderr)
    return 0
