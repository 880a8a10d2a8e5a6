"""The ``cmqa`` command. Imports stand inside the commands, so that each starts as fast as it can.

cmqa build --seed 7 --facts 400 --out mine      a fresh, private release
cmqa show 1f0c9a52bd3e7788 --protocols all      one item as a model gets it, under every protocol side by side
cmqa mix --data chats.jsonl --data llava.json --strategy instance --per-example 2 --out mixed
cmqa train config.yaml                          TRL's supervised fine-tuning on such a set
cmqa before-after --before A --after B --out c  two checkpoints on benchmarks and on ours, in one table
cmqa attention attention/                       maps of the attention that --model_args attention=on has logged
cmqa leaderboard runs --out leaderboards/       ranks, gaps and intervals from what the harnesses wrote
cmqa checkpoint-path mini_instance              for --model_args pretrained=…
cmqa report runs --out report.html              one page: leaderboard, plots, attention and every answer
cmqa tasks-path lm-eval                         for --include_path, where no plugin is loaded
cmqa lm-eval run --tasks clqa_crosslingual …    the harness's own command line, with our tasks and reference policies
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cmqa_tasks
from cmqa_tasks.cli import before_after_arguments as before_after
from cmqa_tasks.cli import page_arguments as webpage
from cmqa_tasks.cli import regress_arguments as regress
from cmqa_tasks.cli import report_arguments as report
from cmqa_tasks.cli import training_arguments as mixing
from cmqa_tasks.mini import arguments as mini

_EXTRAS = {"lmms-eval": "lmms", "lm-eval": "lm"}
"""The harnesses, and the extra that installs each."""
_DATA = "a release by name or directory, or .jsonl of your own facts (default: the shipped release)"
_PIPE_ENDED = 128 + 13
"""What a shell says of a command that SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; errors of the user's are one line on stderr and exit code 2.

    Where whoever reads the output has gone, as ``head`` does, the rest is not written, and the exit code is that of a pipe's end.
    """
    options = _parse(sys.argv[1:] if arguments is None else list(arguments))
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter's own flush would complain
        return _PIPE_ENDED
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        print(f"cmqa {options.command}: {error}", file=sys.stderr)
        return 2


def _parse(arguments: list[str]) -> argparse.Namespace:
    """The parsed command line; what follows the name of a harness is the harness's to parse, ``--help`` included."""
    if arguments and arguments[0] in _EXTRAS:
        return argparse.Namespace(command=arguments[0], rest=arguments[1:], run=_harness)
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cmqa", description=cmqa_tasks.__doc__)
    parser.add_argument("--version", action="version", version=cmqa_tasks.__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (
        _add_data,
        _add_policies,
        _add_attention,
        before_after.add,
        regress.add,
        report.add,
        webpage.add,
        mini.add,
        mixing.add,
        _add_paths,
    ):
        add(commands)
    for harness in _EXTRAS:
        commands.add_parser(harness, help=f"{harness}'s own command line, with our tasks and reference policies")
    return parser


def _add_data(commands: Any) -> None:
    build = commands.add_parser("build", help="draw facts and render their evidence into a new release directory")
    build.add_argument("--seed", type=int, required=True, help="what the facts are drawn from")
    build.add_argument("--facts", type=int, required=True, help="how many facts")
    build.add_argument("--out", type=Path, required=True, help="the new directory; its name is the release's name")
    build.add_argument("--workers", type=int, default=None, help="processes, each with a browser (default: one per CPU)")
    build.add_argument("--browser", default=None, help="the Chromium to draw with (default: $CMQA_BROWSER, else the PATH)")
    build.set_defaults(run=_build)

    show = commands.add_parser("show", help="write one item as it is put to a model: prompt and images")
    show.add_argument("id", help="id of an item, or of a fact (then every item of it)")
    show.add_argument("--data", default=None, help=_DATA)
    ways = "how the question is put; 'all': every way, side by side"
    show.add_argument("--protocols", nargs="+", default=["aware"], metavar="PROTOCOL", help=ways)
    show.add_argument("--language", default="en", help="language of the question")
    show.add_argument("--out", type=Path, default=Path("cmqa_show"), help="directory to write into")
    show.set_defaults(run=_show)

    items = commands.add_parser("items", help="list the items of an arm: id, relation, world, type, question")
    items.add_argument("arm", help="name of the arm, or of its task: image_text, cmqa_image_text")
    items.add_argument("--data", default=None, help=_DATA)
    items.set_defaults(run=_items)


def _add_policies(commands: Any) -> None:
    demo = commands.add_parser("demo", help="the miniature before and after mixing, through lmms-eval, in one table")
    demo.add_argument("--out", type=Path, required=True, help="directory for the harness's output; replaced when it exists")
    demo.add_argument("--limit", type=int, default=None, help="items per task, for a quick look")
    demo.add_argument("--every-policy", action="store_true", help="instead: all reference policies on the shipped release")
    demo.set_defaults(run=_demo)

    policies = commands.add_parser("policies", help="what the reference policies get, without a harness, as a table")
    policies.add_argument("--policy", nargs="+", default=["oracle", "rule", "random"], metavar="POLICY", help="names of policies")
    policies.add_argument("--protocols", nargs="+", default=["aware"], metavar="PROTOCOL", help="names of protocols; 'all'")
    policies.add_argument("--language", default="en", help="language of the question")
    policies.add_argument("--data", default=None, help=_DATA)
    policies.set_defaults(run=_policies)


def _add_attention(commands: Any) -> None:
    attention = commands.add_parser("attention", help="draw the attention that a run has logged")
    attention.add_argument("log", type=Path, help="directory of the log, or any directory above it")
    attention.add_argument("--out", type=Path, default=None, help="directory for the drawings (default: LOG/attention_plots)")
    rows = ["last_prompt", "generated", "question"]
    attention.add_argument("--aggregate", default="last_prompt", choices=rows, help="which query rows")
    attention.add_argument("--relation", default=None, choices=["conflict", "agree"], help="such items only")
    attention.set_defaults(run=_attention)


def _add_paths(commands: Any) -> None:
    tasks_path = commands.add_parser("tasks-path", help="print the directory of our task files, for --include_path")
    tasks_path.add_argument("harness", choices=list(_EXTRAS))
    tasks_path.set_defaults(run=_tasks_path)

    checkpoint_path = commands.add_parser(
        "checkpoint-path", help="print the directory of a checkpoint that ships with the package"
    )
    checkpoint_path.add_argument("name", help="mini_dataset (before mixing), mini_instance (after); cmqa: may stand before it")
    checkpoint_path.set_defaults(run=_checkpoint_path)


def _build(options: argparse.Namespace) -> int:
    from cmqa_tasks.worlds.build.freeze import build

    if options.workers is not None and options.workers < 1:
        raise ValueError(f"--workers must be at least 1, not {options.workers}")
    metadata = build(options.seed, options.facts, options.out, workers=options.workers, browser=options.browser)
    size = sum(info.bytes for info in metadata.files.values()) / 1e6
    print(f"{options.out}: {metadata.facts} facts, {metadata.files['images.parquet'].rows} images, {size:.1f} MB")
    return 0


def _show(options: argparse.Namespace) -> int:
    from cmqa_tasks.asking.protocols import protocols_named
    from cmqa_tasks.cli.show_item import find, write
    from cmqa_tasks.facts.own import opened
    from cmqa_tasks.facts.release import DEFAULT

    release = opened(options.data or DEFAULT)
    for item in find(release, options.id):
        print(write(item, release, options.out, protocols_named(options.protocols), options.language))
    return 0


def _items(options: argparse.Namespace) -> int:
    from cmqa_tasks.asking.items import items
    from cmqa_tasks.facts.own import opened
    from cmqa_tasks.facts.records import ARMS, arm_named
    from cmqa_tasks.facts.release import DEFAULT
    from cmqa_tasks.harness.catalogue import task_name

    release = opened(options.data or DEFAULT)
    arm = {task_name(one): one for one in ARMS.values()}.get(options.arm) or arm_named(options.arm)
    for item in items(arm, release.facts.values(), release.name):
        fact = release.facts[item.fact_id]
        print(
            item.id, item.relation, fact.world, fact.type, fact.question.get("en") or next(iter(fact.question.values())), sep="\t"
        )
    return 0


def _demo(options: argparse.Namespace) -> int:
    from cmqa_tasks.cli import every_policy as demo
    from cmqa_tasks.mini import pair

    print((demo if options.every_policy else pair).run(options.out, options.limit))
    return 0


def _attention(options: argparse.Namespace) -> int:
    from cmqa_tasks.attention.plots import draw

    out = options.out or options.log / "attention_plots"
    for path in draw(options.log, out, aggregate=options.aggregate, relation=options.relation):
        print(path)
    return 0


def _policies(options: argparse.Namespace) -> int:
    from cmqa_tasks.asking.protocols import protocols_named
    from cmqa_tasks.facts.own import opened
    from cmqa_tasks.facts.release import DEFAULT
    from cmqa_tasks.scoring.policy_rates import table

    print(table(options.policy, protocols_named(options.protocols), opened(options.data or DEFAULT), options.language))
    return 0


def _tasks_path(options: argparse.Namespace) -> int:
    from cmqa_tasks.facts.resources import tasks_dir

    print(tasks_dir(options.harness.replace("-", "_")))
    return 0


def _checkpoint_path(options: argparse.Namespace) -> int:
    from cmqa_tasks.facts.resources import checkpoint_dir

    print(checkpoint_dir(options.name))
    return 0


def _harness(options: argparse.Namespace) -> int:
    from cmqa_tasks.harness import plugin

    run = {"lm-eval": plugin.run_lm_eval, "lmms-eval": plugin.run_lmms_eval}[options.command]
    try:
        return run(options.rest)
    except ModuleNotFoundError as error:
        if error.name not in ("lm_eval", "lmms_eval"):
            raise
        extra = _EXTRAS[options.command]
        raise ValueError(f"{options.command} is not installed: pip install 'cmqa-tasks[{extra}]'") from error
