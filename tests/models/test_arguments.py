"""The arguments of ``cmqa_hf``: each does what it says, as seen in what the model is given, or is refused by its name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_runs import model, requests

from cmqa_tasks import ConflictTask
from cmqa_tasks.facts.records import ITEM_KEY
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.models.arguments import NAMES, check_names, mapping, pixel_bounds, positive, switch
from cmqa_tasks.models.hf import CmqaHF

Checkpoints = Callable[[str], Path]


def given(lm: CmqaHF, release: Release, *arms: str, **generation: Any) -> list[dict[str, Any]]:
    """What ``generate`` is called with while the requests of some arms are answered."""
    calls: list[dict[str, Any]] = []
    generate = lm.model.generate

    def seeing(**arguments: Any) -> Any:
        calls.append(arguments)
        return generate(**arguments)

    lm.model.generate = seeing
    lm.generate_until(requests(lm, release, *arms, **generation)[:2])
    lm.model.generate = generate
    return calls


def thinking(checkpoint: Path, directory: Path) -> Path:
    """A checkpoint whose template opens a reasoning unless it is told not to."""
    shutil.copytree(checkpoint, directory)
    path = directory / "chat_template.jinja"
    opening = "{% if add_generation_prompt and enable_thinking is not false %}<think>\n{% endif %}"
    path.write_text(path.read_text(encoding="utf-8") + opening, encoding="utf-8")
    return directory


def test_a_temperature_means_sampling(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    lm = model(tiny_checkpoint("qwen2"))
    (hot, *_), (cold, *_) = (given(lm, own_release, "text_text", do_sample=False, temperature=heat) for heat in (0.7, 0))
    assert (hot["do_sample"], hot["temperature"]) == (True, 0.7)
    assert (cold["do_sample"], cold["temperature"]) == (False, None)


def test_generation_settings_of_the_users_go_first(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    overrides = '{"repetition_penalty": 1.5, "max_new_tokens": 3}'
    (call, *_) = given(model(tiny_checkpoint("qwen2"), generation=overrides, thinking_budget=4), own_release, "text_text")
    assert (call["repetition_penalty"], call["max_new_tokens"]) == (1.5, 7)


def test_until_ends_generation(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    (call, *_) = given(model(tiny_checkpoint("qwen2")), own_release, "text_text", until=["\n", ""])
    assert call["stop_strings"] == ["\n"]


def test_a_system_prompt_stands_in_front(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    lm = model(tiny_checkpoint("llava"), system_prompt="Be brief.", attention="on", attention_path=str(tmp_path))
    prompt = lm.prompt(0, requests(lm, own_release, "image_text")[0])
    assert prompt.text.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n")
    assert lm.generate_until(requests(lm, own_release, "image_text")[:1])[0].text


def test_a_model_that_only_continues_text_is_given_a_cue(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In the language of the question, where there is no chat template; attention and its segments are as without it."""
    weights = shutil.copytree(tiny_checkpoint("qwen2"), tmp_path / "base")
    (weights / "chat_template.jinja").unlink()

    def asked(lm: CmqaHF, language: str) -> str:
        task = ConflictTask(arm="en_en", language=language)
        lm.task_dict[task.config.task] = task.dataset
        task.build_all_requests(limit=1)
        assert lm.generate_until(task.instances)[0].text
        return lm.prompt(0, task.instances[0]).text

    lm = model(weights, attention="on", attention_path=str(tmp_path / "log"), generation='{"max_new_tokens": 2}')
    assert caplog.text.count("so that they end in Answer: or 答案： (answer_prefix=off for nothing)") == 1
    assert [asked(lm, language).rpartition("\n")[2] for language in ("en", "zh")] == ["Answer:", "答案："]
    assert asked(model(weights, answer_prefix="off"), "en") == asked(lm, "en").removesuffix("\nAnswer:")
    assert asked(model(weights, answer_prefix="\nA:"), "zh").endswith("\nA:")
    templated = asked(model(tiny_checkpoint("qwen2")), "en")
    assert templated.endswith("<|im_start|>assistant\n")
    assert asked(model(tiny_checkpoint("qwen2"), answer_prefix="It is"), "en") == f"{templated}It is"
    (call, *_) = given(model(weights, generation='{"until": ["\\n"]}'), own_release, "text_text")
    assert call["stop_strings"] == ["\n"]


