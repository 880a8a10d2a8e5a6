"""The command line of reports. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_RUNS = "directories of results (--output_path), each with a name of its own if you like: NAME=DIRECTORY"


def add(commands: Any) -> None:
    """Add the commands to the parser of ``cmqa``."""
    leaderboard = commands.add_parser("leaderboard", help="rank models by what the harnesses wrote about them")
    leaderboard.add_argument("runs", nargs="+", metavar="RUN", help=_RUNS)
    leaderboard.add_argument("--out", type=Path, required=True, help="directory for leaderboard.md, .csv, .json and .tex")
    leaderboard.set_defaults(run=_leaderboard)


def _leaderboard(options: argparse.Namespace) -> int:
    from cmqa_tasks.report.commands import leaderboard

    for path in leaderboard(options.runs, options.out):
        print(path)
    return 0
