"""Draw the attention that a run has logged.

cmqa attention attention/
cmqa attention runs/qwen --aggregate generated --relation conflict --out plots
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.attention.names import AGGREGATES, COMPARED
from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "attention", __doc__)
    parser.add_argument("log", type=Path, help="directory of the log, or any directory above it")
    parser.add_argument("--out", type=Path, default=None, help="directory for the drawings (default: LOG/attention_plots)")
    parser.add_argument("--aggregate", default="last_prompt", choices=AGGREGATES, help="which query rows")
    parser.add_argument("--relation", default=None, choices=COMPARED, help="such items only")


def run(options: argparse.Namespace) -> int:
    """Draw, and print the paths of the drawings."""
    from cmqa_tasks.attention.plots import draw

    out = options.out or options.log / "attention_plots"
    for path in draw(options.log, out, aggregate=options.aggregate, relation=options.relation):
        print(path)
    return 0
