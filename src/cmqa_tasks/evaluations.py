"""Evaluations by the real lmms-eval, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

CONFIGS, LOG = "runs.yaml", "log.txt"
OFFLINE: Mapping[str, str] = {"HF_HUB_OFFLINE": "1"}
_LOG_LINES = 15


def evaluate(configs: Sequence[Mapping[str, Any]], out: Path, environment: Mapping[str, str] = OFFLINE) -> None:
    """Run evaluations one after the other; what they print goes to ``log.txt``.

    lmms-eval's exit code says little: what counts is whether results lie where each configuration's ``output_path`` says.

    Args:
        configs: of each evaluation, as lmms-eval's ``--config`` reads them.
        out: an existing directory for configurations and log.
        environment: variables to set; offline unless it says otherwise.
    """
    (out / CONFIGS).write_text(yaml.safe_dump([dict(config) for config in configs]), encoding="utf-8")
    print(f"evaluating with lmms-eval; its output goes to {out / LOG}", file=sys.stderr)
    with (out / LOG).open("w", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, "-m", "lmms_eval", "--config", str(out / CONFIGS)],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
            env=os.environ | environment,
        )


def begin(out: Path) -> None:
    """An empty directory for evaluations that are made anew each time; what an earlier one left in it goes.

    Raises:
        FileExistsError: the directory holds something else than evaluations.
    """
    if out.exists() and not (out / CONFIGS).is_file():
        raise FileExistsError(f"{out} exists and is no earlier demo; choose another directory")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


def end_of_log(out: Path) -> str:
    """The last lines of the log, for messages about what went wrong."""
    return "\n".join((out / LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])
