"""How strict the gate is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from cmqa_tasks.facts.records import FrozenRecord
from cmqa_tasks.reports.gate.modes import FAIL_ON, Failing, Mode
from cmqa_tasks.results import ResultsError
from cmqa_tasks.writing.problems import no_utf_8, one_line


class GateSettings(FrozenRecord):
    """What a ``gate.yaml`` may say; every field has a default."""

    mode: Mode | None = None
    """``exact``: every outcome must be what it was. ``paired``: a statistical test. By default as the reference was recorded."""
    level: float = Field(default=0.05, gt=0.0, lt=0.5)
    """The largest probability of calling two alike models a regression."""
    mean_margin: float = Field(default=0.02, ge=0.0, lt=1.0)
    """How much of the score may be lost on average over tasks."""
    task_margin: float = Field(default=0.05, ge=0.0, lt=1.0)
    """How far the score of a single task may move."""
    responses: bool = False
    """Exact mode: whether a response of another wording is a change although it is read alike."""
    fail_on: tuple[Failing, ...] = FAIL_ON
    """Which verdicts fail: of ``regressed``, ``cannot-tell``, ``changed``, ``improved``."""
    resamples: int = Field(default=10_000, ge=1_000, le=1_000_000)
    """Of the bootstrap, and sign patterns of the test."""
    seed: int = Field(default=0, ge=0)


def read(path: Path | None) -> GateSettings:
    """The settings in a YAML file, or the defaults.

    Raises:
        ResultsError: no such file, or a field that is unknown or out of range; the message names each.
    """
    if path is None:
        return GateSettings()
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except UnicodeDecodeError as error:
        raise ResultsError(f"{path}, {no_utf_8(error)}") from None
    except (OSError, yaml.YAMLError) as error:
        raise ResultsError(f"{path}: {one_line(error)}") from None
    fields = f"the fields are {', '.join(GateSettings.model_fields)}"
    if not isinstance(content, dict):
        raise ResultsError(f"{path}: must be fields and values, not {content!r}; {fields}")
    try:
        return GateSettings.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}={each['input']!r}: {each['msg']}" for each in error.errors())
        raise ResultsError(f"{path}: {wrong}; {fields}") from None
