"""Training the miniature: the stages of its base, then a branch under one strategy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cmqa_tasks.training.choices import Strategy
from experiments.mini.batches import Batch, Encoder
from experiments.mini.checkpoint import Size, build_model, build_processor
from experiments.mini.instances import Diet
from experiments.mini.mixed import steps, training_set
from experiments.mini.recipe import Optimiser, Part, Recipe, Stage
from experiments.mini.world import KINDS, Canvas

_SMOOTHING = 0.97
_UNTRIED = 2.0
"""Smoothed loss before the first step: above every threshold."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stage has come to."""

    stage: str
    step: int
    losses: tuple[float, ...]
    """Smoothed loss of each of :data:`~experiments.mini.world.KINDS`, in nats per answer."""
    tokens: int
    """Seen in the stage, pictures included, padding not."""


Report = Callable[[Progress], None]


@dataclass
class Trainee:
    """A model with what its training needs."""

    model: Any
    processor: Any
    canvas: Canvas


def new_trainee(recipe: Recipe, seed: int) -> Trainee:
    """An untrained model and its processor."""
    canvas = Canvas(**recipe.picture.model_dump())
    processor = build_processor(canvas)
    model = build_model(Size(**recipe.model.model_dump()), canvas, processor.tokenizer, seed)
    return Trainee(model, processor, canvas)


def train_base(trainee: Trainee, recipe: Recipe, seed: int, report: Report) -> list[Progress]:
    """Train the base, stage by stage; returns how each stage ended."""
    return [
        _run(trainee, stage, recipe.optimiser, "dataset", seed * 1000 + index, report) for index, stage in enumerate(recipe.base)
    ]


def train_branch(trainee: Trainee, recipe: Recipe, strategy: Strategy, seed: int, report: Report, times: int = 1) -> Progress:
    """Train a base further under a strategy.

    Args:
        trainee: the base; it is changed.
        recipe: with the branch's stage.
        strategy: how instances are put into examples.
        seed: of the data.
        report: is told of the progress.
        times: multiplies the number of steps, and with it the data.
    """
    stage = recipe.branch.model_copy(update={"steps": recipe.branch.steps * times})
    return _run(trainee, stage, recipe.optimiser, strategy, seed * 1000 + 500, report)


def _run(trainee: Trainee, stage: Stage, settings: Optimiser, strategy: Strategy, seed: int, report: Report) -> Progress:
    """One stage. A new optimiser begins it, as in training runs that follow each other."""
    model = trainee.model.train()
    torch.manual_seed(seed)
    encoder = Encoder(trainee.processor.tokenizer, trainee.canvas, np.random.default_rng(seed))
    diet = Diet(kinds=stage.kinds, facts=stage.facts, bands=trainee.canvas.bands, pairs=stage.pairs)
    moving = list(_choose(model, stage.trains))
    optimiser = _optimiser(moving, stage, settings)
    smoothed = [_UNTRIED if weight else 0.0 for weight in stage.kinds]
    tokens = 0
    examples = training_set(strategy, diet, stage.steps * settings.batch, seed)
    for step, together in enumerate(steps(examples, settings.batch), 1):
        for group in optimiser.param_groups:
            group["lr"] = stage.rate * _schedule(stage, step)
        batch = encoder.encode(together)
        tokens += batch.size
        losses, kinds = _losses(model, batch)
        optimiser.zero_grad()
        torch.autograd.backward(losses.mean())
        nn.utils.clip_grad_norm_([values for _, values in moving], settings.clip)
        optimiser.step()
        _smooth(smoothed, losses.detach(), kinds)
        progress = Progress(stage.name, step, tuple(smoothed), tokens)
        if step % 100 == 0:
            report(progress)
        if max(smoothed) < stage.until:
            break
    for values in model.parameters():
        values.requires_grad_(True)
    report(progress)
    return progress


def _choose(model: nn.Module, part: Part) -> Iterator[tuple[str, nn.Parameter]]:
    """The parameters of a part; all others are frozen."""
    for name, values in model.named_parameters():
        vision = "vision_tower" in name or "multi_modal_projector" in name
        chosen = part == "all" or vision == (part == "vision")
        values.requires_grad_(chosen)
        if chosen:
            yield name, values


def _optimiser(moving: list[tuple[str, nn.Parameter]], stage: Stage, settings: Optimiser) -> torch.optim.Optimizer:
    matrices = [values for name, values in moving if values.ndim > 1 and "embed" not in name]
    others = [values for name, values in moving if not (values.ndim > 1 and "embed" not in name)]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=stage.rate, betas=(0.9, settings.beta2))


def _schedule(stage: Stage, step: int) -> float:
    """Factor of the learning rate at a step, which counts from 1."""
    rise = min(1.0, step / stage.warm_up) if stage.warm_up else 1.0
    fall = 0.5 * (1 + math.cos(math.pi * step / stage.steps)) if stage.falls else 1.0
    return rise * max(fall, 0.02)


def _losses(model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss of every answer, and which kind of evidence it is read from; both (answers,)."""
    answered = batch.targets >= 0
    hidden = model.model(input_ids=batch.tokens, pixel_values=batch.pixels, use_cache=False).last_hidden_state
    logits = model.lm_head(hidden[answered])
    return functional.cross_entropy(logits, batch.targets[answered], reduction="none"), batch.kinds[answered]


def _smooth(smoothed: list[float], losses: torch.Tensor, kinds: torch.Tensor) -> None:
    for kind in range(len(KINDS)):
        if bool((kinds == kind).any()):
            mean = float(losses[kinds == kind].mean())
            smoothed[kind] = _SMOOTHING * smoothed[kind] + (1 - _SMOOTHING) * mean
