"""``cmqa_hf`` on tiny random models in the real architectures."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lmms_eval.tasks
import pytest
import torch
import yaml
from commands import run_command
from lmms_eval.api.instance import Instance
from lmms_eval.utils import load_yaml_config
from tiny_runs import VISION, model, requests

from cmqa_tasks.facts.release import Release
from cmqa_tasks.models.arguments import NAMES
from cmqa_tasks.models.batching import Prompt, batches
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.models.loading import device_of
from cmqa_tasks.results import latest_results, latest_samples, read_runs

Checkpoints = Callable[[str], Path]


@pytest.mark.parametrize("family", VISION)
def test_a_batch_answers_as_one_request_at_a_time(tiny_checkpoint: Checkpoints, own_release: Release, family: str) -> None:
    """Left padding, masks and image order are right exactly when batching changes nothing."""
    single, batched = model(tiny_checkpoint(family)), model(tiny_checkpoint(family), batch_size=4)
    arms = ("text_text", "image_text", "image_image")
    alone = [result.text for result in single.generate_until(requests(single, own_release, *arms))]
    together = [result.text for result in batched.generate_until(requests(batched, own_release, *arms))]
    assert alone == together
    assert len(set(alone)) > len(alone) // 4, "the answers hardly differ, so this test could not fail"


def test_batches_hold_prompts_of_similar_length_and_few_of_them(
    tiny_checkpoint: Checkpoints, own_release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = model(tiny_checkpoint("llava"), batch_size=2)
    asked = requests(lm, own_release, "text_text", "image_text")
    places = range(len(asked))

    def made() -> list[list[Prompt]]:
        return list(batches((lm.prompt(place, asked[place]) for place in places), 2))

    monkeypatch.setattr("cmqa_tasks.models.batching.AHEAD", 2)
    together = made()
    assert sorted(prompt.place for batch in together for prompt in batch) == list(places)
    assert all(len({len(prompt.images) for prompt in batch}) == 1 for batch in together)
    first = [prompt for batch in together if not batch[0].images for prompt in batch][:4]
    assert sorted(prompt.place for prompt in first) == list(places)[:8:2], "it ran further ahead than it may"
    lengths = [len(lm.tokenizer(prompt.text).input_ids) for prompt in first]
    assert lengths == sorted(lengths, reverse=True)
    monkeypatch.setattr("cmqa_tasks.models.batching.MOST_PIXELS", 1)
    pictured = [[prompt.place for prompt in batch] for batch in made() if batch[0].images]
    assert [set(batch) for batch in pictured] == [{at, at + 2} for at in list(places)[1::4]], (
        "images are held no longer than needed"
    )


def test_length_is_counted_in_tokens(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    texts = {"a a a a": 7, "a" * 20: 3, "b b b b b": 9, "b" * 30: 4}
    prompts = [Prompt(place, text, length, (), "{}", []) for place, (text, length) in enumerate(texts.items())]
    assert [[prompt.place for prompt in batch] for batch in batches(prompts, 2)] == [[2, 0], [3, 1]]
    lm = model(tiny_checkpoint("llava"), batch_size=2)
    made = lm.prompt(0, requests(lm, own_release, "image_text")[0])
    assert made.length == len(lm.tokenizer(made.text).input_ids) < len(made.text)


@pytest.mark.parametrize("family", VISION)
def test_the_image_reaches_the_model(tiny_checkpoint: Checkpoints, own_release: Release, family: str) -> None:
    """Other pixels, other logits: an image that is dropped on the way would not change a thing."""
    lm = model(tiny_checkpoint(family))
    request = requests(lm, own_release, "image_text")[0]
    prompt = lm.prompt(0, request)
    inputs, _ = lm.inputs([prompt])
    with torch.inference_mode():
        shown = lm.model(**inputs).logits[0, -1]
        inputs["pixel_values"] = torch.ones_like(inputs["pixel_values"])  # zeros would be dropped as padding by some
        blank = lm.model(**inputs).logits[0, -1]
    assert not torch.allclose(shown, blank)


def test_text_only_models_answer_text_and_refuse_images(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    lm = model(tiny_checkpoint("qwen2"), batch_size=4)
    results = lm.generate_until(requests(lm, own_release, "text_text"))
    assert all(result.token_counts.input_tokens > 20 for result in results)
    with pytest.raises(ValueError, match=r"receipts_image_text, document 0 has images, which Qwen2ForCausalLM cannot read"):
        lm.generate_until(requests(lm, own_release, "image_text"))


def test_until_cuts_the_answer(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    lm = model(tiny_checkpoint("llava"))
    (whole,) = lm.generate_until(requests(lm, own_release, "text_text")[:1])
    stop = whole.text[len(whole.text) // 2]
    (cut,) = lm.generate_until(requests(lm, own_release, "text_text", until=[stop])[:1])
    assert cut.text == whole.text.split(stop)[0]


def test_a_task_of_lmms_eval_brings_settings_that_transformers_does_not_know(
    tiny_checkpoint: Checkpoints, own_release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    """SEED-Bench's own settings, which ``generate`` refuses; each is named once a run, and what ``generate`` knows is kept."""
    seedbench = Path(lmms_eval.tasks.__file__).parent / "seedbench" / "seedbench.yaml"
    theirs = load_yaml_config(str(seedbench), mode="simple")["generation_kwargs"]
    assert "image_aspect_ratio" in theirs
    lm = model(tiny_checkpoint("llava"))
    plain = lm.generate_until(requests(lm, own_release, "text"))
    assert lm.generate_until(requests(lm, own_release, "text", **theirs, visual_cot=True)) == plain
    longer = lm.generate_until(requests(lm, own_release, "text", **theirs, min_new_tokens=12, max_new_tokens=12))
    assert {answer.token_counts.output_tokens for answer in longer} == {12}
    told = sorted(line for line in caplog.messages if "left out" in line)
    assert [line.split("=")[0] for line in told] == ["generation setting image_aspect_ratio", "generation setting visual_cot"]


