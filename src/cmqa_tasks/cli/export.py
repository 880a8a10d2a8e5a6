"""Write results in the form of Every Eval Ever's data store or of a model repository on the Hub; sending them is yours.

cmqa export runs/model --to every-eval-ever --organization "My lab" --relationship third_party --out export
cmqa export runs/model --to hub --dataset my-org/cmqa --out export
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import RUNS, command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "export", __doc__)
    parser.add_argument("runs", nargs="+", help=RUNS)
    parser.add_argument("--to", required=True, choices=["every-eval-ever", "hub"], help="whose form")
    parser.add_argument("--out", type=Path, required=True, help="the new directory")
    parser.add_argument("--organization", default=None, help="every-eval-ever: who ran the evaluation")
    related = ["first_party", "third_party", "collaborative", "other"]
    parser.add_argument("--relationship", default=None, choices=related, help="every-eval-ever: of those to the model's makers")
    parser.add_argument("--developer", default=None, help="every-eval-ever: the model's makers, where its name is not org/model")
    parser.add_argument("--dataset", default=None, help="hub: id of the data set there")
    parser.add_argument("--url", default=None, help="where the organization or the results can be looked at")


def run(options: argparse.Namespace) -> int:
    """Write the files and print their paths."""
    from cmqa_tasks.reports.export import every_eval_ever, hub
    from cmqa_tasks.results import read_runs

    needed = ("organization", "relationship") if options.to == "every-eval-ever" else ("dataset",)
    if missing := [f"--{name}" for name in needed if not getattr(options, name)]:
        raise ValueError(f"--to {options.to} needs {' and '.join(missing)}")
    if options.out.exists():
        raise ValueError(f"{options.out} exists; choose another directory or delete it")
    for evaluated in read_runs(options.runs):
        if options.to == "hub":
            print(hub.write(evaluated, options.out, options.dataset, options.url))
            continue
        evaluator = every_eval_ever.Evaluator(options.organization, options.relationship, options.url)
        for path in every_eval_ever.write(evaluated, options.out, evaluator, options.developer):
            print(path)
    return 0
