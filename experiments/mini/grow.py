"""From a seed to its checkpoints on disk: a base, and a branch of it under each strategy.

Each checkpoint is a directory that any loader of transformers reads, with ``training.json`` (:class:`Training`) beside the
weights. It appears whole or not at all, and one that exists is not made again: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from transformers import LlavaForConditionalGeneration

from cmqa_tasks.training.choices import Strategy
from experiments.mini.check import Unimodal, unimodal
from experiments.mini.checkpoint import save
from experiments.mini.mixed import STRATEGIES
from experiments.mini.recipe import Recipe
from experiments.mini.train import Progress, Report, Trainee, new_trainee, train_base, train_branch

BASE = "base"
TRAINING = "training.json"
_TIMES = "_x"
"""Stands between a strategy and a multiple of the data in a branch's name."""


class StageRecord(BaseModel):
    """How a stage ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    steps: int
    tokens: int
    losses: tuple[float, ...]


class Training(BaseModel):
    """What was done to make a checkpoint."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    branch: str
    stages: tuple[StageRecord, ...]
    seconds: float
    """Of this process's CPU."""
    unimodal: Unimodal
    """Measured before any cross-modal figure."""

    @property
    def strategy(self) -> str:
        """The branch without its multiple, such as ``base`` or ``dataset``."""
        return self.branch.partition(_TIMES)[0]

    @property
    def times(self) -> int:
        """Multiple of the recipe's steps."""
        return int(self.branch.partition(_TIMES)[2] or 1)


@dataclass(frozen=True, slots=True)
class Branch:
    """What a base is trained with further."""

    strategy: Strategy
    times: int = 1
    """Multiple of the recipe's steps."""

    @property
    def name(self) -> str:
        """Of its directory: ``instance``, ``dataset_x4``."""
        return self.strategy + (f"{_TIMES}{self.times}" if self.times > 1 else "")


BRANCHES: tuple[Branch, ...] = tuple(Branch(strategy) for strategy in STRATEGIES)
SCALING: tuple[Branch, ...] = tuple(Branch(strategy, times) for times in (2, 4) for strategy in STRATEGIES)
"""More of the same, to see whether that alone helps."""


def directory_of(out: Path, seed: int, branch: str) -> Path:
    """Where a checkpoint lies below the directory of a run."""
    return out / f"seed_{seed}" / branch


def grow(out: Path, recipe: Recipe, seed: int, branches: Sequence[Branch], report: Report) -> list[Path]:
    """Train what is missing of a seed's base and branches; returns their directories, the base first.

    Branches start from the base as it was saved, so that they do not depend on whether it was made in this run.

    Args:
        out: directory of the run.
        recipe: how.
        seed: of weights and data.
        branches: which branches to make.
        report: is told of the progress.
    """
    base = directory_of(out, seed, BASE)

    def from_scratch() -> tuple[Trainee, list[Progress]]:
        trainee = new_trainee(recipe, seed)
        return trainee, train_base(trainee, recipe, seed, report)

    trainings = [_make(base, seed, BASE, from_scratch)]
    for branch in branches:

        def from_base(branch: Branch = branch) -> tuple[Trainee, list[Progress]]:
            trainee = new_trainee(recipe, seed)
            trainee.model = LlavaForConditionalGeneration.from_pretrained(base, dtype="float32")
            return trainee, [train_branch(trainee, recipe, branch.strategy, seed, report, branch.times)]

        trainings.append(_make(directory_of(out, seed, branch.name), seed, branch.name, from_base))
    return trainings


def _make(target: Path, seed: int, branch: str, train: Callable[[], tuple[Trainee, list[Progress]]]) -> Path:
    if (target / TRAINING).is_file():
        return target
    began = time.process_time()
    trainee, stages = train()
    record = Training(
        seed=seed,
        branch=branch,
        stages=tuple(
            StageRecord(name=stage.stage, steps=stage.step, tokens=stage.tokens, losses=stage.losses) for stage in stages
        ),
        seconds=time.process_time() - began,
        unimodal=unimodal(trainee),
    )
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    save(trainee.model, trainee.processor, partial)
    (partial / TRAINING).write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    os.replace(partial, target)
    return target


def read_training(directory: Path) -> Training:
    """What was done to make a checkpoint."""
    return Training.model_validate_json((directory / TRAINING).read_text(encoding="utf-8"))
