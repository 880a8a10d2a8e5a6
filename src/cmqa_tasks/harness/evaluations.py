"""Evaluations by lmms-eval's own functions, in a child process, so that what is loaded there does not stay here.

configs = [{"model": "cmqa_reference", "model_args": "policy=oracle", "tasks": "cmqa", "output_path": "out/oracle"}]
for failure in evaluate(configs, Path("out")):
if failure is not None:
raise failure
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

CONFIGS, LOG = "runs.yaml", "log.txt"
OFFLINE: Mapping[str, str] = {"HF_HUB_OFFLINE": "1"}
_MADE_BY = ".made_by"
"""Tells whose evaluations these are, so that no command removes another's."""
DEMO = "cmqa demo"
_SECONDS = 0.5
"""Between looks at what a child process has finished."""
_MISREAD = frozenset(",\"'[]{}")
"""What separates or groups model arguments for lmms-eval, wherever it stands."""


class EvaluationError(RuntimeError):
    """An evaluation failed: the first of the exceptions that followed from each other, as ``ValueError: …``.

    The traceback is in the log.
    """


def check_path(option: str, path: str | Path) -> None:
    """Check that a path can be a model argument.

    Raises:
        ValueError: lmms-eval would read it as something else; the message names the option, the path and what is wrong.
    """
    wrong = sorted(set(str(path)) & _MISREAD)
    if wrong:
        raise ValueError(f"{option} {path}: lmms-eval misreads {' '.join(wrong)} in a path; choose one without")


def evaluate(
    configs: Sequence[Mapping[str, Any]], out: Path, environment: Mapping[str, str] = OFFLINE
) -> list[EvaluationError | None]:
    """Run evaluations one after the other in one child process; what they print goes to ``log.txt``.

    Results and samples are written as by lmms-eval's command line, to the ``output_path`` of each configuration.

    Args:
        configs: of each evaluation: arguments of lmms-eval's command line by name, ``model_args`` and ``tasks`` as text.
        out: an existing directory for configurations and log.
        environment: variables to set; offline unless it says otherwise.

    Returns:
        For each configuration why it failed, or None. A process that was killed fails all that it had not finished.

    Raises:
        ImportError: lmms-eval is not installed.
    """
    if importlib.util.find_spec("lmms_eval") is None:
        raise ImportError("lmms-eval is not installed: pip install 'cmqa-tasks[lmms]'")
    (out / CONFIGS).write_text(yaml.safe_dump([dict(config) for config in configs]), encoding="utf-8")
    print(f"evaluating with lmms-eval; its output goes to {out / LOG}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory, (out / LOG).open("w", encoding="utf-8") as log:
        outcomes = Path(directory) / "outcomes.jsonl"
        child = subprocess.Popen(
            [sys.executable, "-m", "cmqa_tasks.harness.evaluations_child", str(out / CONFIGS), str(outcomes)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | environment,
        )
        with child:
            _watch(child, outcomes, len(configs))
        finished = list(_finished(outcomes))
    unfinished = len(configs) - len(finished)
    return finished + [EvaluationError(f"{_end_of(child.returncode)}; see {out / LOG}") for _ in range(unfinished)]


def _watch(child: subprocess.Popen[bytes], outcomes: Path, total: int) -> None:
    """Wait for a child process; where stderr is a terminal, show how many evaluations have ended."""
    with tqdm(total=total, desc="evaluations", leave=False, disable=None) as progress:
        while child.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_SECONDS)
            progress.update(len(list(_finished(outcomes))) - progress.n)


def _finished(outcomes: Path) -> Iterator[EvaluationError | None]:
    if outcomes.exists():
        for line in outcomes.read_text(encoding="utf-8").splitlines():
            why = json.loads(line)
            yield None if why is None else EvaluationError(why)


def _end_of(code: int) -> str:
    """Why a process ended before its work was done."""
    if code < 0:
        return f"the process was ended by {signal.Signals(-code).name}"
    return f"the process ended with exit code {code}"


def begin(out: Path, command: str) -> None:
    """Make an empty directory for evaluations that are made anew each time; what the same command left in it goes.

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
