"""The command line of reports. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

_RUNS = "directories of results (--output_path), each with a name of its own if you like: NAME=DIRECTORY"


def add(commands: Any) -> None:
    """Add the commands to the parser of ``cmqa``."""
    leaderboard = commands.add_parser("leaderboard", help="rank models by what the harnesses wrote about them")
    leaderboard.add_argument("runs", nargs="+", metavar="RUN", help=_RUNS)
    leaderboard.add_argument(
        "--out", type=Path, required=True, help="directory for leaderboard.md, .csv, .json, .tex, ablation.md, .csv and figures"
    )
    leaderboard.add_argument(
        "--figures",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="draw PNG and SVG (default: where matplotlib, the extra report, is installed)",
    )
    leaderboard.set_defaults(run=_leaderboard)

    compare = commands.add_parser("compare", help="two models on the same items: what differs, and can it be chance?")
    compare.add_argument("a", metavar="A", help="directory of results of one model")
    compare.add_argument("b", metavar="B", help="directory of results of the other")
    compare.add_argument(
        "--out", type=Path, default=None, help="directory for compare.md and compare.json, with every flipped item"
    )
    compare.add_argument("--flips", type=int, default=5, help="how many flipped items to show (default: 5)")
    compare.set_defaults(run=_compare)


def _leaderboard(options: argparse.Namespace) -> int:
    from cmqa_tasks.cli.report_commands import leaderboard
    from cmqa_tasks.writing import pictures

    for path in leaderboard(options.runs, options.out, options.figures):
        print(path)
    if options.figures is None and not pictures.available():
        print("no figures: drawing needs matplotlib: pip install 'cmqa-tasks[report]'", file=sys.stderr)
    return 0


def _compare(options: argparse.Namespace) -> int:
    from cmqa_tasks.cli.report_commands import compare

    if options.flips < 0:
        raise ValueError(f"--flips must not be negative, not {options.flips}")
    text, written = compare(options.a, options.b, options.out, options.flips)
    print(text, end="")
    for path in written:
        print(path)
    return 0
