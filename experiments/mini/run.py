"""Trains the set of checkpoints and evaluates them through lmms-eval.

Bases are judged first, by their unimodal figures alone; only then is anything evaluated that shows two kinds of evidence at once.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path

from cmqa_tasks.harness.evaluations import check_path
from cmqa_tasks.reports.demo.miniature import answered
from experiments.mini import pieces, reading
from experiments.mini.evaluate import evaluate_checkpoints
from experiments.mini.grow import BASE, BRANCHES, Branch, Training, directory_of, grow, read_training
from experiments.mini.recipe import FROZEN, Recipe, RecipeError, read_recipe
from experiments.mini.report import Row
from experiments.mini.train import Progress
from experiments.mini.world import Canvas

_SHOWN_EVERY = 500
_KEPT = "recipe.json"


def run(
    out: Path,
    seeds: Sequence[int],
    branches: Sequence[Branch] = BRANCHES,
    jobs: int = 1,
    recipe: Path = FROZEN,
    limit: int | None = None,
) -> list[Row]:
    """Train and evaluate what is missing below a directory, and return all of it, by seed and branch.

    Args:
        out: directory of the run; one that was stopped goes on where it was.
        seeds: of weights and data.
        branches: which branches every base gets.
        jobs: seeds trained at once, each on one thread.
        recipe: a file; by default the frozen recipe.
        limit: items per task, for a quick look.

    Raises:
        ValueError: no seed, a number of jobs below 1, or a directory whose path lmms-eval would misread.
        experiments.mini.recipe.RecipeError: the recipe cannot be used, or the directory is of another one.
        cmqa_tasks.results.ResultsError: an evaluation failed.
    """
    if not seeds or jobs < 1:
        raise ValueError(f"--seeds {list(seeds)} --jobs {jobs}: at least one seed and one job are needed")
    check_path("--out", out.resolve())
    how = read_recipe(recipe)
    _keep(how, out)
    _train_all(out, how, seeds, branches, jobs)
    names = [BASE, *(branch.name for branch in branches)]
    trained = {(seed, name): read_training(directory_of(out, seed, name)) for seed in seeds for name in names}
    for seed in seeds:
        _say_convergence(trained[seed, BASE])
    checkpoints = {f"seed_{seed}/{name}": directory_of(out, seed, name).resolve() for seed, name in trained}
    evaluations = out / ("evaluations" if limit is None else f"evaluations_limit_{limit}")
    evaluate_checkpoints(checkpoints, evaluations, limit)
    results_of = {checkpoint: evaluations / f"seed_{checkpoint[0]}" / checkpoint[1] for checkpoint in trained}
    canvas = Canvas(**how.picture.model_dump())
    for checkpoint, directory in results_of.items():
        for measurement in (reading, pieces):
            if not (directory / measurement.FILE).is_file():
                measurement.measure(directory_of(out, *checkpoint), canvas, directory)
    return [Row(training, answered(results_of[checkpoint]), results_of[checkpoint]) for checkpoint, training in trained.items()]


def _keep(recipe: Recipe, out: Path) -> None:
    """Write down what a directory's checkpoints are made by, or make sure that it is the same.

    Raises:
        RecipeError: it is not.
    """
    path = out / _KEPT
    if not path.is_file():
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(recipe.model_dump_json(indent=1) + "\n", encoding="utf-8")
    elif Recipe.model_validate_json(path.read_text(encoding="utf-8")) != recipe:
        raise RecipeError(f"{out} holds checkpoints of another recipe ({path}); choose another --out")


def _train_all(out: Path, recipe: Recipe, seeds: Sequence[int], branches: Sequence[Branch], jobs: int) -> None:
    """Train seeds in processes of their own: they then do not share a random state, and a core each."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _one_thread) as pool:
        for future in as_completed([pool.submit(_train_one, out, recipe, seed, branches) for seed in seeds]):
            future.result()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _train_one(out: Path, recipe: Recipe, seed: int, branches: Sequence[Branch]) -> None:
    grow(out, recipe, seed, branches, partial(_report, seed))


def _report(seed: int, progress: Progress) -> None:
    if progress.step % _SHOWN_EVERY == 0:
        losses = " ".join(f"{loss:.3f}" for loss in progress.losses)
        print(f"seed {seed}: {progress.stage}, step {progress.step}, losses {losses}", file=sys.stderr, flush=True)


def _say_convergence(base: Training) -> None:
    figures = base.unimodal
    verdict = "converged" if figures.converged else "did not converge"
    print(
        f"seed {base.seed}: base {verdict}: single {figures.single:.3f}, unimodal recognition {figures.recognition:.3f}, "
        f"agreeing twins {figures.twins:.3f}",
        file=sys.stderr,
    )