def test_each_process_of_several_logs_for_itself(
    tiny_checkpoint: Checkpoints, own_release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank in ("1", "0"):
        for name, value in {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2"}.items():
            monkeypatch.setenv(name, value)
        lm = model(tiny_checkpoint("llava"), attention="on", attention_path=str(tmp_path), journal="off")
        assert (lm.rank, lm.world_size) == (int(rank), 2)
        lm.generate_until(requests(lm, own_release, "text"))
    (directory,) = tmp_path.iterdir()
    by_rank = Counter(path.name.split("-")[0] for path in directory.glob("*.parquet"))
    assert by_rank == {"0": 8, "1": 8}, "a file of its own for every batch of either rank, none written over the other's"


@pytest.mark.parametrize(
    ("device", "processes", "cards", "chosen"),
    [
        (None, "2", True, "cuda:1"),
        ("cuda", "2", True, "cuda:1"),
        ("cuda:0", "2", True, "cuda:0"),
        ("cpu", "2", True, "cpu"),
        (None, "2", False, "cpu"),
        (None, "1", True, "cuda"),
        (None, "1", False, "cpu"),
    ],
)
def test_the_device_of_a_process(
    monkeypatch: pytest.MonkeyPatch, device: str | None, processes: str, cards: bool, chosen: str
) -> None:
    """Of several processes each takes the card of its rank on the machine, unless a card is named."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards)
    for name, value in {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": processes}.items():
        monkeypatch.setenv(name, value)
    assert str(device_of(device)) == chosen


def test_padding_requests_are_not_run(tiny_checkpoint: Checkpoints, own_release: Release, monkeypatch: Any) -> None:
    lm = model(tiny_checkpoint("llava"))
    one, padding = requests(lm, own_release, "text_text")[:2]
    padding.metadata["__padding_only__"] = True
    prompted, real = [], lm.prompt

    def counting(place: int, request: Instance) -> Any:
        prompted.append(place)
        return real(place, request)

    monkeypatch.setattr(lm, "prompt", counting)
    results = lm.generate_until([one, padding])
    assert prompted == [0]
    assert results[0].text
    assert results[1].text == ""


def test_a_model_without_a_chat_template_still_gets_its_images(tiny_checkpoint: Checkpoints, own_release: Release) -> None:
    lm = model(tiny_checkpoint("llava"))
    lm.processor.chat_template = None
    prompt = lm.prompt(0, requests(lm, own_release, "image_text")[0])
    assert prompt.text.count("<image>") == 1
    assert prompt.text.startswith("Here are two pieces of evidence.")
    assert lm.respond([prompt])[0].text


@pytest.mark.parametrize("template_writes_bos", [True, False])
def test_there_is_one_bos_whoever_writes_it(
    tiny_checkpoint: Checkpoints, own_release: Release, template_writes_bos: bool
) -> None:
    """As transformers' own ``apply_chat_template(tokenize=True)`` would have it."""
    from tokenizers.processors import TemplateProcessing

    lm = model(tiny_checkpoint("llava"))
    lm.tokenizer.bos_token = "<|im_start|>"
    bos = lm.tokenizer.bos_token_id
    added = TemplateProcessing(single="<|im_start|> $A", special_tokens=[("<|im_start|>", bos)])
    lm.tokenizer.backend_tokenizer.post_processor = added
    if not template_writes_bos:
        lm.processor.chat_template = lm.processor.chat_template.replace("<|im_start|>", "")
    prompt = lm.prompt(0, requests(lm, own_release, "text_text")[0])
    ids = lm.inputs([prompt])[0]["input_ids"][0].tolist()
    assert ids[0] == bos
    assert ids[1] != bos


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"dtype": "float99"}, r"dtype='float99': choose one of auto, float32"),
        ({"foo": 1, "bar": 2}, r"cmqa_hf has no argument foo=, bar=; it takes pretrained, revision, dtype"),
        ({"device": "gpu"}, r"device='gpu': .*; choose cpu, cuda or cuda:N"),
        (
            {"pretrained": "nope"},
            r"pretrained='nope': neither a directory nor a checkpoint of the hub within reach \(revision main\): ",
        ),
        ({"pretrained": "/no/where"}, r"pretrained='/no/where': neither a directory nor"),
        ({"pretrained": "cmqa:mini"}, r"pretrained='cmqa:mini': no checkpoint 'mini' ships with the package; there are: mini_d"),
        ({"batch_size": "many"}, r"batch_size='many': must be a positive integer"),
        ({"batch_size": 0}, r"batch_size=0: must be a positive integer"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises((ValueError, OSError), match=complaint):
        CmqaHF(**{"pretrained": "/nowhere"} | arguments)


def test_the_list_of_arguments_is_that_of_the_model() -> None:
    parameters = inspect.signature(CmqaHF).parameters.values()
    assert tuple(one.name for one in parameters if one.kind is not inspect.Parameter.VAR_KEYWORD) == NAMES


def test_remote_code_is_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}

    def remember(*_: object, **kwargs: object) -> SimpleNamespace:
        seen.update(kwargs)
        raise OSError("stop here")

    monkeypatch.setattr("cmqa_tasks.models.loading.AutoConfig", SimpleNamespace(from_pretrained=remember))
    with pytest.raises(OSError, match="stop here"):
        CmqaHF("/nowhere")
    assert seen["trust_remote_code"] is False


