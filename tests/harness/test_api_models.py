"""Models behind an OpenAI-compatible server: what they are sent, in order, and what is made of requests that fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from api_server import Mode, serving
from PIL import Image

from cmqa_tasks.facts.records import ITEM_KEY
from cmqa_tasks.facts.release import load
from cmqa_tasks.harness.rows import from_row

pytestmark = pytest.mark.harness
ARMS = ("image_text", "text_image", "image_image", "en_zh")


def by_lmms_eval(
    url: str, *arms: str, limit: int = 2, model: str = "openai", **settings: Any
) -> tuple[dict[str, Any], list[Any]]:
    """Results of an API model of lmms-eval on some arms, and the tasks."""
    from lmms_eval.evaluator import simple_evaluate

    from cmqa_tasks.harness.lmms import ConflictTask

    tasks = [ConflictTask(arm=arm) for arm in arms]
    model_args = f"model_version=m,base_url={url},api_key=x,max_retries=1,timeout=2,num_concurrent=1"
    evaluated = simple_evaluate(model=model, model_args=model_args, tasks=tasks, limit=limit, log_samples=True, **settings)
    return evaluated, tasks


def is_same(sent: Any, part: Any, pictures: Any) -> bool:
    if part.text is not None:
        return bool(sent == part.text)
    return isinstance(sent, Image.Image) and np.array_equal(np.asarray(sent.convert("RGB")), np.asarray(next(pictures)))


@pytest.mark.parametrize("model", ["openai", "async_openai"])
def test_lmms_eval_sends_texts_and_images_in_the_order_of_the_prompt(model: str) -> None:
    with serving() as server:
        _, tasks = by_lmms_eval(server.url, *ARMS, model=model)
        requests = server.requests()
    wanted = [from_row(task.eval_docs[index]) for task in tasks for index in range(2)]
    assert len(requests) == len(wanted) == 2 * len(ARMS)
    unmatched = list(wanted)
    for ((role, parts),) in requests:
        assert role == "user"
        matches = [
            question
            for question in unmatched
            if len(parts) == len(question.prompt)
            and (pictures := iter(question.images(load())))
            and all(is_same(sent, part, pictures) for sent, part in zip(parts, question.prompt, strict=True))
        ]
        assert len(matches) == 1
        unmatched.remove(matches[0])


@pytest.mark.parametrize(("mode", "model"), [("fail", "openai"), ("stall", "openai"), ("fail", "async_openai")])
def test_a_request_that_fails_is_no_answer(mode: Mode, model: str) -> None:
    """The error's text speaks of a conflict; it is the server's."""
    with serving(mode) as server:
        evaluated, _ = by_lmms_eval(server.url, "image_text", limit=1, model=model)
    assert [row[ITEM_KEY]["outcome"] for row in evaluated["samples"]["cmqa_image_text"]] == ["failed"]


def test_an_empty_answer_says_nothing() -> None:
    with serving("empty") as server:
        evaluated, _ = by_lmms_eval(server.url, "text_text", limit=1)
    assert evaluated["samples"]["cmqa_text_text"][0][ITEM_KEY]["outcome"] in ("unparsed", "failed")


def test_a_system_instruction_is_a_turn_in_front() -> None:
    with serving() as server:
        evaluated, _ = by_lmms_eval(server.url, "text_text", limit=1, system_instruction="Answer in one word.")
        ((system, (text,)), (user, _)) = server.requests()[0]
    assert (system, text, user) == ("system", "Answer in one word.", "user")
    assert evaluated["config"].get("system_instruction", "Answer in one word.") == "Answer in one word."


def by_lm_eval(url: str, *arms: str) -> Any:
    from lm_eval import simple_evaluate

    from cmqa_tasks.harness.lm import LMConflictTask

    tasks: Any = [LMConflictTask(arm=arm) for arm in arms]
    model_args = f"model=m,base_url={url}/chat/completions,num_concurrent=1,max_retries=1,tokenizer_backend=None"
    return simple_evaluate(
        model="local-chat-completions", model_args=model_args, tasks=tasks, limit=2, apply_chat_template=True, bootstrap_iters=0
    )


def test_lm_eval_s_api_model_is_refused_images_before_anything_is_sent() -> None:
    with serving() as server:
        with pytest.raises(ValueError, match=r"LocalChatCompletion of lm-eval puts images in front of the text.* --model openai"):
            by_lm_eval(server.url, "text_text", "image_text")
        assert server.bodies == []


def test_lm_eval_s_api_model_answers_texts() -> None:
    with serving() as server:
        evaluated = by_lm_eval(server.url, "text_text", "en_zh")
        assert len(server.bodies) == 4
    assert {row[ITEM_KEY]["outcome"] for rows in evaluated["samples"].values() for row in rows} == {"conflict"}