def test_pixels_are_bounded(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    (most, *_), (few, *_) = (
        given(model(tiny_checkpoint("qwen2_5_vl"), **bounds), own_release, "image_text")
        for bounds in ({}, {"max_pixels": 56 * 56})
    )
    assert len(few["pixel_values"]) < len(most["pixel_values"])
    assert len(few["pixel_values"]) * 14 * 14 <= 56 * 56
    with pytest.raises(ValueError, match=r"max_pixels=3136: CLIPImageProcessor.* does not bound the pixels of an image"):
        model(tiny_checkpoint("llava"), max_pixels=3136)


def test_thinking_is_a_matter_of_the_template(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    checkpoint = thinking(tiny_checkpoint("qwen2"), tmp_path / "thinking")
    opened, closed = model(checkpoint), model(checkpoint, enable_thinking="False")
    (first, second) = (lm.generate_until(requests(lm, own_release, "text_text")[:1])[0] for lm in (opened, closed))
    assert first.text.startswith("<think>"), "an unfinished thought is marked as one"
    assert first.token_counts.reasoning_tokens
    assert not second.text.startswith("<think>")
    with pytest.raises(ValueError, match=r"enable_thinking=True: the chat template of this checkpoint does not read it"):
        model(tiny_checkpoint("llava"), enable_thinking=True)


def test_scoring_knows_that_the_prompt_opened_the_reasoning(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path
) -> None:
    lm, task = model(thinking(tiny_checkpoint("qwen2"), tmp_path / "thinking")), ConflictTask(arm="text_text", data=own_release)
    request = requests(lm, own_release, "text_text")[0]
    lm.generate_until([request])
    document = lm.task_dict[request.args[4]][request.args[5]][request.args[3]]
    statement = "They contradict each other."
    scored = {text: task.process_results(document, [text])[ITEM_KEY] for text in (statement, f"Hmm.</think>{statement}")}
    assert [record["outcome"] for record in scored.values()] == ["unparsed", "conflict"]
    assert all(record["reasoning_opened"] and record["cut"] for record in scored.values())


def test_weights_that_are_not_there_are_an_error(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    broken = shutil.copytree(tiny_checkpoint("qwen2"), tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        ValueError, match=r"1 weights of Qwen2ForCausalLM are not in the checkpoint, such as model.layers.1.mlp.up"
    ):
        model(broken)


def test_an_adapter_is_put_on_its_base(tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = tiny_checkpoint("qwen2")
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(target_modules=["q_proj"], r=2))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.5)
    adapted.save_pretrained(tmp_path / "adapter")
    asked = {"alone": model(base), "peft": model(base, peft=str(tmp_path / "adapter")), "named": model(tmp_path / "adapter")}
    answers = {
        name: [one.text for one in lm.generate_until(requests(lm, own_release, "text_text"))] for name, lm in asked.items()
    }
    assert answers["peft"] == answers["named"] != answers["alone"]
    with pytest.raises(ValueError, match=r"peft='.*': no adapter_config.json there"):
        model(base, peft=str(base))


def test_another_tokenizer(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    other = shutil.copytree(tiny_checkpoint("qwen2"), tmp_path / "other")
    path = other / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": 77}))
    assert model(tiny_checkpoint("qwen2"), tokenizer=str(other)).tokenizer.model_max_length == 77


def test_as_many_at_a_time_as_there_is_memory_for(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    lm = model(tiny_checkpoint("qwen2"), batch_size="auto", max_batch_size=4)
    generate = lm.model.generate

    def small(**arguments: Any) -> Any:
        if len(arguments["input_ids"]) > 1:
            raise torch.OutOfMemoryError("no memory for two")
        return generate(**arguments)

    asked = requests(lm, own_release, "text_text")
    expected = [one.text for one in lm.generate_until(asked)]
    lm.model.generate = small
    assert [one.text for one in lm.generate_until(asked)] == expected
    assert lm.batch_size == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"max_pixels": "many"}, "max_pixels='many': must be a positive integer"),
        ({"min_pixels": 9, "max_pixels": 4}, "min_pixels=9: must not exceed max_pixels=4"),
        ({"enable_thinking": "perhaps"}, "enable_thinking='perhaps': must be True or False"),
        ({"chat_template_kwargs": "thinking"}, "chat_template_kwargs='thinking': must be a JSON object"),
        ({"generation": "[1]"}, r"generation='\[1\]': must be a JSON object"),
        ({"thinking_budget": -1}, "thinking_budget=-1: must be a positive integer"),
        ({"max_length": 0}, "max_length=0: must be a positive integer"),
        ({"load_in_4bit": True, "load_in_8bit": True}, "load_in_4bit=True, load_in_8bit=True: choose one of them"),
        ({"max_new_tokens": 5}, r"has no argument max_new_tokens=; .*for max_new_tokens= give generation="),
        ({"tp_plan": "auto"}, "has no argument tp_plan=; .*tensor-parallel"),
    ],
)
def test_bad_values_are_named_before_anything_is_loaded(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CmqaHF(**{"pretrained": "/nowhere"} | arguments)


def test_values_as_command_lines_write_them() -> None:
    assert [switch("x", value) for value in (True, "true", 1, "False", 0)] == [True, True, True, False, False]
    assert mapping("x", {"a": 1}) == mapping("x", '{"a": 1}') == {"a": 1}
    assert mapping("x", None) == {}
    assert pixel_bounds("4", None) == {"min_pixels": 4}
    assert positive("x", "12") == 12
    check_names(["pretrained", "max_pixels"])


Seen = Callable[[CmqaHF, dict[str, Any]], object]
FAMILY = "qwen2_5_vl"
SEEN: dict[str, tuple[Any, Seen]] = {
    "revision": ("abc", lambda lm, _: SESSION.model["revision"] == "local"),  # a directory has none, and none is recorded
    "think_end_token": ("</r>", lambda lm, call: lm._reader.think_end is not None and "stop_strings" not in call),
    "max_length": (77, lambda lm, _: lm._context == 77),
    "dtype": ("bfloat16", lambda lm, call: (lm.model.dtype, call["pixel_values"].dtype, SESSION.model["dtype"])),
    "device": ("cpu", lambda lm, call: (lm.device.type, call["input_ids"].device.type)),
    "device_map": ("cpu", lambda lm, call: (lm.model.device.type, call["input_ids"].device.type)),
    "attn_implementation": (
        "eager",
        lambda lm, _: (lm.model.config.text_config._attn_implementation, SESSION.model["attention"]),
    ),
    "use_fast": (False, lambda lm, _: "Pil" in type(lm.processor.image_processor).__name__),
    "min_pixels": (3200, lambda lm, _: lm.processor.image_processor.size["shortest_edge"] == 3200),
    "max_pixels": (3136, lambda lm, call: call["pixel_values"].shape[0] * 14**2 <= 3136),
    "system_prompt": ("Be brief.", lambda lm, call: "system\nBe brief." in lm.tokenizer.decode(call["input_ids"][0])),
    "answer_prefix": ("It is", lambda lm, call: lm.tokenizer.decode(call["input_ids"][0]).endswith("assistant\nIt is")),
    "thinking_budget": (5, lambda _, call: call["max_new_tokens"]),
    "generation": ('{"repetition_penalty": 1.5}', lambda _, call: call["repetition_penalty"]),
    "attention": ("per_token", lambda lm, _: lm.attention_log is not None and SESSION.logs_attention),
    "attention_bias": ("image:+1.0", lambda lm, _: lm.attention_log is not None),
    "image_cache": (0, lambda lm, _: (lm.images.hits, lm.images.held_bytes)),
    "batch_size": (2, lambda _, call: len(call["input_ids"])),
}
"""A value for an argument, and what of it is seen in the model and in a call of ``generate``."""
WANTED = {
    "dtype": (torch.bfloat16, torch.bfloat16, "bfloat16"),
    "device": ("cpu", "cpu"),
    "device_map": ("cpu", "cpu"),
    "attn_implementation": ("eager", "eager"),
    "thinking_budget": 8 + 5,
    "generation": 1.5,
    "image_cache": (0, 0),
    "batch_size": 2,
}
"""What is seen, where it is not True."""
REFUSED = {
    "enable_thinking": (True, "the chat template of this checkpoint does not read it"),
    "chat_template_kwargs": ('{"colour": "red"}', "the chat template of this checkpoint does not read it"),
    "load_in_4bit": (True, "needs bitsandbytes"),
    "load_in_8bit": (True, "needs bitsandbytes"),
    "peft": ("/nowhere", "Can't find 'adapter_config.json'"),
}
"""What this checkpoint, or this environment, cannot do."""
ELSEWHERE = {
    "pretrained", "tokenizer", "max_batch_size",  # above
    "trust_remote_code",  # tests/models/test_hf.py
    "attention_path", "journal",  # tests/models/test_journal.py
}  # fmt: skip


def test_each_argument_has_a_test() -> None:
    assert {*SEEN, *REFUSED, *ELSEWHERE} == set(NAMES)


@pytest.mark.parametrize("name", SEEN)
def test_an_argument_is_seen_where_it_acts(
    name: str, tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    value, seen = SEEN[name]
    lm = CmqaHF(str(tiny_checkpoint(FAMILY)), **{"device": "cpu", "dtype": "float32", name: value})
    calls = given(lm, own_release, "image_text")
    assert max((seen(lm, call) for call in calls), key=bool) == WANTED.get(name, True)


@pytest.mark.parametrize("name", REFUSED)
def test_an_argument_that_cannot_act_is_refused(name: str, tiny_checkpoint: Checkpoints) -> None:
    value, why = REFUSED[name]
    with pytest.raises(ValueError, match=f"{name}=.*{why}|{why}"):
        model(tiny_checkpoint(FAMILY), **{name: value})
