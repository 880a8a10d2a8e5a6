"""The settings of a task object, from its YAML or from Python, in either harness.

settings = read("lmms_eval", {}, arm="image_text", protocol="neutral")
settings.name                # cmqa_image_text__neutral
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

import cmqa_tasks
from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.protocols import DEFAULT_PROTOCOL, Protocol, protocol_named
from cmqa_tasks.asking.question import Question, questions_of
from cmqa_tasks.facts import resources
from cmqa_tasks.facts.records import Arm, arm_named
from cmqa_tasks.facts.release import DEFAULT, Release
from cmqa_tasks.harness.catalogue import Harness, suffix
from cmqa_tasks.scoring import metrics
from cmqa_tasks.scoring.marks import aggregation_of
from cmqa_tasks.worlds.own import opened

_DISTRIBUTIONS: Mapping[Harness, str] = {"lmms_eval": "lmms-eval", "lm_eval": "lm-eval"}

SPLIT = "test"
"""The only split of a task's documents."""


@dataclass(frozen=True)
class Settings:
    """One arm under one protocol, asked in one language, on one set of data."""

    name: str
    arm: Arm
    protocol: Protocol
    language: str
    release: Release
    rest: Mapping[str, Any]
    """What else the YAML says: the harness's own keys."""
    harness: Harness

    def questions(self) -> list[Question]:
        """What the task asks; errors as for :func:`cmqa_tasks.asking.question.questions_of`."""
        return questions_of(self.arm, self.release, self.protocol.name, self.language)

    def metric_list(self) -> list[dict[str, Any]]:
        """The arm's metrics, as the harnesses write them in a YAML."""
        return [
            {"metric": metric.name, "aggregation": aggregation_of(metric), "higher_is_better": metric.higher_is_better}
            for metric in metrics.metrics_of(self.arm)
        ]

    def metadata(self) -> dict[str, Any]:
        """What a harness's results file says of the task."""
        return self.about() | {"harness": version(_DISTRIBUTIONS[self.harness])}

    def about(self) -> dict[str, Any]:
        """What there is to say of the task itself, whatever runs it."""
        return {
            **self.rest["metadata"],
            "pieces": [list(kind) for kind in self.arm.pieces],
            "protocol": self.protocol.name,
            "question_language": self.language,
            "release": self.release.name,
            "release_sha256": self.release.fingerprint,
            "package": cmqa_tasks.__version__,
        }


def read(
    harness: Harness,
    config: Mapping[str, Any],
    *,
    arm: str | Arm | None = None,
    protocol: str = DEFAULT_PROTOCOL,
    language: str = "en",
    data: Release | str | Path | None = None,
    name: str | None = None,
) -> Settings:
    """Read a task YAML's contents; what it does not say follows from ``_settings`` and the other arguments.

    Raises:
        ValueError: no arm, or an unknown arm, protocol or language; the message lists what exists.
        cmqa_tasks.facts.release.ReleaseError: the data cannot be read.
        cmqa_tasks.worlds.own.OwnDataError: a line of a user's file cannot be used.
    """
    shared = _shared(harness)
    rest = {**shared, **config, "metadata": {**shared["metadata"], **(config.get("metadata") or {})}}
    rest.pop("class", None)
    arm = rest.pop("arm", arm)
    if arm is None:
        raise ValueError("a ConflictTask needs an arm: pass arm=…, or write 'arm:' into its YAML")
    arm = arm if isinstance(arm, Arm) else arm_named(arm)
    form = protocol_named(rest.pop("protocol", protocol))
    language = rest.pop("language", language)
    prompts.require(form.name, language)
    source = rest.pop("data", data) or DEFAULT
    release = source if isinstance(source, Release) else opened(source)
    family = arm.family if release.name == DEFAULT else release.name
    task = name or rest.get("task") or f"{family}_{arm.name}{suffix(form.name, language)}"
    return Settings(task, arm, form, language, release, rest | {"task": task}, harness)


def _shared(harness: Harness) -> dict[str, Any]:
    """The settings that all tasks share, so that a task made in Python differs in nothing from one made by YAML."""
    text = (resources.task_sources() / harness / "_settings").read_text(encoding="utf-8")
    settings: dict[str, Any] = yaml.safe_load(text)
    return settings
