"""What was asked and answered: the long texts of a samples file, read only when they are wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cmqa_tasks.facts.records import ITEM_KEY
from cmqa_tasks.results.items import lines
from cmqa_tasks.results.runs import TaskRun


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer."""

    prompt: str
    """As far as the harness keeps it; images are placeholders."""
    response: str
    target: str

    @property
    def digest(self) -> str:
        """The first 8 hex digits of the response's SHA-256."""
        return hashlib.sha256(self.response.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def exchanges(part: TaskRun, wanted: Collection[str] | None = None) -> dict[str, Exchange]:
    """The exchanges of a task by item id; only some items' if ids are given.

    Raises:
        cmqa_tasks.results.ResultsError: a line is damaged.
    """
    by_item = {}
    for row in lines(part.samples):
        item = row[ITEM_KEY]["item_id"]
        if wanted is None or item in wanted:
            by_item[item] = Exchange(_prompt(row), _response(row.get("filtered_resps")), str(row.get("target", "")))
    return by_item


def _response(response: Any) -> str:
    """The text of a response: lmms-eval 0.7 writes it as it is, 0.6 and lm-eval in a list; of log-likelihoods, all of them."""
    while isinstance(response, list) and len(response) == 1:
        response = response[0]
    if isinstance(response, list):
        return " ".join(str(part[0] if isinstance(part, list) else part) for part in response)
    return str(response)


def _prompt(row: Mapping[str, Any]) -> str:
    if "input" in row:
        return str(row["input"])
    arguments = row.get("arguments") or {}
    first = arguments.get("gen_args_0") if isinstance(arguments, Mapping) else None
    return str((first or {}).get("arg_0", ""))
