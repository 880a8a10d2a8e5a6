"""The harnesses' own command lines, with our tasks and reference policies.

cmqa lm-eval run --model cmqa_reference --model_args policy=follow_first --tasks clqa_crosslingual
cmqa lmms-eval tasks list
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

EXTRAS = {"lmms-eval": "lmms", "lm-eval": "lm"}
"""The harnesses, and the extra that installs each."""


def add(commands: Any) -> None:
    """Add both to the parser of ``cmqa``, for its help: their arguments are the harness's to parse."""
    for harness in EXTRAS:
        commands.add_parser(harness, description=f"{harness}'s own command line, with our tasks and reference policies")


def parsed(arguments: Sequence[str]) -> argparse.Namespace | None:
    """A command line that names a harness first, ``--help`` and all else left to the harness; None for any other."""
    if not arguments or arguments[0] not in EXTRAS:
        return None
    return argparse.Namespace(command=arguments[0], rest=list(arguments[1:]), run=run)


def run(options: argparse.Namespace) -> int:
    """Run the harness; its exit code."""
    from cmqa_tasks.harness import plugin

    start = {"lm-eval": plugin.run_lm_eval, "lmms-eval": plugin.run_lmms_eval}[options.command]
    try:
        return start(options.rest)
    except ModuleNotFoundError as error:
        if error.name not in ("lm_eval", "lmms_eval"):
            raise
        extra = EXTRAS[options.command]
        raise ValueError(f"{options.command} is not installed: pip install 'cmqa-tasks[{extra}]'") from error
