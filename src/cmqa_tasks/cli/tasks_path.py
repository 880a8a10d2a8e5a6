"""Print the directory of our task files, for --include_path.

lm-eval run --include_path "$(cmqa tasks-path lm-eval)" --tasks clqa_crosslingual --model hf --model_args pretrained=…
lmms-eval tasks list --include_path "$(cmqa tasks-path lmms-eval)"
"""

from __future__ import annotations

import argparse
from typing import Any

from cmqa_tasks.cli.harnesses import EXTRAS
from cmqa_tasks.cli.parsers import command


def add(commands: Any) -> None:
    """Add the command to the parser of ``cmqa``."""
    parser = command(commands, "tasks-path", __doc__)
    parser.add_argument("harness", choices=list(EXTRAS))


def run(options: argparse.Namespace) -> int:
    """Print the directory."""
    from cmqa_tasks.harness.task_files import tasks_dir

    print(tasks_dir("lmms_eval" if options.harness == "lmms-eval" else "lm_eval"))
    return 0
