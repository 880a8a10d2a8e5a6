"""``cmqa demo`` (what ``make eval`` runs): models of known behaviour through the real lmms-eval, in one table.

An oracle, a policy that follows the image whatever the text says, and a vision-language model with random weights. No download.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cmqa_tasks.results import ResultsError, latest_results, metric

TASKS = ("cmqa_unimodal", "cmqa_crossmodal")
ARMS = ("cmqa_text_text", "cmqa_image_image", "cmqa_image_text", "cmqa_text_image")
_COLUMNS = ("balanced", "recognition", "false_alarm", "agree_correct", "prefers_first", "prefers_image", "unparsed")


def run(out: Path, limit: int | None = None) -> str:
    """Evaluate the three models and return the table.

    Args:
        out: directory for the harness's own output; a previous demo in it is replaced.
        limit: items per task, for a quick look.

    Raises:
        ResultsError: an evaluation left no results.
    """
    from cmqa_tasks.models.tiny import build

    shutil.rmtree(out, ignore_errors=True)
    checkpoint = build("qwen2_5_vl", out / "random_weights")
    models = {
        "oracle": ("cmqa_reference", "policy=oracle", ()),
        "follow_image": ("cmqa_reference", "policy=follow_image", ()),
        "random weights": ("cmqa_hf", f"pretrained={checkpoint}", ("--batch_size", "16", "--gen_kwargs", "max_new_tokens=16")),
    }
    rows = []
    for name, (model, arguments, options) in models.items():
        directory = out / name.replace(" ", "_")
        more = [*options, *(["--limit", str(limit)] if limit is not None else [])]
        _evaluate(model, arguments, directory, more)
        rows += _rows(name, directory)
    return _table(["model", "task", *_COLUMNS], rows)


def _evaluate(model: str, arguments: str, directory: Path, options: Sequence[str]) -> None:
    command = [sys.executable, "-m", "lmms_eval", "--model", model, "--model_args", arguments, "--tasks", ",".join(TASKS)]
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "log.txt"
    print(f"evaluating {model} ({arguments}), log in {log}", file=sys.stderr)
    with log.open("w", encoding="utf-8") as file:
        subprocess.run(
            [*command, "--output_path", str(directory), "--log_samples", *options],
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
        )


def _rows(name: str, directory: Path) -> Iterator[list[str]]:
    try:
        results = latest_results(directory)
    except ResultsError as error:
        tail = "".join((directory / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)[-15:])
        raise ResultsError(f"{error}\n{tail}") from error
    for task in (*ARMS, *TASKS):
        yield [name, task, *(_number(metric(results, task, column)) for column in _COLUMNS)]


def _number(value: float | None) -> str:
    return "" if value is None else "–" if math.isnan(value) else f"{value:.3f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns; the first two hold words, the others numbers."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [
        [cell.ljust(w) if c < 2 else cell.rjust(w) for c, (cell, w) in enumerate(zip(row, widths, strict=True))] for row in rows
    ]
    head = [cell.ljust(w) if c < 2 else cell.rjust(w) for c, (cell, w) in enumerate(zip(header, widths, strict=True))]
    rule = ["-" * w if c < 2 else "-" * (w - 1) + ":" for c, w in enumerate(widths)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *lines))
