"""What the parsers of all commands share."""

from __future__ import annotations

import argparse
from typing import Any

DATA = "a release by name or directory, or .jsonl of your own facts (default: the shipped release)"
RUNS = "directories of results (--output_path), each with a name of its own if you like: NAME=DIRECTORY"
LOGGED = "directory of results (--log_samples of lmms-eval or lm-eval)"


def command(commands: Any, name: str, doc: str | None, notes: str = "") -> argparse.ArgumentParser:
    """Add a command's parser.

    Args:
        commands: what ``add_subparsers`` returned.
        name: of the command.
        doc: the docstring of the command's module: its first paragraph says what the command does, the others show examples.
        notes: what else its help says.
    """
    summary, _, examples = (doc or "").strip().partition("\n\n")
    summary = " ".join(summary.split())
    shown = [f"examples:\n  {line}" if number == 0 else f"  {line}" for number, line in enumerate(examples.splitlines())]
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        description=summary,
        epilog="\n".join([*shown, *(["", notes] if notes else [])]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def summary_line(name: str, parser: argparse.ArgumentParser) -> str:
    """A command and what it does, as a list of commands shows them."""
    summary = (parser.description or "").rstrip(".")
    return f"  {name:<17}{summary[:1].lower()}{summary[1:]}"
