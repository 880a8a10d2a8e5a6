"""The results file of a harness as a model: read and checked once, at the edge.

    file = read(Path("runs/20261126_023550_results.json"))
    file.config.limit, file.metric("cmqa_image_text", "balanced")

Only what this package reads is declared; what else stands in the file, and what other tasks say of themselves, is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from cmqa_tasks.results.files import ResultsError
from cmqa_tasks.writing.problems import first_problem

_Model = TypeVar("_Model", bound=BaseModel)
_Count = Annotated[int, Field(ge=1)]
_RECORDED_BEFORE_0_6 = {"attention": "attn_implementation"}
"""What the model says of itself under another name."""


class EvaluationConfig(BaseModel, strict=True):
    """How the evaluation was called."""

    model_config = ConfigDict(protected_namespaces=())

    model: str | None = None
    model_args: str | dict[str, Any] | None = None
    """As it was typed (lmms-eval), or as a dictionary (lm-eval)."""
    model_dtype: str | None = None
    model_sha: str | None = None
    model_revision: str | None = None
    limit: float | None = None
    offset: float | None = None
    gen_kwargs: Any = None
    resolved_cli_args: dict[str, Any] | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """``--model_args`` by name."""
        if isinstance(self.model_args, Mapping):
            return {key: str(value) for key, value in self.model_args.items()}
        pairs = (part.partition("=") for part in (self.model_args or "").split(",") if "=" in part)
        return {key.strip(): value.strip() for key, _, value in pairs}


class TaskMetadata(BaseModel):
    """What one of our tasks says of itself."""

    release: str
    release_sha256: str
    version: str | float
    protocol: str
    question_language: str
    package: str | None = None
    harness: str | None = None
    scored_by: str | None = None
    """What scored answers that were made elsewhere, with its version: no harness ran."""
    pieces: tuple[tuple[str, str], ...] | None = None
    model: dict[str, str] | None = None

    @field_validator("model", mode="before")
    @classmethod
    def _ours(cls, raw: object) -> object:
        """Metadata of another's task may call something else so."""
        return {_RECORDED_BEFORE_0_6.get(key, key): value for key, value in raw.items()} if isinstance(raw, Mapping) else None


class TaskConfig(BaseModel):
    """The settings of one of our tasks."""

    metadata: TaskMetadata
    output_type: str = ""
    num_fewshot: int | None = None


class SampleCounts(BaseModel, strict=True):
    """How many items a task has, and how many were asked."""

    original: _Count
    effective: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ResultsFile(BaseModel):
    """The whole file."""

    results: dict[str, Any]
    configs: dict[str, dict[str, Any]]
    config: EvaluationConfig
    n_samples: dict[str, Any] = Field(alias="n-samples")
    group_subtasks: dict[str, list[str]] = Field(default_factory=dict)
    """By group or task of the harness, the tasks in it."""
    date: Any = None
    system_instruction: str | None = None
    chat_template: Any = None
    """The text of what the harness applied; nothing where the model applied its own."""
    lm_eval_version: str | None = None

    @field_validator("config", mode="before")
    @classmethod
    def _object(cls, content: object, info: ValidationInfo) -> object:
        return _object(content, f"{info.context}: config")

    def metric(self, task: str, name: str) -> float | None:
        """A metric of a task or group, as the harness counted it; None where it has no such metric.

        Raises:
            ResultsError: the results hold no such task.
        """
        if task not in self.results:
            raise ResultsError(f"no task {task!r} in these results; they hold {', '.join(self.results)}")
        value = self.results[task].get(f"{name},none")
        return None if value is None else float(value)


def read(path: Path) -> ResultsFile:
    """Read and check a results file.

    Raises:
        ResultsError: it is cut off, no JSON, or none of the harnesses' results files; the message names file and field.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path} is no whole JSON file ({error}): half-written or damaged") from None
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from None
    needed = ("results", "configs", "config", "n-samples")
    missing = [key for key in needed if not isinstance(content, dict) or key not in content]
    if missing:
        raise ResultsError(
            f"{path} has no {', '.join(missing)}: no results file of lmms-eval 0.6–0.7 or lm-eval 0.4 as this version reads them"
        )
    return parsed(ResultsFile, content, str(path))


def parsed(model: type[_Model], content: object, where: str) -> _Model:
    """A part of the file as a model.

    Raises:
        ResultsError: a field is missing or of another type; the message names place, field and value.
    """
    try:
        return model.model_validate(_object(content, where), context=where)
    except ValidationError as error:
        lacking = [
            str(problem["loc"][0]) for problem in error.errors() if problem["type"] == "missing" and len(problem["loc"]) == 1
        ]
        if lacking:
            raise ResultsError(f"{where} does not say its {lacking[0]}") from None
        raise ResultsError(f"{where}: {first_problem(error)}") from None


def _object(content: object, where: str) -> object:
    if not isinstance(content, dict):
        raise ResultsError(f"{where}: {content!r} instead of an object")
    return content
