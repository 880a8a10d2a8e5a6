"""What a results file says of a task's numbers: which model, which question, which data, which software.

Nothing is guessed: what a file does not say is :data:`UNKNOWN`, and a file that is no results file of ours is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cmqa_tasks.results.errors import ResultsError
from cmqa_tasks.results.fields import Config, Content, Counts, Metadata, check
from cmqa_tasks.results.files import Harness, RunFiles

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
        """For headings: ``protocol aware in en, release v1 (70a2c0e8), task version 2.0``."""
        asked = f"protocol {self.protocol} in {self.language}" if self.protocol else f"asked in {self.language}"
        by = "" if self.by == "generation" else " by log-likelihood"
        release = f"release {self.release} ({self.release_sha256[:8]})"
        return f"{asked}{by}, {release}, task version {self.task_version}"

    @property
    def question(self) -> Setting:
        """The same without its protocol: what is asked, whatever the wording."""
        return replace(self, protocol="")


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What was evaluated, and by which software. Parts with the same subject are parts of one row."""

    model: str
    """For people: the checkpoint, or the model type with its arguments. Directories are cut to their last two parts."""
    revision: str
    arguments: str
    """What the model was made from, sorted; what does not change its answers is left out."""
    dtype: str
    attention: str
    """The attention implementation."""
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
    subject: Subject
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


def load(path: Path) -> dict[str, Any]:
    """A results file.

    Raises:
        ResultsError: it is cut off, no JSON, or none of the harnesses' results files; the message names it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path} is no whole JSON file ({error}): half-written or damaged") from None
    missing = [key for key in ("results", "configs", "config", "n-samples") if not isinstance(found, dict) or key not in found]
    if missing:
        raise ResultsError(
            f"{path} has no {', '.join(missing)}: no results file of lmms-eval 0.6–0.7 or lm-eval 0.4 as this version reads them"
        )
    return dict(found)


def stamps(run: RunFiles) -> dict[str, TaskStamp]:
    """The stamps of our tasks in a run, by task; none of a run on other tasks.

    Raises:
        ResultsError: as :func:`load`, or one of our tasks lacks a part of its stamp, or a part is of another type.
    """
    content = load(run.results)
    check(Content, content, str(run.results))
    check(Config, content["config"], f"{run.results}: config")
    ours = {task: config for task, config in content["configs"].items() if _is_ours(config.get("metadata"))}
    return {task: _stamp(run, content, task, config) for task, config in ours.items()}


def _is_ours(metadata: object) -> bool:
    return isinstance(metadata, Mapping) and "release_sha256" in metadata


def _stamp(run: RunFiles, content: Mapping[str, Any], task: str, config: Mapping[str, Any]) -> TaskStamp:
    said, settings, where = config["metadata"], content["config"], f"{run.results}: task {task}"
    check(Metadata, said, where)
    try:
        setting = Setting(
            said["release"],
            said["release_sha256"],
            str(said["version"]),
            said["protocol"],
            said["question_language"],
            "loglikelihood" if config.get("output_type") == "multiple_choice" else "generation",
        )
        counts = content["n-samples"][task]
        check(Counts, counts, f"{where}: n-samples")
        original, effective = int(counts["original"]), counts["effective"]
    except KeyError as error:
        raise ResultsError(f"{where} does not say its {error.args[0]}") from None
    offset = settings.get("offset") or 0
    exact = offset == 0 and float(effective).is_integer()
    limited = settings.get("limit") is not None or offset != 0
    subject = _subject(run.harness, content, said, config)
    pieces = tuple((modality, language) for modality, language in said.get("pieces") or ())
    asked = original, int(effective) if exact else None, limited
    return TaskStamp(task, subject, setting, _date(run, content), *asked, pieces)


def _subject(harness: Harness, content: Mapping[str, Any], said: Mapping[str, Any], config: Mapping[str, Any]) -> Subject:
    settings = content["config"]
    arguments = _arguments(settings.get("model_args"))
    about = _about(said, arguments)
    given = {key: value for key, value in arguments.items() if key not in _IRRELEVANT}
    dtype = about.get("dtype") or str(settings.get("model_dtype") or "").removeprefix("torch.") or arguments.get("dtype")
    version = said.get("harness") or (content.get("lm_eval_version") if harness == "lm-eval" else None)
    return Subject(
        model=_name(str(settings.get("model") or UNKNOWN), given),
        revision=about.get("revision") or settings.get("model_sha") or settings.get("model_revision") or _revision(arguments),
        arguments=",".join([str(settings.get("model")), *(f"{key}={value}" for key, value in sorted(given.items()))]),
        dtype=dtype if dtype and dtype != "auto" else UNKNOWN,
        attention=about.get("attention") or arguments.get("attn_implementation") or UNKNOWN,
        harness=f"{harness} {version or UNKNOWN}",
        package=said.get("package") or UNKNOWN,
        changes=_changes(content, config),
    )


def _arguments(given: Any) -> dict[str, str]:
    """``--model_args``, which lmms-eval keeps as it was typed and lm-eval as a dictionary."""
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    pairs = (part.partition("=") for part in str(given or "").split(",") if "=" in part)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _about(said: Mapping[str, Any], arguments: Mapping[str, str]) -> Mapping[str, str]:
    """What the model said of itself, unless it was another one that ran before in the same process."""
    about: Mapping[str, str] = said.get("model") if isinstance(said.get("model"), Mapping) else {}  # type: ignore[assignment]
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


def _changes(content: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """What was changed from the command line and can move a number."""
    settings = content["config"]
    changes = {
        "gen_kwargs": settings.get("gen_kwargs"),
        "num_fewshot": config.get("num_fewshot"),
        "system_instruction": content.get("system_instruction"),
    }
    written = {
        key: ",".join(f"{name}={one}" for name, one in sorted(value.items())) if isinstance(value, Mapping) else str(value)
        for key, value in changes.items()
        if value
    }
    return "; ".join(f"{key} {value}" for key, value in written.items())


def _date(run: RunFiles, content: Mapping[str, Any]) -> str:
    """The day in UTC. lm-eval writes seconds since 1970, lmms-eval a local time."""
    date = content.get("date")
    named = str((content["config"].get("resolved_cli_args") or {}).get("timezone") or _SINGAPORE)
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
