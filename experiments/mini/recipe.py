"""The recipe: everything that decides what the miniature becomes, in one file, ``recipe.yaml`` beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FROZEN = Path(__file__).with_name("recipe.yaml")
Part = Literal["language", "vision", "all"]


class RecipeError(ValueError):
    """A recipe cannot be used; the message says which file and field."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Strict):
    """Dimensions; see :class:`experiments.mini.checkpoint.Size`."""

    width: int = Field(gt=0)
    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    rope_theta: float = Field(gt=0)


class Picture(_Strict):
    """How pictures are drawn; see :class:`experiments.mini.world.Canvas`."""

    grid: int = Field(gt=0)
    bands: int = Field(gt=0)
    cell: int = Field(ge=6)
    noise: float = Field(ge=0)


class Optimiser(_Strict):
    """AdamW."""

    batch: int = Field(gt=0)
    """Instances a step."""
    beta2: float = Field(gt=0, lt=1)
    weight_decay: float = Field(ge=0)
    """Of matrices; not of embeddings, norms and biases."""
    clip: float = Field(gt=0)
    """Largest norm of the gradient."""


class Stage(_Strict):
    """One stage of training."""

    name: str
    trains: Part
    """Which parameters move. ``vision`` is the vision tower and the projector."""
    kinds: tuple[float, float, float]
    """Weights of pictures, English and Chinese notes."""
    facts: tuple[int, ...]
    """Facts that a piece may have."""
    pairs: float = Field(ge=0, le=1)
    """Share of instances with two pieces."""
    rate: float = Field(gt=0)
    """Learning rate after warming up."""
    warm_up: int = Field(ge=0)
    """Steps in which the rate rises to it."""
    falls: bool = False
    """Whether the rate falls to nothing over the stage, by a cosine."""
    steps: int = Field(gt=0)
    """At most so many steps."""
    until: float = 0.0
    """Ends early once the loss of every kind, smoothed, is below this."""


class Recipe(_Strict):
    """A whole training: of the base, then of a branch per strategy."""

    model: Model
    picture: Picture
    optimiser: Optimiser
    base: tuple[Stage, ...] = Field(min_length=1)
    branch: Stage
    """What every strategy trains; the strategy alone differs."""


def read_recipe(path: Path = FROZEN) -> Recipe:
    """Read a recipe; by default the frozen one beside this module.

    Raises:
        RecipeError: it cannot be read, or a field is missing, unknown or out of range.
    """
    try:
        return Recipe.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise RecipeError(f"{path}: {error}") from error
