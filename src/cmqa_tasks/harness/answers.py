"""Answers that were made elsewhere, by an agent or a loop of one's own, scored and written as a run that everything here reads.

    {"id": "1f0c9a52bd3e7788", "response": "They contradict each other."}

is a line of the answers; ids are those of ``cmqa items ARM``, and prompts and images come from :func:`cmqa_tasks.questions_of`::

    path = score_answers(Path("answers.jsonl"), ["image_text"], Path("runs/agent"), model="my-agent 1.2")

The files are lmms-eval's in form. They say that no harness ran: ``scored_by`` in a task's metadata, ``answers`` at the top.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cmqa_tasks
from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.protocols import DEFAULT_PROTOCOL
from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.facts.release import Release, sha256_of
from cmqa_tasks.harness import settings
from cmqa_tasks.harness.settings import Settings
from cmqa_tasks.scoring.marks import aggregation_of, sample_of
from cmqa_tasks.scoring.metrics import metrics_of
from cmqa_tasks.writing.files import write_text

_ID, _RESPONSE = "id", "response"
REQUEST_FAILED = "[LMMS_EVAL_REQUEST_FAILED]"
"""What stands for a response that is null, as in lmms-eval: there was no answer. It counts as ``failed``."""
_NAMES = ("peft", "delta", "pretrained", "model")
"""Arguments that tables would take for the model's name."""
_NAMED = 3
"""How many ids an error names."""


class AnswersError(ValueError):
    """Answers cannot be scored; the message says file, line and field, and what is allowed."""


@dataclass(frozen=True, slots=True)
class ScoredTask:
    """One task of a scored run."""

    name: str
    samples: Path
    rates: Mapping[str, float]
    """Every metric by name; NaN where no item counts."""
    answered: int
    asked: int
    """How many items the task has."""


@dataclass(frozen=True, slots=True)
class _Answer:
    line: int
    response: str


def score_answers(
    path: Path,
    arms: Sequence[str | Arm],
    out: Path,
    *,
    model: str,
    model_args: str = "",
    protocol: str = DEFAULT_PROTOCOL,
    language: str = "en",
    data: Release | str | Path | None = None,
    partial: bool = False,
) -> list[ScoredTask]:
    """Score a file of answers and write the run. Nothing is written unless every answer can be scored.

    Args:
        path: JSON lines, each with ``id`` (of an item) and ``response`` (a text, or null for a request that failed);
            other fields are passed over.
        arms: what the answers are to, each by its name or as an arm of one's own.
        out: directory for the results file and a samples file for each arm.
        model: what answered, for tables.
        model_args: how it was set, as ``key=value,…``: goes into the results file.
        protocol: how the question was put.
        language: in which language it was put.
        data: as of a task.
        partial: whether items may lack an answer; the run then counts as one that was limited.

    Raises:
        AnswersError: a line cannot be used, an id is of no item or stands twice, or items have no answer.
        ValueError: no such arm, protocol or language.
        cmqa_tasks.facts.release.ReleaseError: the data cannot be read or lack evidence.
        OSError: the answers cannot be read, or the run cannot be written.
    """
    tasks = [settings.read("lmms_eval", {}, arm=arm, protocol=protocol, language=language, data=data) for arm in arms]
    answers = _read(path)
    questions_of = {task.name: task.questions() for task in tasks}
    _check(path, answers, questions_of, tasks[0].release, partial=partial)
    config = {"model": "answers", "model_args": _arguments(model, model_args)}
    responses = {identity: answer.response for identity, answer in answers.items()}
    rows = {task.name: _rows(questions_of[task.name], responses, task.arm) for task in tasks}
    out.mkdir(parents=True, exist_ok=True)
    moment = _moment(out)
    scored = [
        ScoredTask(
            name=task.name,
            samples=out / f"{moment}_samples_{task.name}.jsonl",
            rates=_rates(task.arm, rows[task.name]),
            answered=len(rows[task.name]),
            asked=len(questions_of[task.name]),
        )
        for task in tasks
    ]
    about = {"file": path.name, "sha256": sha256_of(path), "scored": len(answers)}
    results = _results(tasks, scored, config) | {"answers": about}
    for task in scored:
        write_text(task.samples, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows[task.name]))
    write_text(out / f"{moment}_results.json", json.dumps(results, ensure_ascii=False, indent=2) + "\n")
    return scored


def _arguments(model: str, model_args: str) -> str:
    """The model's arguments as a harness writes them; its name is one of them."""
    if "," in model or not model.strip():
        raise AnswersError(f"model {model!r}: a name without commas is wanted; what else there is to say is a model argument")
    for argument in filter(None, model_args.split(",")):
        key, separator, _ = argument.partition("=")
        if not separator or key.strip() in _NAMES:
            raise AnswersError(f"model argument {argument!r} is not of the form key=value, or names another model")
    return f"model={model}" + (f",{model_args}" if model_args else "")


