"""Evaluate a checkpoint before and after training on benchmarks and on ours, into one table of paired differences.

cmqa before-after --before Qwen/Qwen2.5-VL-3B-Instruct --after trained --out difference
cmqa before-after --checkpoint untouched=A --checkpoint same=B --checkpoint mixed=C --tasks mmmu_val,cmqa_crossmodal --out three
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import command

_FIELDS = ("out", "model_args", "gen_kwargs", "batch_size", "limit")


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "before-after", __doc__)
    parser.add_argument("--before", metavar="CHECKPOINT", help="a hub id or a directory")
    parser.add_argument("--after", metavar="CHECKPOINT", help="what training made of it")
    several = "in place of these two: any number of checkpoints, all compared with the first; repeatable"
    parser.add_argument("--checkpoint", action="append", default=[], metavar="NAME=CHECKPOINT", help=several)
    scale = "evaluate adapters (directories of LoRA) at these strengths, 0 to 1, a column each"
    parser.add_argument("--adapter-scale", type=float, nargs="+", default=[], metavar="SCALE", help=scale)
    evaluations = "directory of evaluations and table; one that was stopped goes on"
    parser.add_argument("--out", type=Path, required=True, help=evaluations)
    parser.add_argument("--tasks", default=None, metavar="TASK,…", help="tasks of lmms-eval and ours (default: see the docs)")
    parser.add_argument("--model-args", default="", metavar="NAME=VALUE,…", help="of cmqa_hf, for all: dtype=bfloat16")
    generation = "generation settings, over those of every task"
    parser.add_argument("--gen-kwargs", default=None, metavar="NAME=VALUE,…", help=generation)
    parser.add_argument("--batch-size", type=int, default=1, help="requests per forward pass")
    parser.add_argument("--limit", type=int, default=None, help="items per task, for a quick look")


def run(options: argparse.Namespace) -> int:
    """Evaluate, print the table and the paths of its files; exit code 1 if a task could not be evaluated."""
    from cmqa_tasks.harness.evaluations import check_path
    from cmqa_tasks.reports.before_after import checks, files
    from cmqa_tasks.reports.before_after.adapters import at_scales
    from cmqa_tasks.reports.before_after.runs import TASKS, Request, run
    from cmqa_tasks.reports.before_after.table import table
    from cmqa_tasks.writing.progress import steps

    tasks = TASKS if options.tasks is None else tuple(options.tasks.split(","))
    settings = {name: getattr(options, name) for name in _FIELDS}
    named = _checkpoints(options)
    check_path("--out", options.out)
    checks.check_tasks(tasks)
    checks.model_args(options.model_args)
    with steps("cmqa before-after", 1) as begin:
        begin("merging adapters")
        checkpoints = at_scales(named, options.adapter_scale, options.out)
    request = Request(checkpoints, tasks=tasks, **settings)
    failed = run(request)
    with steps("cmqa before-after", 1) as begin:
        begin("making the table")
        rows = table(request, failed)
    print(files.to_markdown(rows, request))
    for path in files.write(rows, request):
        print(path)
    for (name, task), why in failed.items():
        print(f"cmqa before-after: {name} was not evaluated on {task}: {why}; see {options.out / name}", file=sys.stderr)
    return 1 if failed else 0


def _checkpoints(options: argparse.Namespace) -> dict[str, str]:
    """The checkpoints by name, in order."""
    pair = {name: getattr(options, name) for name in ("before", "after")}
    if not options.checkpoint:
        missing = [f"--{name}" for name, checkpoint in pair.items() if checkpoint is None]
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} missing: give --before and --after, or --checkpoint NAME=CHECKPOINT twice or more"
            )
        return pair
    if any(pair.values()):
        raise ValueError("give --before and --after, or --checkpoint NAME=CHECKPOINT for each of them, not both")
    checkpoints: dict[str, str] = {}
    for argument in options.checkpoint:
        name, equals, checkpoint = argument.partition("=")
        if not (name and equals and checkpoint):
            raise ValueError(f"--checkpoint {argument}: write NAME=CHECKPOINT")
        if name in checkpoints:
            raise ValueError(f"--checkpoint {argument}: {name} is named twice; each checkpoint needs a name of its own")
        checkpoints[name] = checkpoint
    return checkpoints
