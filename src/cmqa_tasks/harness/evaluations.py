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
_MADE_BY = ".made_by"
"""Tells whose evaluations these are, so that no command removes another's."""
DEMO = "cmqa demo"
_MISREAD = frozenset(",\"'[]{}")
"""What separates or groups model arguments for lmms-eval, wherever it stands."""


def check_path(option: str, path: str | Path) -> None:
    """Check that a path can be a model argument.

    Raises:
        ValueError: lmms-eval would read it as something else; the message names the option, the path and what is wrong.
    """
    wrong = sorted(set(str(path)) & _MISREAD)
    if wrong:
        raise ValueError(f"{option} {path}: lmms-eval misreads {' '.join(wrong)} in a path; choose one without")


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


def begin(out: Path, command: str) -> None:
    """Make an empty directory for evaluations that are made anew each time; what the same command left in it goes.

    Args:
        out: the directory; it may exist, and be empty or an earlier one of this command.
        command: who makes it, which is kept in the directory.

    Raises:
        FileExistsError: the directory holds something else.
    """
    marker = out / _MADE_BY
    inside = list(out.iterdir()) if out.exists() else []
    if inside and not (marker.is_file() and marker.read_text(encoding="utf-8").strip() == command):
        raise FileExistsError(f"{out} is not empty and was not made by {command}; choose another directory, or remove it")
    out.mkdir(parents=True, exist_ok=True)
    marker.write_text(f"{command}\n", encoding="utf-8")
    for path in inside:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != marker:
            path.unlink()


def end_of_log(out: Path) -> str:
    """The last lines of the log, for messages about what went wrong."""
    return "\n".join((out / LOG).read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])
