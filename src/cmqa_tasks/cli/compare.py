"""Compare two models on the same items: what differs, and can it be chance?

cmqa compare runs/before runs/after
cmqa compare runs/before runs/after --out difference --flips 20
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "compare", __doc__)
    parser.add_argument("a", metavar="A", help="directory of results of one model")
    parser.add_argument("b", metavar="B", help="directory of results of the other")
    files = "directory for compare.md and compare.json, with every flipped item"
    parser.add_argument("--out", type=Path, default=None, help=files)
    parser.add_argument("--flips", type=int, default=5, help="how many flipped items to show (default: 5)")


def run(options: argparse.Namespace) -> int:
    """Print the comparison and the paths of its files."""
    from cmqa_tasks.reports.compare import files
    from cmqa_tasks.reports.compare.pairs import compare
    from cmqa_tasks.results import read_runs

    if options.flips < 0:
        raise ValueError(f"--flips must not be negative, not {options.flips}")
    comparison = compare(read_runs([options.a]), read_runs([options.b]))
    print(files.to_markdown(comparison, options.flips), end="")
    for path in [] if options.out is None else files.write(comparison, options.out):
        print(path)
    return 0
