"""The command line of ``cmqa before-after``. Nothing heavy is imported before it runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    words = "evaluate a checkpoint before and after training on benchmarks and on ours, into one table of paired differences"
    parser = commands.add_parser("before-after", help=words)
    parser.add_argument("--before", required=True, metavar="CHECKPOINT", help="a hub id or a directory")
    parser.add_argument("--after", required=True, metavar="CHECKPOINT", help="what training made of it")
    parser.add_argument(
        "--out", type=Path, required=True, help="directory of evaluations and table; one that was stopped goes on"
    )
    parser.add_argument("--tasks", default=None, metavar="TASK,…", help="tasks of lmms-eval and ours (default: see the docs)")
    parser.add_argument("--model-args", default="", metavar="NAME=VALUE,…", help="of cmqa_hf, for both: dtype=bfloat16")
    parser.add_argument(
        "--gen-kwargs", default=None, metavar="NAME=VALUE,…", help="generation settings, over those of every task"
    )
    parser.add_argument("--batch-size", type=int, default=1, help="requests per forward pass")
    parser.add_argument("--limit", type=int, default=None, help="items per task, for a quick look")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from cmqa_tasks.reports.before_after import files
    from cmqa_tasks.reports.before_after.runs import TASKS, Request, run
    from cmqa_tasks.reports.before_after.table import table

    tasks = TASKS if options.tasks is None else tuple(options.tasks.split(","))
    told = {name: getattr(options, name) for name in ("out", "model_args", "gen_kwargs", "batch_size", "limit")}
    request = Request({"before": options.before, "after": options.after}, tasks=tasks, **told)
    failed = run(request)
    rows = table(request, failed)
    print(files.to_markdown(rows, request))
    for path in files.write(rows, request):
        print(path)
    for (side, task), why in failed.items():
        print(f"cmqa before-after: {task} was not evaluated {side}: {why}; see {options.out / side}", file=sys.stderr)
    return 1 if failed else 0
