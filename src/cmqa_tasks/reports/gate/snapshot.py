"""What a model did with every item: what the gate compares, from a run or from a reference file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cmqa_tasks.results import ResultsError, Run, Setting, TaskRun, read_runs
from cmqa_tasks.results.texts import exchanges
from cmqa_tasks.scoring.outcomes import is_right


class RecordedItem(NamedTuple):
    """One item."""

    fact: str
    relation: str
    outcome: str
    parsed: str | None
    digest: str
    """Of the response; empty where it is not text (log-likelihoods)."""

    @property
    def score(self) -> float:
        """1 for the right call (of two pieces) or the right value (of one), else 0."""
        return float(is_right(self.relation, self.outcome))

    @property
    def title(self) -> str:
        """For tables: the outcome, and what was read where that says more."""
        return self.outcome if self.parsed in (None, self.outcome) else f"{self.outcome} ({self.parsed})"


class Key(NamedTuple):
    """Which task, whatever its name in a harness."""

    arm: str
    setting: Setting

    @property
    def title(self) -> str:
        """For tables: ``image_text`` or ``image_text, neutral in zh``."""
        plain = (self.setting.protocol, self.setting.language, self.setting.by) == ("aware", "en", "generation")
        by = "" if self.setting.by == "generation" else ", by log-likelihood"
        return self.arm if plain else f"{self.arm}, {self.setting.protocol} in {self.setting.language}{by}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One model's items by task."""

    model: str
    stamp: Mapping[str, str]
    """Revision, dtype, software and so on, as the results say."""
    date: str
    tasks: Mapping[Key, Mapping[str, RecordedItem]]


def of_run(directory: Path) -> Snapshot:
    """The snapshot of the one model below a directory of results.

    Raises:
        ResultsError: the results cannot be read, or there are several models.
        cmqa_tasks.attention.store.StoreError: a log of attention is damaged.
    """
    runs = read_runs([directory])
    models = sorted({run.title for run in runs})
    if len(models) > 1:
        raise ResultsError(f"{directory} holds results of {len(models)} models ({', '.join(models)}); the gate compares one")
    tasks = {Key(arm, run.setting): _records(part) for run in runs for arm, part in run.parts.items()}
    dates = sorted({date for run in runs for date in run.dates})
    return Snapshot(models[0], _stamp(runs[0]), dates[-1], dict(sorted(tasks.items())))


def _stamp(run: Run) -> dict[str, str]:
    subject = run.subject
    return {name: getattr(subject, name) for name in subject.__slots__ if name != "model"}


def _records(part: TaskRun) -> dict[str, RecordedItem]:
    texts = exchanges(part) if part.stamp.setting.by == "generation" else {}
    columns = [part.items.column(name).to_pylist() for name in ("item_id", "fact_id", "relation", "outcome", "parsed")]
    return {
        item: RecordedItem(fact, relation, outcome, parsed, texts[item].digest if texts else "")
        for item, fact, relation, outcome, parsed in zip(*columns, strict=True)
    }
