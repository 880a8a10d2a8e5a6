"""The command line of ``cmqa mini``. Nothing heavy is imported before it runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    mini = commands.add_parser("mini", help="train the miniature from scratch, evaluate it, and write a page about it")
    mini.add_argument("--out", type=Path, required=True, help="directory of the run; one that was stopped goes on")
    mini.add_argument("--seeds", type=int, nargs="+", required=True, metavar="SEED", help="of weights and data")
    mini.add_argument("--jobs", type=int, default=1, help="seeds trained at once, a thread each")
    mini.add_argument("--scaling", action="store_true", help="also branches of two and four times the data")
    mini.add_argument("--recipe", type=Path, default=None, help="a recipe's file (default: the shipped one)")
    mini.add_argument("--limit", type=int, default=None, help="items per task, for a quick look")
    mini.add_argument(
        "--ship", type=Path, default=None, help="copy one seed's checkpoints before and after mixing here, with cards"
    )
    mini.set_defaults(run=_mini)


def _mini(options: argparse.Namespace) -> int:
    from cmqa_tasks.mini.grow import BRANCHES, SCALING
    from cmqa_tasks.mini.plots import draw
    from cmqa_tasks.mini.report import page
    from cmqa_tasks.mini.run import run
    from cmqa_tasks.mini.ship import ship
    from cmqa_tasks.writing import pictures

    pictures.require()  # they come last, half an hour later
    branches = (*BRANCHES, *SCALING) if options.scaling else BRANCHES
    rows = run(options.out, options.seeds, branches, options.jobs, options.recipe, options.limit)
    text = page(rows)
    (options.out / "mini.md").write_text(text, encoding="utf-8")
    draw(rows, options.out)
    if options.ship is not None:
        ship(options.out, rows, options.ship)
    print(text)
    return 0
