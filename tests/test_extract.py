"""Reading free-form English answers: hand-written cases, the readers of values, and hostile input."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cmqa_tasks.extract import BARE, FOREIGN, TYPED, Reading, extract, mentions
from cmqa_tasks.records import KINDS, OUTCOMES, Fact, Kind, Value
from cmqa_tasks.score import score_response

CASES = Path(__file__).parent / "cases" / "extract_en"


def fact_of(spec: dict[str, Any]) -> Fact:
    """A fact from its short form in a case file."""
    a, b = (Value(canonical=spec[side]["canonical"], surface={"en": tuple(spec[side]["surface"])}) for side in "ab")
    return Fact(
        id="case",
        index=0,
        world=spec["world"],
        type="case",
        kind=spec["kind"],
        entity={"en": spec["entity"]},
        question={"en": f"About {spec['entity']}?"},
        a=a,
        b=b,
        graphical=False,
        tolerance=spec.get("tolerance", 0.0),
    )


def load() -> list[Any]:
    """Every case of every file."""
    params = []
    for path in sorted(CASES.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        facts = {name: fact_of(spec) for name, spec in data["facts"].items()}
        for number, case in enumerate(data["cases"], 1):
            label = f"{path.stem}:{number}:{case['response'][:40]!r}"
            params.append(pytest.param(facts[case["fact"]], case, id=label.encode("ascii", "replace").decode()))
    return params


ALL = load()


@pytest.mark.parametrize(("fact", "case"), ALL)
def test_case(fact: Fact, case: dict[str, str]) -> None:
    outcome, reading = score_response(case["response"], fact, case["relation"], case["first"])  # type: ignore[arg-type]
    assert outcome == case["expected"], reading


def test_cases_cover_every_kind_world_and_outcome() -> None:
    facts = [param.values[0] for param in ALL]
    assert {fact.kind for fact in facts} == set(KINDS)
    assert {fact.world for fact in facts} == {"news", "shopping", "maps", "health"}
    outcomes = Counter(param.values[1]["expected"] for param in ALL)
    assert set(outcomes) == set(OUTCOMES)
    assert min(outcomes.values()) >= 10
    assert len(ALL) >= 280
