"""``--gen_kwargs`` and other flags of the harnesses: obeyed and recorded as they ran, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cmqa_tasks.harness.generation_settings import check_fewshot, combined

TASK = {"do_sample": False, "temperature": 0.0, "until": [], "max_new_tokens": 256}


@pytest.mark.parametrize(
    ("gen_kwargs", "changed"),
    [
        ({}, {}),
        ({"temperature": 0.7}, {"temperature": 0.7, "do_sample": True}),
        ({"temperature": 0.7, "top_p": 0.9}, {"temperature": 0.7, "top_p": 0.9, "do_sample": True}),
        ({"temperature": 0}, {"temperature": 0, "do_sample": False}),
        ({"do_sample": True}, {"do_sample": True, "temperature": 1.0}),
        ({"do_sample": False}, {}),
        ({"max_gen_toks": 5}, {"max_new_tokens": 5}),
        ({"max_tokens": 5, "until": ["\n"]}, {"max_new_tokens": 5, "until": ["\n"]}),
    ],
)
def test_what_is_given_goes_over_the_task_s(gen_kwargs: dict[str, Any], changed: dict[str, Any]) -> None:
    assert combined(TASK, gen_kwargs, limit="max_new_tokens") == TASK | changed


@pytest.mark.parametrize(
    ("gen_kwargs", "complaint"),
    [
        ({"temperature": -1}, "temperature=-1: must be a number of at least 0"),
        ({"temperature": "hot"}, "temperature='hot': must be a number"),
        ({"temperature": 0.5, "do_sample": False}, "temperature=0.5,do_sample=False contradict each other"),
        ({"temperature": 0, "do_sample": True}, "temperature=0,do_sample=True contradict each other"),
        ({"top_p": 0.9}, "top_p=0.9 does nothing without a temperature above 0"),
        ({"do_sample": "yes"}, "do_sample='yes': True or False"),
        ({"max_new_tokens": 4, "max_tokens": 5}, "max_new_tokens=4 and max_tokens=5 say the same thing"),
    ],
)
def test_what_contradicts_itself_or_does_nothing_is_refused(gen_kwargs: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        combined(TASK, gen_kwargs, limit="max_new_tokens")


def test_examples_are_refused() -> None:
    check_fewshot(0)
    with pytest.raises(ValueError, match="--num_fewshot 3: tasks of cmqa-tasks show no examples"):
        check_fewshot(3)


def lmms_run(**settings: Any) -> tuple[dict[str, Any], list[Any], list[Any]]:
    """What lmms-eval's evaluator records, and the messages and settings that a chat model gets."""
    from lmms_eval.api.model import lmms
    from lmms_eval.evaluator import simple_evaluate

    from cmqa_tasks.harness.lmms import ConflictTask

    class Recorder(lmms):  # type: ignore[misc]
        is_simple = False
        chat_template = "a template"

        def apply_chat_template(self, messages: Any, **_: Any) -> str:
            raise NotImplementedError("a chat model renders its own messages")

        def generate_until(self, requests: Any) -> list[str]:
            for request in requests:
                _, messages, generation, doc_id, task, split = request.args
                seen.append((messages(self.task_dict[task][split][doc_id]), dict(generation)))
            return [""] * len(requests)

        def loglikelihood(self, requests: Any) -> Any:
            raise NotImplementedError

        def generate_until_multi_round(self, requests: Any) -> Any:
            raise NotImplementedError

    seen: list[Any] = []
    evaluated = simple_evaluate(model=Recorder(), tasks=[ConflictTask(arm="text_text")], limit=1, log_samples=True, **settings)
    return evaluated, [messages for messages, _ in seen], [generation for _, generation in seen]


@pytest.mark.harness
@pytest.mark.parametrize(
    "gen_kwargs", [None, "temperature=0.7,top_p=0.9", "temperature=0", "max_gen_toks=7", "do_sample=True,max_new_tokens=9"]
)
def test_lmms_eval_records_the_settings_that_a_model_gets(gen_kwargs: str | None) -> None:
    evaluated, _, (generation,) = lmms_run(gen_kwargs=gen_kwargs)
    assert evaluated["configs"]["cmqa_text_text"]["generation_kwargs"] == generation
    assert generation["do_sample"] == (generation["temperature"] > 0)


@pytest.mark.harness
def test_lmms_eval_s_flags_reach_the_model_or_are_refused() -> None:
    _, (messages,), _ = lmms_run(system_instruction="Be brief.", apply_chat_template=True)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"] == [{"type": "text", "text": "Be brief."}]
    with pytest.raises(ValueError, match="--num_fewshot 2: tasks of cmqa-tasks show no examples"):
        lmms_run(num_fewshot=2)


@pytest.mark.harness
def test_lm_eval_runs_and_records_the_same(tiny_checkpoint: Callable[[str], Path]) -> None:
    """A real model, asked for a temperature, a limit and a system instruction."""
    from lm_eval import simple_evaluate

    from cmqa_tasks.harness.lm import LMConflictTask

    def run(**settings: Any) -> Any:
        tasks: Any = [LMConflictTask(arm="text_text")]
        loaded = f"pretrained={tiny_checkpoint('qwen2')},dtype=float32"
        return simple_evaluate(
            model="hf",
            model_args=loaded,
            device="cpu",
            tasks=tasks,
            limit=1,
            apply_chat_template=True,
            bootstrap_iters=0,
            **settings,
        )

    evaluated = run(gen_kwargs="temperature=0.7,max_new_tokens=3", system_instruction="Be brief.")
    recorded = evaluated["configs"]["cmqa_text_text"]["generation_kwargs"]
    (sample,) = evaluated["samples"]["cmqa_text_text"]
    prompt, generation = sample["arguments"][0][:2]
    assert generation == recorded == {"do_sample": True, "temperature": 0.7, "until": [], "max_gen_toks": 3}
    assert "Be brief." in prompt
    with pytest.raises(ValueError, match="--num_fewshot 2"):
        run(num_fewshot=2)


@pytest.mark.harness
def test_a_multimodal_model_of_lm_eval_runs_tasks_with_and_without_images(tiny_checkpoint: Callable[[str], Path]) -> None:
    from lm_eval import simple_evaluate

    from cmqa_tasks.harness.lm import LMConflictTask

    tasks: Any = [LMConflictTask(arm=arm) for arm in ("text_text", "image_image", "image_text")]
    loaded = f"pretrained={tiny_checkpoint('qwen2_5_vl')},dtype=float32,max_images=2"
    evaluated: Any = simple_evaluate(
        model="hf-multimodal",
        model_args=loaded,
        device="cpu",
        tasks=tasks,
        limit=1,
        apply_chat_template=True,
        gen_kwargs="max_gen_toks=2",
        bootstrap_iters=0,
    )
    assert {name: len(rows) for name, rows in evaluated["samples"].items()} == dict.fromkeys(
        ("cmqa_text_text", "cmqa_image_image", "cmqa_image_text"), 1
    )
