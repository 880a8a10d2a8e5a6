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

_COMMANDS = (
    build,
    show,
    items,
    validate,
    demo,
    policies,
    score,
    attention,
    before_after,
    regress,
    reference,
    leaderboard,
    compare,
    report,
    export,
    mix,
    train,
    tasks_path,
    checkpoint_path,
    harnesses,
)
"""In the order of the help."""
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
    return harnesses.parsed(arguments) or _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cmqa", description=cmqa_tasks.__doc__)
    parser.add_argument("--version", action="version", version=cmqa_tasks.__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for module in _COMMANDS:
        module.add(commands)
    return parser