@pytest.mark.harness
def test_through_the_command_line(tiny_checkpoint: Checkpoints, tmp_path: Path) -> None:
    common = {"model": "cmqa_hf", "tasks": "cmqa_unimodal,cmqa_crossmodal", "log_samples": True, "limit": 6, "batch_size": 4}
    configs = [
        common
        | {"model_args": f"pretrained={tiny_checkpoint(family)}", "output_path": str(tmp_path / family), "device": "cpu"}
        | {"gen_kwargs": "max_new_tokens=6"}
        for family in VISION
    ]
    (tmp_path / "runs.yaml").write_text(yaml.safe_dump(configs))
    done = run_command("-m", "lmms_eval", "--config", tmp_path / "runs.yaml", cwd=tmp_path)
    assert "Traceback" not in done.stderr + done.stdout, (done.stdout + done.stderr)[-3000:]
    for family in VISION:
        results = latest_results(tmp_path / family)
        assert results.metric("cmqa_crossmodal", "recognition") is not None
        rows = latest_samples(tmp_path / family, "cmqa_image_text")
        assert len(rows) == 6
        assert all(row["token_counts"][0]["output_tokens"] <= 6 for row in rows)
        (entry,) = read_runs([tmp_path / family])
        stamp = entry.subject
        assert (stamp.revision, stamp.dtype, stamp.attn_implementation) == ("local", "float32", "sdpa"), (
            "each model of a process says its own"
        )
