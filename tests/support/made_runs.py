"""Results of models that never ran: files in the form that a harness writes, with the outcomes that a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cmqa_tasks.facts.records import ARMS, content_id

Behaviour = Callable[[int, str], str]
"""The outcome of a fact (by number) and relation; of single pieces the relation is ``single_a`` or ``single_b``."""
ALL = ("text_text", "image_image", "image_text", "text_image", "text", "image")


def always(right: bool) -> Behaviour:
    """A model that gets everything right, or follows the first piece and cries conflict where there is none."""
    return lambda _, relation: {"conflict": "conflict" if right else "first"}.get(relation, "correct" if right else "conflict")


@dataclass
class Run:
    """One evaluation to be written."""

    behaviour: Behaviour
    model: str = "org/model"
    arms: tuple[str, ...] = ALL
    facts: int = 40
    original: int | None = None
    """Facts of the whole release, where the run has fewer."""
    moment: str = "20261101_120000"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    responses: Callable[[str], str] = lambda outcome: f"I say {outcome}."
    attention: Mapping[str, float] = field(default_factory=dict)
    """Mean ``log_density_ratio`` by arm."""
    suffix: str = ""
    crossed: bool = False
    """Whether both values stand first in turn, as in release v2: twice the items of arms with two pieces."""
    groups: Callable[[int], tuple[str, str]] = lambda _: ("shopping", "price")
    """World and type of a fact, by its number."""
    kinds: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """(modality, language) of each piece of arms that do not come with the package."""

    def write(self, directory: Path) -> Path:
        """Write it, and return the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        for arm in self.arms:
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows(arm)]
            self.samples(directory, arm).write_text("".join(lines), encoding="utf-8")
        (directory / f"{self.moment}_results.json").write_text(json.dumps(self.results()), encoding="utf-8")
        return directory

    def samples(self, directory: Path, arm: str) -> Path:
        """The samples file of an arm."""
        return directory / f"{self.moment}_samples_{self.task(arm)}.jsonl"

    def task(self, arm: str) -> str:
        """The name of an arm's task."""
        return f"{ARMS[arm].family if arm in ARMS else 'own'}_{arm}{self.suffix}"

    def about(self) -> dict[str, Any]:
        """What the results file says of every task."""
        own = {"version": 2.0, "protocol": "aware", "question_language": "en", "release": "made", "release_sha256": "a" * 64}
        return own | {"package": "0.3.0", "harness": "0.7.3"} | dict(self.metadata)

    def results(self) -> dict[str, Any]:
        """The results file."""
        asked = 4 if self.crossed else 2
        counts = {"original": asked * (self.original or self.facts), "effective": asked * self.facts}
        limit = None if self.original is None else asked * self.facts
        settings = {"model": "cmqa_hf", "model_args": f"pretrained={self.model}", "limit": limit, "offset": 0}
        tasks = {self.task(arm): self.about() | ({"pieces": self.kinds[arm]} if arm in self.kinds else {}) for arm in self.arms}
        return {
            "results": {},
            "configs": {
                task: {"task": task, "output_type": "generate_until", "metadata": about} for task, about in tasks.items()
            },
            "config": settings | dict(self.config),
            "n-samples": dict.fromkeys(tasks, counts),
            "date": self.moment,
        }

    def rows(self, arm: str) -> list[dict[str, Any]]:
        """The lines of an arm's samples file."""
        single = len(self.kinds.get(arm, ())) == 1 if arm not in ARMS else ARMS[arm].single
        sides = "ab" if self.crossed else "a"
        pairs = [(relation, side) for side in sides for relation in ("conflict", "agree")]
        kinds = [("single", "a"), ("single", "b")] if single else pairs
        return [self.row(arm, fact, relation, side) for fact in range(self.facts) for relation, side in kinds]

    def row(self, arm: str, fact: int, relation: str, side: str) -> dict[str, Any]:
        """One line."""
        about = self.about()
        outcome = self.behaviour(fact, f"single_{side}" if relation == "single" else relation)
        sides = [side] if relation == "single" else [side, "ab"[side == "a"] if relation == "conflict" else side]
        record = {
            "item_id": content_id(arm, fact, relation, side),
            "fact_id": content_id(fact),
            "release": about["release"],
            "arm": arm,
            "relation": relation,
            "protocol": about["protocol"],
            "language": about["question_language"],
            "world": self.groups(fact)[0],
            "type": self.groups(fact)[1],
            "sides": sides,
            "outcome": outcome,
            "parsed": outcome if outcome == "conflict" else None,
        }
        row = {
            "doc_id": fact,
            "target": "conflict",
            "filtered_resps": self.responses(outcome),
            "cmqa_item": record,
            "input": "Asked.",
        }
        if arm in self.attention:
            row["log_density_ratio"] = {"cluster": record["fact_id"], "score": self.attention[arm]}
        return row


SAME, ACROSS = ("text_text", "image_image"), ("image_text", "text_image")


def between(first: int, last: int) -> Behaviour:
    """Recognises the conflicts of some facts, and cries none."""
    return lambda fact, relation: ("conflict" if first <= fact < last else "first") if relation == "conflict" else "correct"


def evaluate(directory: Path, same: Behaviour, across: Behaviour, protocol: str = "aware", **settings: object) -> Path:
    """A model with one behaviour on pairs of one kind and another across kinds, under a protocol."""
    changes = {"metadata": {"protocol": protocol}, "suffix": "" if protocol == "aware" else f"__{protocol}"} | settings
    for arms, behaviour in ((SAME, same), (ACROSS, across)):
        Run(behaviour, arms=arms, **changes).write(directory / protocol / arms[0])  # type: ignore[arg-type]
    return directory
