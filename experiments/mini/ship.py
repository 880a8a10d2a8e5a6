"""The pair of checkpoints that ships with the package: one seed before and after mixing, each with a model card.

The seed is the first of a run whose base converged, by its unimodal figures; what is shown by the pair has no say in it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from cmqa_tasks.reports.demo.miniature import PAIR
from cmqa_tasks.writing import markdown
from experiments.mini.grow import directory_of
from experiments.mini.report import Row, first_converged, share_of
from experiments.mini.table import FIGURES

LARGEST = 2_000_000
"""Bytes that a checkpoint's weights may have."""


class ShipError(ValueError):
    """A run has nothing to ship; the message says why."""


def ship(run: Path, rows: Sequence[Row], out: Path) -> list[Path]:
    """Copy the pair of a run, with its cards; what was there under these names is replaced.

    Args:
        run: directory of the run.
        rows: its evaluated checkpoints.
        out: directory that gets a directory per checkpoint.

    Raises:
        ShipError: no base converged, a branch of the pair was not made, or the weights are too large.
    """
    seed = first_converged(rows)
    if seed is None:
        raise ShipError(f"{run}: no base converged; there is nothing to ship")
    by_branch = {row.training.branch: row for row in rows if row.training.seed == seed}
    for branch in PAIR.values():
        weights = directory_of(run, seed, branch) / "model.safetensors"
        if branch not in by_branch or weights.stat().st_size > LARGEST:
            raise ShipError(f"{weights}: missing, or larger than {LARGEST} bytes")
    return [_copy(directory_of(run, seed, branch), out / name, _card(by_branch, name)) for name, branch in PAIR.items()]


def _copy(checkpoint: Path, target: Path, card: str) -> Path:
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(checkpoint, partial, copy_function=shutil.copyfile)
    (partial / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)
    return target


def _card(rows: dict[str, Row], name: str) -> str:
    """The model card, with the figures of the run."""
    text = Path(__file__).with_name("card.md.j2").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)
    trainings = {branch: row.training for branch, row in rows.items()}
    lines = [[figure.name, *(f"{share_of(row, figure):.3f}" for row in rows.values())] for figure in FIGURES]
    table = markdown.table(["", *rows], lines, words=1)
    return environment.from_string(text).render(name=name, branch=PAIR[name], pair=PAIR, table=table, trainings=trainings)
