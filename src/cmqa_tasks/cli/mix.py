"""Make a training set whose examples join instructions of several modalities.

cmqa mix --data chats.jsonl --data llava.json --strategy instance --per-example 2 --out mixed
cmqa mix --data chats.jsonl,group=text --strategy none --out alone --format jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cmqa_tasks.cli.parsers import command
from cmqa_tasks.training.choices import FORMATS, IMAGES, JOINING, ON_ERROR, STRATEGIES

_FIELDS = ("strategy", "max_tokens", "model", "revision", "repeat", "seed", "images", "format", "on_error", "check_images")


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "mix", __doc__)
    where = "a file, directory, address or hub data set; options: group, root, split, repeat, ignore, …"
    parser.add_argument("--data", action="append", required=True, metavar="WHERE[,OPTION=VALUE…]", help=where)
    parser.add_argument("--out", type=Path, required=True, help="the new directory")
    ways = "which instances an example joins; see docs/mixing.md"
    parser.add_argument("--strategy", required=True, choices=STRATEGIES, help=ways)
    joined = "instances of an example (default: 2 where they are joined)"
    parser.add_argument("--per-example", type=int, default=None, help=joined)
    parser.add_argument("--max-tokens", type=int, default=None, help="tokens of an example at most; needs --model")
    parser.add_argument("--model", default=None, help="whose processor counts the tokens: a hub id or a directory")
    parser.add_argument("--revision", default=None, help="of a hub model")
    share = "share of each group; the rest is left out, and counted"
    parser.add_argument("--ratio", default=None, metavar="GROUP=SHARE,…", help=share)
    parser.add_argument("--repeat", type=int, default=1, help="how often each instance is used")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", default="reference", choices=IMAGES, help="whether image files are copied in")
    parser.add_argument("--format", default="parquet", choices=FORMATS, help="parquet and jsonl are TRL's; see docs/mixing.md")
    parser.add_argument("--on-error", default="fail", choices=ON_ERROR, help="what to do with a bad row")
    checked = "decode every image: a damaged one is a bad row; otherwise training finds it"
    parser.add_argument("--check-images", action="store_true", help=checked)
    parser.add_argument("--num-proc", type=int, default=1, help="processes; changes nothing but the time")
    shard = "read a share of the sources, 2/4 for one of four, and stop; the same command without it then mixes them"
    parser.add_argument("--shard", default=None, metavar="I/N", help=shard)


def run(options: argparse.Namespace) -> int:
    """Write the training set and print what it holds."""
    from cmqa_tasks.training.mix import SKIPPED, mix, read_share
    from cmqa_tasks.training.options import options_of, ratio_of, share_of
    from cmqa_tasks.training.sources import source_of

    settings = {name: getattr(options, name) for name in _FIELDS}
    per_example = options.per_example
    settings["per_example"] = per_example if per_example is not None else 2 if options.strategy in JOINING else 1
    settings["ratio"] = None if options.ratio is None else ratio_of(options.ratio)
    settings["sources"] = tuple(map(source_of, options.data))
    if options.shard is not None:
        share, shares = share_of(options.shard)
        chunks = read_share(options_of(**settings), options.out, share, shares, num_proc=options.num_proc)
        print(
            f"{options.out}: share {share} of {shares} is read ({chunks} chunks); the same command without --shard mixes them all"
        )
        return 0
    counts = mix(options_of(**settings), options.out, num_proc=options.num_proc)
    print(f"{options.out}: {sum(counts['uses'].values())} instances in {counts['examples']} examples, of which")
    print(f"{counts['examples_of_several_groups']} join several of the groups {counts['uses']}")
    if counts["skipped"]:
        print(f"{counts['skipped']} bad rows skipped, listed in {options.out / SKIPPED}: {counts['skipped_by_problem']}")
    if any(counts["left_out"].values()):
        print(f"left out by --ratio: {counts['left_out']}")
    return 0
