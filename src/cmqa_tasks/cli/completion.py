"""Print a script that completes commands and arguments in a shell.

eval "$(cmqa completion bash)"
cmqa completion zsh > ~/.zfunc/_cmqa
"""

from __future__ import annotations

import argparse
from typing import Any

from cmqa_tasks.cli.parsers import command

SHELLS = ("bash", "zsh", "tcsh")


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "completion", __doc__)
    parser.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from cmqa_tasks.cli.main import parser

    print(shtab.complete(parser(), options.shell))
    return 0
