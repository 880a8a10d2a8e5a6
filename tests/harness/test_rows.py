"""Questions as rows of a harness's data set, and as chat messages."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pytest

from cmqa_tasks import ConflictTask
from cmqa_tasks.asking.protocols import PROTOCOLS
from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS, Arm
from cmqa_tasks.facts.release import CROSSED_FORMAT, DEFAULT, METADATA, Release, load
from cmqa_tasks.facts.resources import releases_dir
from cmqa_tasks.harness.rows import from_row, is_ours, to_row

PAIRS = [arm for arm in ARMS.values() if not arm.single and arm.family == "cmqa" and {piece[1] for piece in arm.pieces} == {"en"}]
"""The arms with two pieces that a user's own English data can fill."""


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("arm", ["image_text", "zhtext_image", "en_zh", "zhimage"])
def test_a_question_comes_back_from_a_data_set(arm: str, protocol: str) -> None:
    """Also through Arrow, which fills a table's gaps, and through a samples file."""
    questions = questions_of(ARMS[arm], load(), protocol)[:40]
    rows = [to_row(question) for question in questions]
    assert all(map(is_ours, rows))
    assert json.loads(json.dumps(rows)) == rows
    assert [from_row(row) for row in datasets.Dataset.from_list(rows)] == questions


@pytest.mark.parametrize("protocol", ["aware", "choice"])
def test_a_crossed_question_keeps_its_turn_and_so_the_letters_of_its_options(protocol: str, tmp_path: Path) -> None:
    for file in (releases_dir() / DEFAULT).iterdir():
        (tmp_path / file.name).symlink_to(file)
    metadata = json.loads((tmp_path / METADATA).read_text(encoding="utf-8"))
    (tmp_path / METADATA).unlink()
    (tmp_path / METADATA).write_text(json.dumps(metadata | {"format": CROSSED_FORMAT}), encoding="utf-8")
    questions = questions_of(ARMS["image_text"], load(tmp_path), protocol)[:16]
    assert [question.item.turn for question in questions] == [0, 1, 2, 3] * 4
    rows = datasets.Dataset.from_list([to_row(question) for question in questions])
    assert [from_row(row) for row in rows] == questions
    assert [from_row(row).options for row in rows] == [question.options for question in questions]


def test_facts_that_speak_different_languages_share_a_table(own_release: Release) -> None:
    """Where a fact lacks a language, Arrow says null; the fact that comes back lacks it again."""
    questions = [*questions_of(ARMS["text"], load(), "choice")[:2], *questions_of(ARMS["text"], own_release, "choice")[:2]]
    back = [from_row(row) for row in datasets.Dataset.from_list([*map(to_row, questions)])]
    assert back == questions
    assert set(back[0].fact.question) == {"en", "zh"}
    assert set(back[2].fact.question) == {"en"}


def test_what_is_not_ours_is_told_apart() -> None:
    assert not is_ours({"question": "Why?", "answer": "So."})


@pytest.mark.parametrize("arm", PAIRS, ids=lambda arm: arm.name)
def test_chat_and_plain_forms_hold_the_same_content(arm: Arm, own_release: Release) -> None:
    task = ConflictTask(arm=arm, data=own_release)
    for question in questions_of(arm, own_release, "aware"):
        (turn,) = task.doc_to_messages(to_row(question))
        chat_text = "".join(part.get("text", "<image>") for part in turn["content"])
        assert chat_text == question.plain_text
        chat_images = [part["url"].tobytes() for part in turn["content"] if part["type"] == "image"]
        assert chat_images == [image.tobytes() for image in question.images(own_release)]
        assert len(chat_images) == chat_text.count("<image>")
