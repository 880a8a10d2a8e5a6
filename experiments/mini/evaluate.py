"""Evaluates checkpoints of the miniature through lmms-eval's command line, with attention logged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cmqa_tasks.harness.evaluations import evaluate
from cmqa_tasks.reports.demo.miniature import configuration, environment, is_evaluated


def evaluate_checkpoints(checkpoints: Mapping[str, Path], out: Path, limit: int | None = None) -> None:
    """Evaluate checkpoints on every task of the miniature; what has been evaluated before is left alone.

    Args:
        checkpoints: by name.
        out: gets a directory per name, with lmms-eval's files and the attention.
        limit: items per task, for a quick look.

    Raises:
        EvaluationError: an evaluation failed.
    """
    missing = {name: path for name, path in checkpoints.items() if not is_evaluated(out / name)}
    if not missing:
        return
    out.mkdir(parents=True, exist_ok=True)
    limited = {} if limit is None else {"limit": limit}
    configurations = [configuration(str(path), out / name) | limited for name, path in missing.items()]
    for failure in evaluate(configurations, out, environment()):
        if failure is not None:
            raise failure
