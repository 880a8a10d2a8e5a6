"""The command line of the page. Nothing heavy is imported before it runs."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

ITEMS = 5000
"""Items that the sample browser holds at most, unless more are asked for."""
MEGABYTES = 8.0
"""Size of the file at most, in millions of bytes."""


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    report = commands.add_parser("report", help="one HTML page: leaderboard, plots, attention, and every answer to look at")
    runs = "directories of results (--output_path), each with a name of its own if you like: NAME=DIRECTORY"
    report.add_argument("runs", nargs="+", metavar="RUN", help=runs)
    report.add_argument("--out", type=Path, required=True, help="the HTML file; replaced when it exists")
    data = "directory of a release, or .jsonl of your own facts, where a run is of other data than the shipped; repeatable"
    report.add_argument("--data", action="append", default=[], metavar="RELEASE", help=data)
    report.add_argument("--items", type=int, default=ITEMS, help=f"items to look at, at most (default: {ITEMS:,})")
    report.add_argument("--megabytes", type=float, default=MEGABYTES, help=f"size of the file at most (default: {MEGABYTES:g})")
    report.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    from cmqa_tasks.cli.page_commands import report

    if options.items < 0:
        raise ValueError(f"--items must not be negative, not {options.items}")
    if not 0 < options.megabytes < math.inf:
        raise ValueError(f"--megabytes must be above 0 and finite, not {options.megabytes:g}")
    made = report(options.runs, options.out, options.data, options.items, int(options.megabytes * 1e6))
    print(f"{made.path}: {made.bytes / 1e6:.1f} MB, {made.items:,} items, {made.images:,} images")
    for note in made.notes:
        print(f"note: {note}")
    return 0
