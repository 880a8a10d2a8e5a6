"""The command line of the gate. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_MODES = ["exact", "paired"]


def add(commands: Any) -> None:
    """Add the commands to the parser of ``cmqa``."""
    gate = commands.add_parser(
        "regress",
        help="does a model still answer as it did? For continuous integration",
        epilog="exit code: 0 fine, 1 regressed, 2 cannot tell (and why)",
    )
    gate.add_argument("--reference", type=Path, required=True, help="a reference file, or a directory of results")
    gate.add_argument(
        "--candidate", type=Path, required=True, help="a directory of results (--log_samples of lmms-eval or lm-eval)"
    )
    gate.add_argument("--mode", choices=_MODES, default=None, help="item by item or statistically (default: as recorded)")
    gate.add_argument("--config", type=Path, default=None, help="YAML file with margins and level")
    gate.add_argument("--junit", type=Path, default=None, help="write JUnit XML here")
    gate.add_argument("--summary", type=Path, default=None, help="write the Markdown summary here, too")
    gate.set_defaults(run=_regress)

    reference = commands.add_parser("reference", help="record what a model does, for cmqa regress")
    update = reference.add_subparsers(dest="action", required=True).add_parser("update", help="make or replace a reference file")
    update.add_argument(
        "run_directory", type=Path, metavar="RUN", help="directory of results (--log_samples of lmms-eval or lm-eval)"
    )
    update.add_argument("--out", type=Path, required=True, help="the reference file, such as model.reference.jsonl")
    update.add_argument("--reason", required=True, help="why, for whoever reads the diff")
    update.add_argument("--mode", choices=_MODES, default="exact", help="how the gate compares (default: exact)")
    update.set_defaults(run=_update)


def _regress(options: argparse.Namespace) -> int:
    from cmqa_tasks.cli import regress_commands as commands
    from cmqa_tasks.reports.gate import outputs

    names = ("reference", "candidate", "config", "mode", "junit", "summary")
    verdict = commands.regress(commands.Job(**{name: getattr(options, name) for name in names}))
    print(outputs.to_markdown(verdict), end="")
    return verdict.exit_code


def _update(options: argparse.Namespace) -> int:
    from cmqa_tasks.reports.gate.reference import update

    made, changed = update(options.run_directory, options.out, options.reason, options.mode)
    items = sum(len(records) for records in made.snapshot.tasks.values())
    print(f"{options.out}: {made.snapshot.model}, {len(made.snapshot.tasks)} tasks, {items} items, {changed} outcomes changed")
    return 0
