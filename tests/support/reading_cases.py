"""Answers in files, each with the outcome that it should have, and facts in short form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmqa_tasks.asking.protocols import Form, Meaning
from cmqa_tasks.facts.records import Fact, Outcome, Relation, Side, Value
from cmqa_tasks.scoring.outcomes import score_answer

CASES = Path(__file__).parents[1] / "reading" / "cases"
FILES = sorted(CASES.glob("*/*.json"))


@dataclass(frozen=True)
class Case:
    """One answer and what it should count as."""

    fact: Fact
    response: str
    relation: Relation
    first: Side
    expected: Outcome
    form: Form
    letters: Mapping[str, Meaning]

    def outcome(self) -> tuple[Outcome, str | None]:
        """What it does count as, and how it was read."""
        return score_answer(self.response, self.fact, self.relation, self.first, self.form, self.letters)


def fact_of(spec: Mapping[str, Any]) -> Fact:
    """A fact from its short form in a case file: surface forms and entity in English, or by language."""
    a, b = (Value(canonical=spec[side]["canonical"], surface=_by_language(spec[side]["surface"])) for side in "ab")
    entity = spec["entity"] if isinstance(spec["entity"], dict) else {"en": spec["entity"]}
    return Fact(
        id="case",
        index=0,
        world=spec["world"],
        type="case",
        kind=spec["kind"],
        entity=entity,
        question=spec.get("question") or {language: f"About {name}?" for language, name in entity.items()},
        a=a,
        b=b,
        graphical=False,
        tolerance=spec.get("tolerance", 0.0),
    )


def _by_language(surface: Any) -> dict[str, tuple[str, ...]]:
    forms = surface if isinstance(surface, dict) else {"en": surface}
    return {language: tuple(written) for language, written in forms.items()}


def cases_of(path: Path) -> Iterator[Case]:
    """The cases of one file."""
    data = json.loads(path.read_text(encoding="utf-8"))
    facts = {name: fact_of(spec) for name, spec in data["facts"].items()}
    for case in data["cases"]:
        yield Case(
            facts[case["fact"]],
            case["response"],
            case["relation"],
            case["first"],
            case["expected"],
            case.get("form", "free"),
            case.get("letters") or data.get("letters", {}).get(case["fact"], {}),
        )


def all_cases() -> list[Case]:
    """The cases of all files."""
    return [case for path in FILES for case in cases_of(path)]


LAMP = fact_of(
    {
        "world": "shopping",
        "kind": "money",
        "entity": {"en": "Brindle desk lamp", "zh": "布林德台灯"},
        "a": {"canonical": "24.99 USD", "surface": {"en": ["$24.99"], "zh": ["24.99美元"]}},
        "b": {"canonical": "29.99 USD", "surface": {"en": ["$29.99"], "zh": ["29.99美元"]}},
    }
)
