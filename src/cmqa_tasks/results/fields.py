"""What the fields of a results file must be, as far as a stamp is made of them. Which must be there, the stamp's maker says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError, field_validator

from cmqa_tasks.results.errors import ResultsError
from cmqa_tasks.writing.problems import first_problem


class Content(BaseModel):
    """The whole file."""

    configs: dict[str, dict[str, Any]]
    n_samples: dict[str, Any] = Field(alias="n-samples")


class Config(BaseModel, strict=True):
    """How the evaluation was called."""

    offset: float | None = None
    model_sha: str | None = None
    model_revision: str | None = None
    resolved_cli_args: dict[str, Any] | None = None


class Metadata(BaseModel):
    """What one of our tasks says of itself."""

    release: str = ""
    release_sha256: str = ""
    version: str | float = ""
    protocol: str = ""
    question_language: str = ""
    package: str | None = None
    harness: str | None = None
    pieces: tuple[tuple[str, str], ...] | None = None
    model: dict[str, str] | None = None

    @field_validator("model", mode="before")
    @classmethod
    def _ours(cls, given: object) -> object:
        """Metadata of another's task may call something else so."""
        return given if isinstance(given, Mapping) else None


class Counts(BaseModel, strict=True):
    """How many items a task has, and how many were asked."""

    original: int = 0
    effective: float = 0


def check(form: type[BaseModel], said: object, where: str) -> None:
    """Check the types of fields.

    Args:
        form: which fields are looked at.
        said: what the file says.
        where: the file, and the place in it.

    Raises:
        ResultsError: a field of another type; the message names place, field and value.
    """
    if not isinstance(said, dict):
        raise ResultsError(f"{where}: {said!r} instead of an object")
    try:
        form.model_validate(said)
    except ValidationError as error:
        raise ResultsError(f"{where}: {first_problem(error)}") from None