def _read(path: Path) -> dict[str, _Answer]:
    """The answers by id."""
    answers: dict[str, _Answer] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                identity, response = _parsed(line, f"{path}:{number}")
                if identity in answers:
                    raise AnswersError(f"{path}:{number}: {_ID}: {identity!r} stands on line {answers[identity].line} already")
                answers[identity] = _Answer(number, response)
    if not answers:
        raise AnswersError(f"{path}: no answers in this file")
    return answers


def _parsed(line: bytes, where: str) -> tuple[str, str]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise AnswersError(f"{where}: invalid UTF-8 byte 0x{line[error.start]:02x}; save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise AnswersError(f"{where}: no JSON: {error}") from None
    if not isinstance(row, dict):
        raise AnswersError(f"{where}: {_kind(row)} instead of an object with {_ID!r} and {_RESPONSE!r}")
    failed = _RESPONSE in row and row[_RESPONSE] is None
    return _text(row, _ID, where), REQUEST_FAILED if failed else _text(row, _RESPONSE, where)


def _text(row: Mapping[str, Any], field: str, where: str) -> str:
    if field not in row:
        raise AnswersError(f"{where}: no {field!r} among {', '.join(map(repr, row)) or 'no fields at all'}")
    value = row[field]
    if not isinstance(value, str):
        raise AnswersError(f"{where}: {field}: {_kind(value)} instead of a text")
    return value


def _kind(value: object) -> str:
    return "null" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"


def _check(
    path: Path, answers: Mapping[str, _Answer], questions_of: Mapping[str, Sequence[Question]], release: Release, *, partial: bool
) -> None:
    """Make sure that answers and items belong together."""
    known = {question.item.id for questions in questions_of.values() for question in questions}
    for identity, answer in answers.items():
        if identity not in known:
            raise AnswersError(f"{path}:{answer.line}: {_ID}: {_stranger(identity, questions_of, release)}")
    for name, questions in questions_of.items():
        missing = [question.item.id for question in questions if question.item.id not in answers]
        if len(missing) == len(questions):
            raise AnswersError(f"{path}: no answer to any of the {len(questions)} items of {name}")
        if missing and not partial:
            named = ", ".join(missing[:_NAMED]) + (", …" if len(missing) > _NAMED else "")
            raise AnswersError(
                f"{path}: {len(missing)} of the {len(questions)} items of {name} have no answer: {named}; "
                "--partial scores the others, and says so"
            )


def _stranger(identity: str, questions_of: Mapping[str, object], release: Release) -> str:
    """What is known of an id that is not among the items."""
    for arm in ARMS.values():
        if any(item.id == identity for item in items_of(arm, release)):
            return f"{identity!r} is an item of arm {arm.name}, not of {', '.join(questions_of)}; name that arm as well"
    return f"release {release.name!r} has no item {identity!r}; 'cmqa items ARM' lists the items (of other data with --data)"


def _rows(questions: Sequence[Question], responses: Mapping[str, str], arm: Arm) -> list[dict[str, Any]]:
    """The lines of a samples file, in the order of the items."""
    return [
        {
            "doc_id": number,
            "input": question.plain_text,
            "target": question.target,
            "filtered_resps": responses[question.item.id],
            **sample_of(question, responses[question.item.id], arm),
        }
        for number, question in enumerate(questions)
        if question.item.id in responses
    ]


def _rates(arm: Arm, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {metric.name: aggregation_of(metric)([row[metric.name] for row in rows]) for metric in metrics_of(arm)}


def _results(tasks: Sequence[Settings], scored: Sequence[ScoredTask], config: Mapping[str, Any]) -> dict[str, Any]:
    """The results file in lmms-eval's form."""
    limited = any(task.answered < task.asked for task in scored)
    by = f"cmqa score {cmqa_tasks.__version__}"
    return {
        "results": {
            task.name: {"alias": task.name} | {f"{name},none": rate for name, rate in task.rates.items()} for task in scored
        },
        "configs": {
            task.name: {"task": task.name, "output_type": "generate_until", "metadata": task.about() | {"scored_by": by}}
            for task in tasks
        },
        "versions": {task.name: task.about()["version"] for task in tasks},
        "n-samples": {task.name: {"original": task.asked, "effective": task.answered} for task in scored},
        "config": {**config, "limit": max(task.answered for task in scored) if limited else None},
        "date": time.time(),
    }


def _moment(out: Path) -> str:
    """The moment in names of files, as lmms-eval writes it; a later one where a run of this second is there already."""
    second = int(time.time())
    while (out / f"{_named(second)}_results.json").exists():
        second += 1
    return _named(second)


def _named(second: int) -> str:
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y%m%d_%H%M%S")
