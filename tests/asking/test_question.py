"""The record of what is asked: prompt, images, target, and what cannot be asked."""

from __future__ import annotations

import pytest

from cmqa_tasks.asking import prompts
from cmqa_tasks.asking.prompts import PromptError
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import Release, ReleaseError


def test_each_piece_of_evidence_is_a_part_of_its_own(own_release: Release) -> None:
    question = questions_of(ARMS["text_text"], own_release, "aware")[0]
    parts = {part.evidence: part.text for part in question.prompt if part.evidence is not None}
    assert parts == dict(enumerate(question.passages))
    assert question.plain_text == "".join(part.text or "" for part in question.prompt)


def test_an_image_is_a_part_without_text_and_a_placeholder_in_the_plain_form(own_release: Release) -> None:
    question = questions_of(ARMS["image_text"], own_release, "aware")[0]
    assert question.passages[0] is None
    assert [part.evidence for part in question.prompt if part.text is None] == [0]
    assert question.plain_text.count("<image>") == len(question.images(own_release)) == 1


def test_unknown_language_and_protocol_are_refused(own_release: Release) -> None:
    with pytest.raises(PromptError, match="no prompts in language 'xx'; choose one of en, zh"):
        questions_of(ARMS["text"], own_release, "aware", language="xx")
    with pytest.raises(ValueError, match="unknown protocol 'nope'; choose one of aware, neutral"):
        questions_of(ARMS["text"], own_release, "nope")


def test_a_question_that_is_missing_in_a_language_is_named(own_release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "require", lambda protocol, language: None)
    with pytest.raises(ReleaseError, match="no question in language 'xx', only in en"):
        questions_of(ARMS["text"], own_release, "aware", language="xx")


@pytest.mark.parametrize("arm", ["text_text", "image"])
def test_the_target_is_the_value_shown_or_the_conflict(arm: str, own_release: Release) -> None:
    for question in questions_of(ARMS[arm], own_release, "aware"):
        sides = {piece.side for piece in question.pieces}
        fact = question.fact
        expected = "conflict" if len(sides) == 2 else fact.value(sides.pop()).canonical
        assert question.target == expected
