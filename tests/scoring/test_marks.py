"""What a samples file says of an answer, and that no answer ends a run."""

from __future__ import annotations

import json

import pytest

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, ITEM_KEY
from cmqa_tasks.facts.release import Release
from cmqa_tasks.scoring import outcomes
from cmqa_tasks.scoring.marks import sample_of
from cmqa_tasks.scoring.metrics import metrics_of


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
