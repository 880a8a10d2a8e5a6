"""Runs as records of Every Eval Ever (schema 0.3.0): for each task an aggregate file, and beside it a line per item.

    data/cmqa-tasks/<developer>/<model>/<uuid>.json
    data/cmqa-tasks/<developer>/<model>/<uuid>_samples.jsonl

An item's line has the mark of the headline metric (``balanced``; ``read_correct`` of single pieces), and its outcome as metadata,
from which every other metric follows. A failed request has no mark: its line says so as an error, with the score 0 that the
schema demands. What is not known of a model (who deployed it, whether its weights are open) says so.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cmqa_tasks.reports.export.measures import Measure, headline_of, measures_of, scored_items
from cmqa_tasks.results import ResultsError, Run, TaskRun
from cmqa_tasks.results.texts import Exchange, exchanges
from cmqa_tasks.scoring.statistics.bootstrap import LEVEL, RESAMPLES
from cmqa_tasks.writing.files import write_text

SCHEMA = "0.3.0"
COLLECTION = "cmqa-tasks"
Relationship = Literal["first_party", "third_party", "collaborative", "other"]
_UNPORTABLE = re.compile(r'[<>:"\\|?*\x00-\x1f]')


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Who ran the evaluation."""

    organization: str
    relationship: Relationship
    """To those who made the model."""
    url: str | None = None


def write(run: Run, out: Path, evaluator: Evaluator, developer: str | None = None) -> list[Path]:
    """Write the records of a run below ``out/data``.

    Returns:
        the aggregate files.

    Raises:
        ResultsError: the model's name says no developer and none is given, or cannot be part of a path.
    """
    identity, folder = _identity(run.name, developer)
    paths = []
    for part in run.parts.values():
        number = str(int(time.time()))
        name = str(uuid.uuid4())
        evaluation = f"{part.stamp.task}/{identity}/{number}"
        stem = f"data/{COLLECTION}/{folder}/{name}"
        rows = list(_rows(part, evaluation, identity))
        text = "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
        details = {
            "format": "jsonl",
            "file_path": f"{stem}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest(),
            "total_rows": len(rows),
        }
        record = {
            "schema_version": SCHEMA,
            "evaluation_id": evaluation,
            "retrieved_timestamp": number,
            "source_metadata": _source(evaluator),
            "eval_library": _library(run),
            "model_info": _model(run, identity, folder),
            "evaluation_results": [_result(part, measure) for measure in measures_of(part)],
            "detailed_evaluation_results": details,
        }
        path = out / f"{stem}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(out / f"{stem}_samples.jsonl", text)
        paths.append(write_text(path, json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False) + "\n"))
    return paths


def _identity(model: str, developer: str | None) -> tuple[str, str]:
    """The model's id, and its folder: developer and name."""
    first, slash, rest = model.partition("/")
    if not slash and not developer:
        raise ResultsError(f"{model!r} says no developer, as org/model does: name one (--developer)")
    folder = f"{first}/{rest.replace('/', '_')}" if slash else f"{developer}/{model}"
    if _UNPORTABLE.search(folder) or any(part in ("", ".", "..") or part[-1] in ". " for part in folder.split("/")):
        raise ResultsError(f"{folder!r} cannot be a path everywhere: name the run (NAME=DIRECTORY)")
    return model, folder


def _source(evaluator: Evaluator) -> dict[str, Any]:
    source = {
        "source_name": COLLECTION,
        "source_type": "evaluation_run",
        "source_organization_name": evaluator.organization,
        "evaluator_relationship": evaluator.relationship,
    }
    return source | ({"source_organization_url": evaluator.url} if evaluator.url else {})


def _library(run: Run) -> dict[str, Any]:
    name, _, version = run.subject.harness.rpartition(" ")
    return {"name": name, "version": version, "additional_details": {"cmqa-tasks": run.subject.package}}


def _model(run: Run, identity: str, folder: str) -> dict[str, Any]:
    subject = run.subject
    about = {
        "deployment_type": "self_deployed" if subject.arguments.startswith("cmqa_hf") else "unknown",
        "model_availability": "unknown",
        "revision": subject.revision,
        "arguments": subject.arguments,
        "dtype": subject.dtype,
        "attn_implementation": subject.attn_implementation,
        "changes": subject.changes,
    }
    about = {key: value for key, value in about.items() if value}
    return {"name": run.name, "id": identity, "developer": folder.partition("/")[0], "additional_details": about}


def _result(part: TaskRun, measure: Measure) -> dict[str, Any]:
    setting, metric = part.stamp.setting, measure.metric
    data = {"release": setting.release, "release_sha256": setting.release_sha256, "task_version": setting.task_version}
    interval = {
        "lower": measure.low,
        "upper": measure.high,
        "confidence_level": LEVEL,
        "method": "percentile bootstrap over facts",
    }
    uncertainty = {"num_samples": measure.items, "num_bootstrap_samples": RESAMPLES}
    bounded = not math.isnan(measure.low)
    return {
        "evaluation_result_id": metric.name,
        "evaluation_name": part.stamp.task,
        "source_data": {"dataset_name": f"{COLLECTION} {setting.release}", "source_type": "other", "additional_details": data},
        "evaluation_timestamp": part.stamp.date,
        "metric_config": {
            "evaluation_description": metric.description,
            "metric_id": f"{COLLECTION}.{metric.name}",
            "metric_name": metric.name,
            "metric_unit": "proportion",
            "lower_is_better": metric.higher_is_better is False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
            "additional_details": {} if metric.higher_is_better is not None else {"direction": "neither is better"},
        },
        "score_details": {
            "score": measure.value,
            "uncertainty": uncertainty | ({"confidence_interval": interval} if bounded else {}),
        },
        "generation_config": {
            "additional_details": {"protocol": setting.protocol, "question_language": setting.language, "answers_by": setting.by}
        },
    }


def _rows(part: TaskRun, evaluation: str, identity: str) -> Iterator[dict[str, Any]]:
    texts = exchanges(part)
    headline = headline_of(part)
    about = part.items.select(["item_id", "parsed", "world", "type"]).to_pylist()
    for row, (fact, scored) in zip(about, scored_items(part), strict=True):
        mark = headline.mark(scored)
        yield {
            **_row(texts.get(row["item_id"], Exchange("", "", "")), row),
            "schema_version": SCHEMA,
            "evaluation_id": evaluation,
            "model_id": identity,
            "evaluation_name": part.stamp.task,
            "evaluation_result_id": headline.name,
            "evaluation": {"score": mark or 0.0, "is_correct": mark == 1.0},
            "error": "the request failed" if scored.outcome == "failed" else None,
            "metadata": {"outcome": scored.outcome, "relation": scored.relation, "fact": fact}
            | {key: row[key] for key in ("world", "type") if row[key]},
        }


def _row(exchange: Exchange, row: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, answered and read."""
    sample = json.dumps([exchange.prompt, exchange.target], ensure_ascii=True)
    read = {
        "turn_idx": 0,
        "source": "output.raw",
        "extracted_value": row["parsed"],
        "extraction_method": "rules of cmqa-tasks",
        "is_terminal": True,
    }
    return {
        "sample_id": row["item_id"],
        "sample_hash": hashlib.sha256(sample.encode()).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": exchange.prompt, "reference": [exchange.target]},
        "output": {"raw": [exchange.response]},
        "messages": None,
        "answer_attribution": [] if row["parsed"] is None else [read],
    }
