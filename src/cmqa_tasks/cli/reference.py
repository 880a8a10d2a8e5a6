"""Record what a model does, for cmqa regress.

cmqa reference update runs/model --out model.reference.jsonl --reason "first release"
cmqa reference update runs/model --out model.reference.jsonl --reason "another sampler" --mode paired
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import LOGGED, command
from cmqa_tasks.reports.gate.modes import MODES


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "reference", __doc__)
    update = parser.add_subparsers(dest="action", required=True).add_parser("update", help="make or replace a reference file")
    update.add_argument("run_directory", type=Path, metavar="RUN", help=LOGGED)
    update.add_argument("--out", type=Path, required=True, help="the reference file, such as model.reference.jsonl")
    update.add_argument("--reason", required=True, help="why, for whoever reads the diff")
    update.add_argument("--mode", choices=MODES, default="exact", help="how the gate compares (default: exact)")


def run(options: argparse.Namespace) -> int:
    """Write the reference file and print what it holds."""
    from cmqa_tasks.reports.gate.reference import update

    recorded, changed = update(options.run_directory, options.out, options.reason, options.mode)
    items = sum(len(records) for records in recorded.snapshot.tasks.values())
    tasks = len(recorded.snapshot.tasks)
    print(f"{options.out}: {recorded.snapshot.model}, {tasks} tasks, {items} items, {changed} outcomes changed")
    return 0
