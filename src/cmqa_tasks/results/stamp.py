"""What a results file says of a task's numbers: which model, which question, which data, which software.

Nothing is guessed: what a file does not say is :data:`UNKNOWN`, and a file that is no results file of ours is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import cmqa_tasks.results.results_file as results_file
from cmqa_tasks.results.files import Harness, ResultsError, RunFiles
from cmqa_tasks.results.results_file import ResultsFile, SampleCounts, TaskConfig, TaskMetadata

UNKNOWN = "unknown"
By = Literal["generation", "loglikelihood"]
_NAMES = ("peft", "delta", "pretrained", "model", "model_version", "model_name", "model_id", "path", "engine")
_IRRELEVANT = ("attention", "attention_path", "batch_size", "max_batch_size", "device", "device_map")
"""Arguments that do not make another model."""
_SINGAPORE = "Asia/Singapore"
"""lmms-eval's own time zone unless ``--timezone`` says otherwise."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """How the question is put, and on what: only numbers of one setting are compared."""

    release: str
    release_sha256: str
    task_version: str
    protocol: str
    language: str
    by: By
    """Whether answers are generated, or chosen by log-likelihood."""

    @property
    def title(self) -> str:
        """For headings: ``protocol aware in en, release v2 (70a2c0e8), task version 3.0``."""
        question = f"protocol {self.protocol} in {self.language}" if self.protocol else f"asked in {self.language}"
        by = "" if self.by == "generation" else " by log-likelihood"
        release = f"release {self.release} ({self.release_sha256[:8]})"
        return f"{question}{by}, {release}, task version {self.task_version}"

    @property
    def question(self) -> Setting:
        """The same without its protocol: what is asked, whatever the wording."""
        return replace(self, protocol="")


@dataclass(frozen=True, slots=True, order=True)
class ModelStamp:
    """What was evaluated, and by which software. Parts with the same subject are parts of one row."""

    model: str
    """For people: the checkpoint, or the model type with its arguments. Directories are cut to their last two parts."""
    revision: str
    arguments: str
    """What the model was made from, sorted; what does not change its answers is left out."""
    dtype: str
    attn_implementation: str
    """The attention implementation, in the words of transformers."""
    harness: str
    """Name and version."""
    package: str
    """Version of cmqa-tasks that made prompts and scores."""
    changes: str
    """What the command line changed of the task's own settings; empty for nothing."""


@dataclass(frozen=True, slots=True)
class TaskStamp:
    """All of it for one task of one run."""

    task: str
    subject: ModelStamp
    setting: Setting
    date: str
    """ISO day, in UTC."""
    original: int
    """How many items the task has."""
    effective: int | None
    """How many were asked; None where the file does not say it exactly."""
    limited: bool
    """Whether the run was cut short on purpose (``--limit``, ``--offset``)."""
    pieces: tuple[tuple[str, str], ...] = ()
    """(modality, language) of each piece of evidence, in order; nothing where the file does not say it (before 0.4.0)."""


def stamps(run: RunFiles) -> dict[str, TaskStamp]:
    """The stamps of our tasks in a run, by task; none of a run on other tasks.

    Raises:
        ResultsError: the results file is damaged, or one of our tasks lacks a part of its stamp, or a part is of another type.
    """
    file = results_file.read(run.results)
    ours = {task: config for task, config in file.configs.items() if _is_ours(config.get("metadata"))}
    return {task: _stamp(run, file, task, config) for task, config in ours.items()}


def _is_ours(metadata: object) -> bool:
    return isinstance(metadata, Mapping) and "release_sha256" in metadata


