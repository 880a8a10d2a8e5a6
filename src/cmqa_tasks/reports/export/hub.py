"""Runs as the ``.eval_results`` of a model repository on the Hub, which shows them on the model's page.

    <model>/.eval_results/cmqa.yaml      [{dataset: {id, task_id}, value, date, source: {url, name}, notes}, …]

The data set must be on the Hub, under the id that is given; one entry is the headline metric of one task.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import yaml

from cmqa_tasks.reports.export.measures import headline_of, measures_of
from cmqa_tasks.results import Run, TaskRun
from cmqa_tasks.writing.files import write_text

_LOG = logging.getLogger(__name__)
_FILE = Path(".eval_results") / "cmqa.yaml"


def write(run: Run, out: Path, dataset: str, url: str | None = None) -> Path:
    """Write the entries of a run, and return the file's path."""
    path = out / run.name.replace("/", "__") / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [entry for part in run.parts.values() if (entry := _entry(part, dataset, url)) is not None]
    return write_text(path, yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))


def _entry(part: TaskRun, dataset: str, url: str | None) -> dict[str, Any] | None:
    name, setting = headline_of(part).name, part.stamp.setting
    headline = next((measure for measure in measures_of(part) if measure.metric.name == name), None)
    if headline is None:
        _LOG.warning("%s: no item of %s counts for %s: it is left out", part.samples, part.stamp.task, name)
        return None
    source = {"source": {"url": url, "name": "cmqa-tasks"}} if url else {}
    interval = f"95 % interval {headline.low:.3f} to {headline.high:.3f} over facts, {headline.items} items"
    return {
        "dataset": {"id": dataset, "task_id": part.stamp.task},
        "value": round(headline.value, 6),
        "date": part.stamp.date,
        **source,
        "notes": f"{headline.metric.name}: {headline.metric.description}; {interval}; {setting.title}",
    }
