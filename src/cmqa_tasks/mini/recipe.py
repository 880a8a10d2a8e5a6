"""The recipe: everything that decides what the miniature becomes, in one file, ``recipe.yaml`` beside this one."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Part = Literal["language", "vision", "all"]


class RecipeError(ValueError):
    """A recipe cannot be used; the message says which file and field."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(_Strict):
    """Dimensions; see :class:`cmqa_tasks.mini.checkpoint.Size`."""

    width: int = Field(gt=0)
    layers: int = Field(gt=0)
    heads: int = Field(gt=0)
    rope_theta: float = Field(gt=0)


class Picture(_Strict):
    """How pictures are drawn; see :class:`cmqa_tasks.mini.world.Canvas`."""

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


def read_recipe(path: Path | None = None) -> Recipe:
    """Read a recipe; by default the frozen one that ships with the package.

    Raises:
        RecipeError: it cannot be read, or a field is missing, unknown or out of range.
    """
    text = _shipped() if path is None else path.read_text(encoding="utf-8")
    try:
        return Recipe.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise RecipeError(f"{path or 'recipe.yaml'}: {error}") from error


def _shipped() -> str:
    return (resources.files("cmqa_tasks.mini") / "recipe.yaml").read_text(encoding="utf-8")
