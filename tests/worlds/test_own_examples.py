"""The worked examples: files in four published schemas become facts that can be asked about."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.scoring.outcomes import score_response
from cmqa_tasks.worlds.own import faults, read_jsonl

EXAMPLES = Path(__file__).parents[2] / "examples" / "own"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("examples") / "own"
    shutil.copytree(EXAMPLES, directory, ignore=shutil.ignore_patterns("*s.jsonl"))
    subprocess.run([sys.executable, directory / "convert.py"], check=True)
    return directory


@pytest.mark.parametrize(
    ("source", "arm", "answers"),
    [
        ("receipts", "image_text", {"60000.00 IDR": "Rp 60.000", "54500.00 IDR": "IDR 54,500"}),
        ("paragraphs", "en_zh", {"Ada Thorne": "阿达·索恩", "Bram Hollis": "It was Bram Hollis."}),
        ("attributes", "text_image", {"red": "The ball is red.", "yellow": "It is yellow."}),
        ("charts", "image_text", {"48": "48%", "47.5": "47.5 percent"}),
    ],
)
def test_a_published_schema_becomes_facts(converted: Path, source: str, arm: str, answers: dict[str, str]) -> None:
    file = converted / f"{source}.jsonl"
    assert faults(file) == []
    release = read_jsonl(file)
    questions = questions_of(ARMS[arm], release, "aware")
    relations = Counter(question.item.relation for question in questions)
    assert relations["conflict"] == relations["agree"] >= 2
    for question in questions:
        assert all(image.size > (100, 100) for image in question.images(release))
        if question.target in answers:
            assert score_response(answers[question.target], question)[0] == "correct"
    assert set(answers) <= {question.target for question in questions}
