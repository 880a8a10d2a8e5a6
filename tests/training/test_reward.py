"""The reward is the scorer's verdict, and TRL trains with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from trl import GRPOConfig, GRPOTrainer

from cmqa_tasks.asking.question import questions_of
from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.facts.release import load
from cmqa_tasks.training.reward import RightCall, rows_of


def test_the_right_call_is_rewarded_and_nothing_else() -> None:
    release = load()
    questions = questions_of(ARMS["text_text"], release, "aware")[:40]
    reward = RightCall(questions)
    names = [question.item.id for question in questions]
    conflicts = [float(question.item.relation == "conflict") for question in questions]
    assert 0 < sum(conflicts) < len(conflicts)
    assert reward([question.target for question in questions], item=names) == [1.0] * len(names)
    says = "They contradict each other."
    assert reward([says] * len(names), item=names, prompts=None) == conflicts
    assert reward([[{"role": "assistant", "content": [{"type": "text", "text": says}]}]] * len(names), item=names) == conflicts
    agreeing = [question.fact.value(question.pieces[0].side).canonical for question in questions]
    assert reward(agreeing, item=names) == [1.0 - conflict for conflict in conflicts]
    with pytest.raises(ValueError, match="'other' is none of the 40 questions"):
        reward([says], item=["other"])
    with pytest.raises(ValueError, match="is asked twice"):
        RightCall([*questions, questions[0]])


def test_images_stand_where_the_question_shows_them() -> None:
    release = load()
    for row, question in zip(
        rows_of(asked := questions_of(ARMS["text_image"], release, "aware")[:3], release), asked, strict=True
    ):
        kinds = [part["type"] for part in row["prompt"][0]["content"]]
        assert kinds.count("image") == len(row["images"]) == 1
        assert [part.get("text") for part in row["prompt"][0]["content"]] == [part.text for part in question.prompt]


def test_trl_trains_with_it(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    release = load()
    questions = questions_of(ARMS["text_text"], release, "aware")[:4]
    arguments = GRPOConfig(
        output_dir=str(tmp_path),
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        max_steps=2,
        per_device_train_batch_size=2,
        num_generations=2,
        max_completion_length=4,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
    )
    trainer = GRPOTrainer(
        str(tiny_checkpoint("qwen2")),
        RightCall(questions),
        args=arguments,
        train_dataset=datasets.Dataset.from_list(rows_of(questions, release)),
    )
    trainer.train()
    logged = [entry["rewards/right_call/mean"] for entry in trainer.state.log_history if "rewards/right_call/mean" in entry]
    assert len(logged) == 2
    assert all(0 <= mean <= 1 for mean in logged)
