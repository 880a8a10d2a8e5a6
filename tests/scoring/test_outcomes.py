"""Readings to outcomes: the whole table; what a samples file says of an answer; and that no answer ends a run."""

from __future__ import annotations

import json

import pytest
from reading_cases import LAMP

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, ITEM_KEY, Outcome, Relation, Side
from cmqa_tasks.facts.release import Release
from cmqa_tasks.reading import Reading
from cmqa_tasks.scoring import outcomes
from cmqa_tasks.scoring.marks import sample_of
from cmqa_tasks.scoring.metrics import metrics_of
from cmqa_tasks.scoring.outcomes import score, score_answer

A = Reading(False, ("a",), None, False, "a")
B = Reading(False, ("b",), None, False, "b")
BOTH = Reading(False, ("b", "a"), None, False, "b | a")
OTHER = Reading(False, (), "19.99 USD", False, "other: 19.99 USD")
ABSTAINED = Reading(False, (), None, True, "abstained")
NOTHING = Reading(False, (), None, False, None)
CONFLICT = Reading(True, (), None, False, "conflict")
CONFLICT_THEN_A = Reading(True, ("a",), None, False, "conflict: a")


@pytest.mark.parametrize(
    ("reading", "relation", "first", "expected"),
    [
        (A, "conflict", "a", "first"),
        (A, "conflict", "b", "second"),
        (B, "conflict", "a", "second"),
        (B, "conflict", "b", "first"),
        (A, "agree", "a", "correct"),
        (A, "agree", "b", "other"),
        (B, "agree", "b", "correct"),
        (A, "single", "a", "correct"),
        (B, "single", "a", "other"),
        (BOTH, "conflict", "a", "both"),
        (BOTH, "agree", "a", "both"),
        (BOTH, "single", "b", "both"),
        (OTHER, "conflict", "a", "other"),
        (OTHER, "single", "a", "other"),
        (ABSTAINED, "conflict", "a", "abstain"),
        (ABSTAINED, "agree", "b", "abstain"),
        (NOTHING, "conflict", "a", "unparsed"),
        (NOTHING, "single", "a", "unparsed"),
        (CONFLICT, "conflict", "a", "conflict"),
        (CONFLICT, "agree", "a", "conflict"),
        (CONFLICT, "single", "b", "conflict"),
        (CONFLICT_THEN_A, "conflict", "a", "conflict"),
        (CONFLICT_THEN_A, "agree", "a", "conflict"),
    ],
)
def test_outcome(reading: Reading, relation: Relation, first: Side, expected: Outcome) -> None:
    assert score(reading, relation, first) == expected


def test_a_value_beats_an_abstention_and_an_expected_value_beats_another() -> None:
    assert score(Reading(False, ("a",), "19.99 USD", True, "a"), "conflict", "a") == "first"
    assert score(Reading(False, (), "19.99 USD", True, "other"), "conflict", "a") == "abstain"


def test_a_response_is_scored_with_its_reading() -> None:
    outcome, parsed = score_answer("The image says $24.99, the text $29.99.", LAMP, "conflict", "b")
    assert outcome == "both"
    assert parsed == "24.99 USD | 29.99 USD"


@pytest.mark.parametrize(
    ("response", "relation", "outcome"),
    [
        ("Yes.", "conflict", "conflict"),
        ("Yes.", "agree", "conflict"),
        ("No.", "agree", "correct"),
        ("No.", "conflict", "other"),
        ("It costs $24.99.", "conflict", "first"),
        ("I cannot tell.", "agree", "abstain"),
        ("Purple.", "agree", "unparsed"),
    ],
)
def test_a_yes_or_no_is_right_or_wrong_and_names_no_value(response: str, relation: Relation, outcome: Outcome) -> None:
    assert score_answer(response, LAMP, relation, "a", "yes_no")[0] == outcome


def test_swapping_the_order_swaps_first_and_second() -> None:
    for response in ("$24.99", "It costs $29.99."):
        assert {score_answer(response, LAMP, "conflict", side)[0] for side in ("a", "b")} == {"first", "second"}


def test_the_per_item_record_says_what_the_report_needs(own_release: Release) -> None:
    question = questions_of(ARMS["image_text"], own_release, "aware")[0]
    result = sample_of(question, "I would say $20.99.", ARMS["image_text"])
    assert set(result) == {metric.name for metric in metrics_of(ARMS["image_text"])} | {ITEM_KEY}
    record = result[ITEM_KEY]
    assert record["item_id"] == question.item.id
    assert (record["fact_id"], record["arm"], record["relation"]) == (question.fact.id, "image_text", "conflict")
    assert record["outcome"] == "first"
    assert "20.99" in record["parsed"]
    json.dumps(result)


def test_an_answer_that_the_reader_fails_on_is_unparsed_and_named(
    own_release: Release, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise IndexError("a fault of the reader")

    question = questions_of(ARMS["image_text"], own_release, "aware")[0]
    monkeypatch.setattr(outcomes, "read_response", fail)
    result = sample_of(question, "I would say $20.99.", ARMS["image_text"])
    assert result[ITEM_KEY]["outcome"] == "unparsed"
    assert question.item.id in caplog.text
    assert "a fault of the reader" in caplog.text


def test_a_huge_response_is_a_counted_outcome(own_release: Release) -> None:
    question = questions_of(ARMS["image_text"], own_release, "aware")[0]
    result = sample_of(question, "blah " * 200_000, ARMS["image_text"])
    assert result["unparsed"]["score"] == 1.0
