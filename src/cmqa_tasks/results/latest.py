"""The newest results of one evaluation, whatever its tasks: what a quick look, or another benchmark's table, needs.

latest_results(Path("runs")).metric("cmqa_image_text", "balanced")
latest_samples(Path("runs"), "mmmu_val")[0]["filtered_resps"]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cmqa_tasks.results.results_file as results_file
from cmqa_tasks.results.files import ResultsError, find
from cmqa_tasks.results.items import lines
from cmqa_tasks.results.results_file import ResultsFile


def latest_results(directory: Path) -> ResultsFile:
    """The newest results file below a directory (an ``--output_path``).

    lmms-eval prints a traceback and still exits with 0 when an evaluation fails, so a run counts by this file alone.

    Raises:
        ResultsError: there is none, or it is damaged.
    """
    return results_file.read(max((run.results for run in find(directory)), key=_written))


def latest_samples(directory: Path, task: str) -> list[dict[str, Any]]:
    """The newest samples of a task below a directory, one dictionary a response.

    Raises:
        ResultsError: there are none, or a line is damaged.
    """
    files = [run.samples[task] for run in find(directory) if task in run.samples]
    if not files:
        raise ResultsError(f"no samples of task {task!r} below {directory}")
    return list(lines(max(files, key=_written)))


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns
