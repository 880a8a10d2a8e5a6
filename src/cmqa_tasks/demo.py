"""``cmqa demo`` (what ``make eval`` runs): models of known behaviour through the real lmms-eval, in one table.

By default an oracle, a policy that follows the image whatever the text says, and a vision-language model with random weights;
on request every reference policy. Nothing is downloaded.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cmqa_tasks.policies import POLICIES
from cmqa_tasks.results import ResultsError, latest_results, metric

TASKS = ("cmqa_unimodal", "cmqa_crossmodal")
ROWS = (*(f"cmqa_{arm}" for arm in ("text_text", "image_image", "image_text", "text_image")), *TASKS)
COLUMNS = ("balanced", "recognition", "false_alarm", "agree_correct", "prefers_first", "prefers_image", "unparsed", "abstained")
_LOG_LINES = 15


def run(out: Path, limit: int | None = None, every_policy: bool = False) -> str:
    """Evaluate the models and return the table.

    Args:
        out: directory for the harness's own output; a previous demo in it is replaced.
        limit: items per task, for a quick look.
        every_policy: evaluate all reference policies instead of the usual three models.

    Raises:
        ResultsError: an evaluation left no results, or ``out`` holds something else than a demo.
    """
    if out.exists() and not (out / "runs.yaml").is_file():
        raise ResultsError(f"{out} exists and is no earlier demo; choose another directory")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    models = {name: _policy(name) for name in POLICIES} if every_policy else _usual(out)
    common = {"tasks": ",".join(TASKS), "log_samples": True} | ({} if limit is None else {"limit": limit})
    configs = [common | settings | {"output_path": str(out / name)} for name, settings in models.items()]
    (out / "runs.yaml").write_text(yaml.safe_dump(configs), encoding="utf-8")
    _evaluate(out)
    return table(list(models), out)


def _policy(name: str) -> dict[str, Any]:
    return {"model": "cmqa_reference", "model_args": f"policy={name}"}


def _usual(out: Path) -> Mapping[str, dict[str, Any]]:
    from cmqa_tasks.models.tiny import build

    weights = build("qwen2_5_vl", out / "checkpoint")
    random = {"model": "cmqa_hf", "model_args": f"pretrained={weights}", "batch_size": 16, "gen_kwargs": "max_new_tokens=16"}
    return {"oracle": _policy("oracle"), "follow_image": _policy("follow_image"), "random_weights": random}


def _evaluate(out: Path) -> None:
    print(f"evaluating with lmms-eval; its output goes to {out / 'log.txt'}", file=sys.stderr)
    with (out / "log.txt").open("w", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, "-m", "lmms_eval", "--config", str(out / "runs.yaml")],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,  # lmms-eval's exit code says little; the results files count
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
        )


def table(models: Sequence[str], out: Path) -> str:
    """The Markdown table of models whose results lie in ``out/<model>``, a row per model and task.

    Raises:
        ResultsError: a model has no results.
    """
    return _markdown(["model", "task", *COLUMNS], [row for name in models for row in _rows(name, out)])


def _rows(name: str, out: Path) -> Iterator[list[str]]:
    try:
        results = latest_results(out / name)
    except ResultsError as error:
        lines = (out / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
        raise ResultsError("\n".join([str(error), *lines[-_LOG_LINES:]])) from error
    for task in ROWS:
        yield [name, task, *(_number(metric(results, task, column)) for column in COLUMNS)]


def _number(value: float | None) -> str:
    """Three decimals; a dash where no item counts, nothing where the task has no such metric."""
    return "" if value is None else "–" if math.isnan(value) else f"{value:.3f}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns; the first two hold words, the others numbers."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [cell.ljust(w) if c < 2 else cell.rjust(w) for c, (cell, w) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(header), line(rule), *(line(row) for row in rows)])
