"""Print the directory of a checkpoint that ships with the package.

cmqa checkpoint-path mini_instance
lmms-eval --model cmqa_hf --model_args pretrained="$(cmqa checkpoint-path mini_dataset)" --tasks cmqa_mini
"""

from __future__ import annotations

import argparse
from typing import Any

from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "checkpoint-path", __doc__)
    parser.add_argument("name", help="mini_dataset (before mixing), mini_instance (after); cmqa: may stand before it")


def run(options: argparse.Namespace) -> int:
    """Print the directory."""
    from cmqa_tasks.facts.resources import checkpoint_dir

    print(checkpoint_dir(options.name))
    return 0
