"""The child process of :mod:`cmqa_tasks.harness.evaluations`: lmms-eval's functions, one call per configuration.

lmms-eval's command line prints what went wrong, goes on and exits with 0; its functions raise.

python -m cmqa_tasks.harness.evaluations_child runs.yaml outcomes.jsonl
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def main(configs: Path, outcomes: Path) -> None:
    """Evaluate every configuration of a file; write a line for each when it has ended: ``null``, or why it failed."""
    from accelerate import Accelerator
    from lmms_eval.__main__ import cli_evaluate_single, parse_eval_args

    sys.argv = ["lmms-eval"]  # what the harness's parser reads
    _, defaults = parse_eval_args()
    Accelerator()  # as lmms-eval's command line does before it evaluates
    _read_task_files_once()
    for config in yaml.safe_load(configs.read_text(encoding="utf-8")):
        try:
            cli_evaluate_single(_arguments(config, defaults))
            why = None
        except (Exception, SystemExit) as error:  # whatever it is, the parent process hears of it
            traceback.print_exc()
            why = _first(error)
        with outcomes.open("a", encoding="utf-8") as file:
            file.write(json.dumps(why) + "\n")


def _read_task_files_once() -> None:
    """Let all evaluations of this process share what the task files say: lmms-eval reads 4,300 of them each time."""
    from lmms_eval.tasks import TaskManager

    read = TaskManager._get_task_and_group
    known: dict[str, Any] = {}

    @functools.wraps(read)
    def reading(self: Any, task_dir: str) -> Any:
        if task_dir not in known:
            known[task_dir] = read(self, task_dir)
        return copy.deepcopy(known[task_dir])

    TaskManager._get_task_and_group = reading


def _arguments(config: Mapping[str, Any], defaults: argparse.Namespace) -> argparse.Namespace:
    if unknown := config.keys() - vars(defaults).keys():
        raise ValueError(f"lmms-eval has no argument {', '.join(sorted(unknown))}")
    return argparse.Namespace(**{**vars(defaults), **config})


def _first(error: BaseException) -> str:
    """The first of the exceptions that followed from each other, in one line."""
    while cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = cause
    return " ".join(f"{type(error).__name__}: {error}".split())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
