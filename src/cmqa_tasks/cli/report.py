"""Write one HTML page: leaderboard, plots, attention, and every answer to look at.

cmqa report runs --out report.html
cmqa report qwen=runs/qwen mine=runs/mine --data receipts.jsonl --out report.html
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import RUNS, command

ITEMS = 5000
"""Items that the sample browser holds at most, unless more are asked for."""
MEGABYTES = 8.0
"""Size of the file at most, in millions of bytes."""


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "report", __doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help=RUNS)
    parser.add_argument("--out", type=Path, required=True, help="the HTML file; replaced when it exists")
    data = "directory of a release, or .jsonl of your own facts, where a run is of other data than the shipped; repeatable"
    parser.add_argument("--data", action="append", default=[], metavar="RELEASE", help=data)
    parser.add_argument("--items", type=int, default=ITEMS, help=f"items to look at, at most (default: {ITEMS:,})")
    parser.add_argument("--megabytes", type=float, default=MEGABYTES, help=f"size of the file at most (default: {MEGABYTES:g})")


def run(options: argparse.Namespace) -> int:
    """Write the page and print what it holds."""
    from cmqa_tasks.reports.page.report import report

    if options.items < 0:
        raise ValueError(f"--items must not be negative, not {options.items}")
    if not 0 < options.megabytes < math.inf:
        raise ValueError(f"--megabytes must be above 0 and finite, not {options.megabytes:g}")
    page = report(options.runs, options.out, options.data, options.items, int(options.megabytes * 1e6))
    print(f"{page.path}: {page.bytes / 1e6:.1f} MB, {page.items:,} items, {page.images:,} images")
    for note in page.notes:
        print(f"note: {note}")
    return 0
