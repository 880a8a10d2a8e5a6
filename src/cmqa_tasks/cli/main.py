"""The ``cmqa`` command. A module beside this one is a command: its arguments and its call.

Heavy imports stand inside the calls, so that every command starts as fast as it can. For example::

    cmqa leaderboard runs --out leaderboards
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import cmqa_tasks
from cmqa_tasks.cli import (
    attention,
    before_after,
    build,
    checkpoint_path,
    compare,
    completion,
    demo,
    export,
    harnesses,
    items,
    leaderboard,
    mix,
    policies,
    reference,
    regress,
    report,
    score,
    show,
    tasks_path,
    train,
    validate,
)
from cmqa_tasks.cli.parsers import summary_line

_GROUPS = {
    "evaluate": (demo, policies, before_after, score, harnesses),
    "look at items, answers and attention": (show, items, attention, report),
    "compare": (leaderboard, compare, regress, reference, export),
    "make data": (build, validate),
    "train": (mix, train),
    "find files": (tasks_path, checkpoint_path, completion),
}
"""What one may want, and the commands for it."""
_EXAMPLES = """examples:
  lmms-eval --model cmqa_hf --model_args pretrained=cmqa:mini_instance --tasks cmqa_mini --output_path runs --log_samples
  cmqa leaderboard runs --out leaderboards
  cmqa report runs --out report.html"""
_PIPE_ENDED = 128 + 13
"""What a shell says of a command that SIGPIPE ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    A user's error prints one line to stderr and gives 2. If stdout is closed early (``| head``), the rest is dropped without a
    word and the code is 141.
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
    return harnesses.parsed(arguments) or parser().parse_args(arguments)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    about = (cmqa_tasks.__doc__ or "").partition("\n\n")[0]
    root = argparse.ArgumentParser(prog="cmqa", description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    root.add_argument("--version", action="version", version=cmqa_tasks.__version__)
    commands = root.add_subparsers(dest="command", metavar="COMMAND", required=True, help="'cmqa COMMAND --help' has examples")
    listed = []
    for title, modules in _GROUPS.items():
        before = list(commands.choices)
        for module in modules:
            known = set(commands.choices)
            module.add(commands)
            for name in commands.choices.keys() - known:
                commands.choices[name].set_defaults(run=module.run)
        names = [name for name in commands.choices if name not in before]
        listed.append("\n".join([f"{title}:", *(summary_line(name, commands.choices[name]) for name in names)]))
    root.epilog = "\n\n".join([*listed, _EXAMPLES])
    return root
