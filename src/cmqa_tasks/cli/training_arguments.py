"""The command lines of ``cmqa mix`` and ``cmqa train``. Nothing heavy is imported before they run."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the commands to the parser of ``cmqa``."""
    _add_mix(commands)
    train = commands.add_parser("train", help="fine-tune a model on a training set, with TRL, PEFT and accelerate")
    train.add_argument("config", type=Path, help="YAML; see docs/mixing.md")
    train.set_defaults(run=_train)


def _add_mix(commands: Any) -> None:
    mix = commands.add_parser("mix", help="make a training set whose examples join instructions of several modalities")
    where = "a file (.jsonl, .json, .parquet), directory or hub data set; options: group, root, split, config, repeat, ignore, …"
    mix.add_argument("--data", action="append", required=True, metavar="WHERE[,OPTION=VALUE…]", help=where)
    mix.add_argument("--out", type=Path, required=True, help="the new directory")
    ways = ["none", "dataset", "same", "instance"]
    mix.add_argument("--strategy", required=True, choices=ways, help="which instances an example joins; see docs/mixing.md")
    mix.add_argument("--per-example", type=int, default=None, help="instances of an example (default: 2 where they are joined)")
    mix.add_argument("--max-tokens", type=int, default=None, help="tokens of an example at most; needs --model")
    mix.add_argument("--model", default=None, help="whose processor counts the tokens: a hub id or a directory")
    mix.add_argument("--revision", default=None, help="of a hub model")
    mix.add_argument(
        "--ratio", default=None, metavar="GROUP=SHARE,…", help="share of each group; the rest is left out, and counted"
    )
    mix.add_argument("--repeat", type=int, default=1, help="how often each instance is used")
    mix.add_argument("--seed", type=int, default=0)
    mix.add_argument("--images", default="reference", choices=["reference", "embed"], help="whether image files are copied in")
    mix.add_argument("--format", default="parquet", choices=["parquet", "jsonl"])
    mix.add_argument("--on-error", default="fail", choices=["fail", "skip"], help="what to do with a bad row")
    mix.add_argument("--num-proc", type=int, default=1, help="processes; changes nothing but the time")
    mix.set_defaults(run=_mix)


def _mix(options: argparse.Namespace) -> int:
    from cmqa_tasks.training.mix import SKIPPED, mix
    from cmqa_tasks.training.options import options_of, ratio_of
    from cmqa_tasks.training.plan import JOINING
    from cmqa_tasks.training.sources import source_of

    told = {name: getattr(options, name) for name in ("strategy", "max_tokens", "model", "revision", "repeat", "seed")}
    told |= {name: getattr(options, name) for name in ("images", "format", "on_error")}
    given = options.per_example
    told["per_example"] = given if given is not None else 2 if options.strategy in JOINING else 1
    told["ratio"] = None if options.ratio is None else ratio_of(options.ratio)
    told["sources"] = tuple(map(source_of, options.data))
    made = mix(options_of(**told), options.out, num_proc=options.num_proc)
    print(f"{options.out}: {sum(made['uses'].values())} instances in {made['examples']} examples, of which")
    print(f"{made['examples_of_several_groups']} join several of the groups {made['uses']}")
    if made["skipped"]:
        print(f"{made['skipped']} bad rows skipped, listed in {options.out / SKIPPED}: {made['skipped_by_problem']}")
    if any(made["left_out"].values()):
        print(f"left out by --ratio: {made['left_out']}")
    return 0


def _train(options: argparse.Namespace) -> int:
    from cmqa_tasks.training.config import load
    from cmqa_tasks.training.train import train

    trained = train(load(options.config))
    if os.environ.get("RANK", "0") == "0":  # one of several processes speaks
        print(trained)
    return 0
