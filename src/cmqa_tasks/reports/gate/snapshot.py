"""What a model did with every item: what the gate compares, from a run or from a reference file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cmqa_tasks.results import Entry, Part, ResultsError, Setting, Source, read_all
from cmqa_tasks.results.texts import exchanges
from cmqa_tasks.scoring.outcomes import is_right


class Record(NamedTuple):
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
    tasks: Mapping[Key, Mapping[str, Record]]


def of_run(directory: Path) -> Snapshot:
    """The snapshot of the one model below a directory of results.

    Raises:
        ResultsError: the results cannot be read, or there are several models.
        cmqa_tasks.attention.store.StoreError: a log of attention is damaged.
    """
    entries = read_all([Source(directory)])
    models = sorted({entry.name for entry in entries})
    if len(models) > 1:
        raise ResultsError(f"{directory} holds results of {len(models)} models ({', '.join(models)}); the gate compares one")
    tasks = {Key(arm, entry.setting): _records(part) for entry in entries for arm, part in entry.parts.items()}
    dates = sorted({date for entry in entries for date in entry.dates})
    return Snapshot(models[0], _stamp(entries[0]), dates[-1], dict(sorted(tasks.items())))


def _stamp(entry: Entry) -> dict[str, str]:
    subject = entry.subject
    return {name: getattr(subject, name) for name in subject.__slots__ if name != "model"}


def _records(part: Part) -> dict[str, Record]:
    said = exchanges(part) if part.stamp.setting.by == "generation" else {}
    columns = [part.items.column(name).to_pylist() for name in ("item_id", "fact_id", "relation", "outcome", "parsed")]
    return {
        item: Record(fact, relation, outcome, parsed, said[item].digest if said else "")
        for item, fact, relation, outcome, parsed in zip(*columns, strict=True)
    }
