"""The miniature's command line, run from a checkout: trains it from scratch, evaluates it and writes a page about it.

python -m experiments.mini --out runs/mini --seeds 1 2 3 4 5 --jobs 2
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cmqa_tasks.results import ResultsError
from cmqa_tasks.writing import pictures
from experiments.mini.grow import BRANCHES, SCALING
from experiments.mini.plots import draw
from experiments.mini.recipe import FROZEN, RecipeError
from experiments.mini.report import page
from experiments.mini.run import run
from experiments.mini.ship import ShipError, ship


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        pictures.require()  # they come last, half an hour later
        branches = (*BRANCHES, *SCALING) if options.scaling else BRANCHES
        rows = run(options.out, options.seeds, branches, options.jobs, options.recipe, options.limit)
        text = page(rows)
        (options.out / "mini.md").write_text(text, encoding="utf-8")
        draw(rows, options.out)
        if options.ship is not None:
            ship(options.out, rows, options.ship)
    except (ImportError, OSError, RecipeError, ResultsError, ShipError, ValueError) as error:
        print(f"mini: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m experiments.mini", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="directory of the run; one that was stopped goes on")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, metavar="SEED", help="of weights and data")
    parser.add_argument("--jobs", type=int, default=1, help="seeds trained at once, a thread each")
    parser.add_argument("--scaling", action="store_true", help="also branches of two and four times the data")
    parser.add_argument("--recipe", type=Path, default=FROZEN, help="a recipe's file (default: the frozen one)")
    parser.add_argument("--limit", type=int, default=None, help="items per task, for a quick look")
    parser.add_argument("--ship", type=Path, default=None, help="copy one seed's checkpoints before and after mixing here")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
