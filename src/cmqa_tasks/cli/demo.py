"""Evaluate the miniature before and after mixing through lmms-eval, in one table.

cmqa demo --out runs/demo
cmqa demo --out runs/policies --every-policy
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "demo", __doc__)
    parser.add_argument("--out", type=Path, required=True, help="directory for the harness's output; replaced when it exists")
    parser.add_argument("--limit", type=int, default=None, help="items per task, for a quick look")
    parser.add_argument("--every-policy", action="store_true", help="instead: all reference policies on the shipped release")


def run(options: argparse.Namespace) -> int:
    """Evaluate, and print the table."""
    if options.every_policy:
        from cmqa_tasks.reports.demo.policies import run as evaluated
    else:
        from cmqa_tasks.reports.demo.miniature import run as evaluated

    print(evaluated(options.out, options.limit))
    return 0