def _stamp(run: RunFiles, file: ResultsFile, task: str, content: Mapping[str, Any]) -> TaskStamp:
    where = f"{run.results}: task {task}"
    metadata = results_file.parsed(TaskMetadata, content["metadata"], where)
    config = results_file.parsed(TaskConfig, {**content, "metadata": metadata}, where)
    if task not in file.n_samples:
        raise ResultsError(f"{where} does not say its n-samples")
    counts = results_file.parsed(SampleCounts, file.n_samples[task], f"{where}: n-samples")
    setting = Setting(
        metadata.release,
        metadata.release_sha256,
        str(metadata.version),
        metadata.protocol,
        metadata.question_language,
        "loglikelihood" if config.output_type == "multiple_choice" else "generation",
    )
    offset = file.config.offset or 0
    exact = offset == 0 and counts.effective.is_integer()
    limited = file.config.limit is not None or offset != 0
    counted = counts.original, int(counts.effective) if exact else None, limited
    return TaskStamp(task, _model(run.harness, file, config), setting, _date(run, file), *counted, metadata.pieces or ())


def _model(harness: Harness, file: ResultsFile, task: TaskConfig) -> ModelStamp:
    settings, metadata = file.config, task.metadata
    arguments = settings.arguments
    about = _about(metadata, arguments)
    kept = {key: value for key, value in arguments.items() if key not in _IRRELEVANT}
    dtype = about.get("dtype") or (settings.model_dtype or "").removeprefix("torch.") or arguments.get("dtype")
    version = metadata.harness or (file.lm_eval_version if harness == "lm-eval" else None)
    return ModelStamp(
        model=_name(settings.model or UNKNOWN, kept),
        revision=about.get("revision") or settings.model_sha or settings.model_revision or _revision(arguments),
        arguments=",".join([str(settings.model), *(f"{key}={value}" for key, value in sorted(kept.items()))]),
        dtype=dtype if dtype and dtype != "auto" else UNKNOWN,
        attn_implementation=about.get("attn_implementation") or arguments.get("attn_implementation") or UNKNOWN,
        harness=metadata.scored_by or f"{harness} {version or UNKNOWN}",
        package=metadata.package or UNKNOWN,
        changes=_changes(file, task),
    )


def _about(metadata: TaskMetadata, arguments: Mapping[str, str]) -> Mapping[str, str]:
    """What the model said of itself, unless it was another one that ran before in the same process."""
    about = metadata.model or {}
    return about if about.get("name") == arguments.get("pretrained") else {}


def _name(model: str, arguments: Mapping[str, str]) -> str:
    for key in _NAMES:
        if key in arguments:
            path = arguments[key]
            return "/".join(Path(path).parts[-2:]) if Path(path).is_absolute() else path
    return f"{model}({','.join(f'{key}={value}' for key, value in sorted(arguments.items()))})"


def _revision(arguments: Mapping[str, str]) -> str:
    named = any(key in arguments for key in _NAMES)
    return arguments.get("revision") or (UNKNOWN if named else "")


def _changes(file: ResultsFile, task: TaskConfig) -> str:
    """What was changed from the command line and can move a number."""
    changes = {
        "gen_kwargs": file.config.gen_kwargs,
        "num_fewshot": task.num_fewshot,
        "system_instruction": file.system_instruction,
    }
    written = {
        key: ",".join(f"{name}={part}" for name, part in sorted(value.items())) if isinstance(value, Mapping) else str(value)
        for key, value in changes.items()
        if value
    }
    return "; ".join(f"{key} {value}" for key, value in written.items())


def _date(run: RunFiles, file: ResultsFile) -> str:
    """The day in UTC. lm-eval writes seconds since 1970, lmms-eval a local time."""
    date = file.date
    named = str((file.config.resolved_cli_args or {}).get("timezone") or _SINGAPORE)
    try:
        zone = _zone(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ResultsError(f"{run.results}: config: resolved_cli_args: timezone: this machine knows no {named!r}") from None
    try:
        if isinstance(date, (int, float)):
            return datetime.fromtimestamp(date, timezone.utc).date().isoformat()
        local = datetime.strptime(str(date), "%Y%m%d_%H%M%S").replace(tzinfo=zone)
    except (ValueError, OverflowError, OSError):
        raise ResultsError(f"{run.results}: its date {date!r} is not of the form 20261126_023550") from None
    return local.astimezone(timezone.utc).date().isoformat()


def _zone(name: str) -> tzinfo:
    """Singapore without a look into the system's tables, which a bare machine lacks."""
    return timezone(timedelta(hours=8)) if name == _SINGAPORE else ZoneInfo(name)
