"""Answers in files: hand-written ones, what models wrote, and kinds of answers that were once misread."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from reading_cases import FILES, all_cases, cases_of

from cmqa_tasks.facts.records import KINDS, OUTCOMES


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_answers_are_read_as_they_should_be(path: Path) -> None:
    misread = []
    for case in cases_of(path):
        outcome, parsed = case.outcome()
        if outcome != case.expected:
            misread.append(
                f"{case.response!r}\n    [{case.fact.kind}, {case.relation}, {case.form}]"
                f" {outcome} ({parsed}), not {case.expected}"
            )
    assert not misread, f"{len(misread)} misread:\n" + "\n".join(misread)


def test_cases_cover_every_kind_form_and_outcome() -> None:
    cases = all_cases()
    assert {case.fact.kind for case in cases} == set(KINDS)
    assert {case.form for case in cases} == {"free", "final_line", "yes_no", "letter"}
    assert set(Counter(case.expected for case in cases)) == set(OUTCOMES)
