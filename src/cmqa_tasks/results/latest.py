"""The newest results of one lmms-eval run, as they are: what a quick look needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cmqa_tasks.results.errors import ResultsError
from cmqa_tasks.results.files import absent


def latest_results(directory: Path) -> dict[str, Any]:
    """The newest results file of lmms-eval below a directory (its ``--output_path``).

    lmms-eval prints a traceback and still exits with 0 when an evaluation fails, so a run counts by this file alone.

    Raises:
        ResultsError: there is none.
    """
    files = sorted(directory.rglob("*_results.json"), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        raise ResultsError(absent("lmms-eval", directory))
    found: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8"))
    return found


def samples(directory: Path, task: str) -> list[dict[str, Any]]:
    """The newest samples file of a task below a directory, one dictionary a response.

    Raises:
        ResultsError: there is none.
    """
    files = sorted(directory.rglob(f"*_samples_{task}.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    if not files:
        raise ResultsError(f"no samples of task {task!r} below {directory}")
    return [json.loads(line) for line in files[-1].read_text(encoding="utf-8").splitlines()]


def metric(results: dict[str, Any], task: str, name: str) -> float | None:
    """A metric of a task; None when the task does not have it.

    Raises:
        ResultsError: the results hold no such task.
    """
    try:
        values = results["results"][task]
    except KeyError:
        raise ResultsError(f"no task {task!r} in these results; they hold {', '.join(results['results'])}") from None
    value = values.get(f"{name},none")
    return None if value is None else float(value)
