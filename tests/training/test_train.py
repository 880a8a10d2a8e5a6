"""``cmqa train``: which tokens are learned, and that training works: alone, with LoRA, in two processes."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import trl
import yaml
from commands import run_command
from packaging.version import Version
from PIL import Image
from tokenizers.processors import TemplateProcessing
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
from trl.chat_template_utils import llava_next_chat_template, qwen2_5_vl_chat_template
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

from cmqa_tasks.cli.main import main
from cmqa_tasks.models.batching import Prompt
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.training.config import ConfigError, TrainConfig, load
from cmqa_tasks.training.mix import mix
from cmqa_tasks.training.options import options_of
from cmqa_tasks.training.sources import source_of
from cmqa_tasks.training.train import MARKS_VISION, check_arguments, collator, sft_arguments, train
from cmqa_tasks.training.training_set import training_set
from cmqa_tasks.training.turns import IGNORED, AssistantTurns, TurnError

EXAMPLES = Path(__file__).parents[2] / "examples" / "train"
Checkpoints = Callable[[str], Path]
SETTINGS = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, "report_to": "none", "disable_tqdm": True}
SETTINGS |= {"logging_steps": 1, "save_strategy": "no", "learning_rate": 1e-2, "seed": 1}
COLOURS = ("red", "green", "blue", "white")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four colours shown and eight facts told, two by two: four examples of both, two of facts alone."""
    directory = tmp_path_factory.mktemp("mixed")
    rows: list[dict[str, Any]] = []
    for colour in COLOURS:
        Image.new("RGB", (60, 60), colour).save(directory / f"{colour}.png")
        rows.append(row("<image>\nWhich colour?", f"It is {colour}.", f"{colour}.png"))
    rows += [row(f"Who lives at {number}?", f"Number {number} is empty.", None) for number in range(8)]
    (directory / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    told: dict[str, Any] = {"sources": (source_of(str(directory / "rows.jsonl")),), "strategy": "instance", "per_example": 2}
    mix(options_of(**told), directory / "parquet")
    mix(options_of(**told, format="jsonl"), directory / "jsonl")
    return directory


def row(question: str, answer: str, image: str | None) -> dict[str, Any]:
    turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
    return {"conversations": turns} | ({"image": image} if image else {})


def batches(mixed: Path) -> list[list[dict[str, Any]]]:
    """Batches with as many images in each row, with more in one than in another, and with none."""
    examples = list(training_set(str(mixed / "parquet"), images=True))
    one, none = ([example for example in examples if len(example["images"]) == count] for count in (1, 0))
    two = copy.deepcopy(one[:2])
    both = {"messages": two[0]["messages"] + two[1]["messages"], "images": two[0]["images"] + two[1]["images"]}
    both["messages"].insert(0, {"role": "system", "content": [{"type": "text", "text": "Be brief."}]})
    return [one[:2], [both, one[2], *none], none]


def learned(processor: Any, labels: torch.Tensor) -> list[list[str]]:
    """The stretches of neighbouring tokens that have labels, decoded, by row."""
    found = []
    for line in labels.tolist():
        stretches: list[list[int]] = [[]]
        for label in line:
            stretches = [*stretches, []] if label == IGNORED else [*stretches[:-1], [*stretches[-1], label]]
        found.append([processor.tokenizer.decode(ids) for ids in stretches if ids])
    return found


def said(example: dict[str, Any]) -> list[str]:
    turns = [message for message in example["messages"] if message["role"] == "assistant"]
    return ["".join(part["text"] for part in turn["content"]) for turn in turns]


def image_token(checkpoint: Path) -> int:
    about = AutoConfig.from_pretrained(checkpoint)
    return int(getattr(about, "image_token_id", None) or about.image_token_index)


@pytest.mark.parametrize("family", ["llava", "qwen2_5_vl", "idefics3"])
def test_all_assistant_turns_and_nothing_else_are_learned(tiny_checkpoint: Checkpoints, mixed: Path, family: str) -> None:
    """Token by token: what is learned reads as the answers do, each with the token that ends it; the rest is TRL's own batch."""
    processor = AutoProcessor.from_pretrained(tiny_checkpoint(family))
    ours = AssistantTurns(processor, image_token(tiny_checkpoint(family)))
    for batch in batches(mixed):
        made = ours(copy.deepcopy(batch))
        assert learned(processor, made["labels"]) == [[f"{text}<|im_end|>" for text in said(one)] for one in batch]
        assert ((made["labels"] == IGNORED) | (made["labels"] == made["input_ids"])).all()
        theirs = DataCollatorForVisionLanguageModeling(processor)(copy.deepcopy(batch))
        assert made.keys() == theirs.keys()
        assert all(torch.equal(made[key], theirs[key]) for key in made if key != "labels")


@pytest.mark.skipif(Version(trl.__version__) < MARKS_VISION, reason="this TRL learns no turns of data with images by itself")
@pytest.mark.parametrize(
    ("family", "template", "image"),
    [("qwen2_5_vl", qwen2_5_vl_chat_template, None), ("llava", llava_next_chat_template, "</s>")],
)
def test_trl_is_left_to_mark_turns_where_it_can(
    tiny_checkpoint: Checkpoints, mixed: Path, family: str, template: str, image: str | None
) -> None:
    """And it learns the same as our collator would but for the blank space after a turn."""
    processor = AutoProcessor.from_pretrained(tiny_checkpoint(family))
    processor.chat_template = template
    if image:
        processor.tokenizer.add_special_tokens({"additional_special_tokens": [image]})
    config = TrainConfig(model=str(tiny_checkpoint(family)), data="-", output="-", trainer={"use_cpu": True, "bf16": False})
    arguments = sft_arguments(config)
    assert collator(config, processor, arguments) is None
    assert arguments.assistant_only_loss
    from trl.chat_template_utils import get_training_chat_template

    theirs = DataCollatorForVisionLanguageModeling(
        processor, assistant_only_loss=True, chat_template=get_training_chat_template(processor)
    )
    ours = AssistantTurns(processor, image_token(tiny_checkpoint(family)))
    for batch in batches(mixed)[:1]:
        found, expected = (learned(processor, one(copy.deepcopy(batch))["labels"]) for one in (ours, theirs))
        assert [[text.strip() for text in texts] for texts in found] == [[text.strip() for text in texts] for texts in expected]


@pytest.mark.parametrize("template", [None, "llava.jinja"])
@pytest.mark.parametrize("loss", ["assistant", "all"])
def test_what_is_learned_begins_as_what_is_asked(
    tiny_checkpoint: Checkpoints, tmp_path: Path, template: str | None, loss: str
) -> None:
    """A tokenizer that puts a BOS in front, as LLaVA-1.5's does: in training as in evaluation, whoever writes it, and once."""
    processor = AutoProcessor.from_pretrained(tiny_checkpoint("llava"))
    tokenizer = processor.tokenizer
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer._tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)])
    if template:
        processor.chat_template = (EXAMPLES / template).read_text()
    processor.save_pretrained(tmp_path)
    model = AutoModelForImageTextToText.from_pretrained(tiny_checkpoint("llava"))
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(tmp_path)
    config = TrainConfig(model=str(tmp_path), data="-", output="-", loss=loss, trainer={"use_cpu": True, "bf16": False})
    picture = Image.new("RGB", (60, 60))
    user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Which colour?"}]}
    assistant = {"role": "assistant", "content": [{"type": "text", "text": "Black."}]}
    make = collator(config, processor, sft_arguments(config)) or DataCollatorForVisionLanguageModeling(processor)
    learns = make([{"messages": [user, assistant], "images": [picture]}])["input_ids"][0].tolist()
    asks = CmqaHF(str(tmp_path), device="cpu")
    asked = asks.inputs([Prompt(0, asks.render([user]), 0, (picture,), "{}", [])])[0]["input_ids"][0].tolist()
    assert learns[: len(asked)] == asked
    assert learns.count(processor.tokenizer.bos_token_id) == 1


def test_a_template_that_cannot_be_told_apart_is_refused(tiny_checkpoint: Checkpoints, mixed: Path) -> None:
    processor = AutoProcessor.from_pretrained(tiny_checkpoint("llava"))
    processor.chat_template = "{{ messages | length }}" + processor.chat_template
    with pytest.raises(TurnError, match=r"message 1: the chat template renders .* \(chat_template\)"):
        AssistantTurns(processor, image_token(tiny_checkpoint("llava")))(batches(mixed)[0])


def test_a_template_that_never_ends_a_turn_is_warned_of(tiny_checkpoint: Checkpoints, caplog: pytest.LogCaptureFixture) -> None:
    processor = AutoProcessor.from_pretrained(tiny_checkpoint("llava"))
    processor.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'][0]['text'] }}\n{% endfor %}"
    processor.chat_template += "{% if add_generation_prompt %}assistant:{% endif %}"
    AssistantTurns(processor, image_token(tiny_checkpoint("llava")))
    assert "not taught to stop" in caplog.text


def test_the_template_for_llava_ends_turns_and_shows_images(tiny_checkpoint: Checkpoints) -> None:
    processor = AutoProcessor.from_pretrained(tiny_checkpoint("llava"))
    parts: Sequence[dict[str, str]] = [{"type": "image"}, {"type": "text", "text": "What?"}]
    messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": [{"type": "text", "text": "A tram."}]}]
    rendered = processor.apply_chat_template(messages * 2, chat_template=(EXAMPLES / "llava.jinja").read_text())
    assert rendered == "USER: <image>\nWhat? ASSISTANT: A tram.</s>" * 2


def losses(output: Path) -> list[float]:
    return [entry["loss"] for entry in json.loads((output / "trainer_state.json").read_text())["log_history"] if "loss" in entry]


def written(path: Path, **fields: Any) -> Path:
    path.write_text(yaml.safe_dump(fields), encoding="utf-8")
    return path


@pytest.mark.parametrize(("family", "lora", "data"), [("llava", False, "parquet"), ("qwen2_5_vl", True, "jsonl")])
def test_a_tiny_model_learns_its_examples_and_is_evaluated_like_any_other(
    tiny_checkpoint: Checkpoints, mixed: Path, tmp_path: Path, family: str, lora: bool, data: str
) -> None:
    from cmqa_tasks.models.hf import CmqaHF

    fields: dict[str, Any] = {"model": str(tiny_checkpoint(family)), "data": str(mixed / data), "output": str(tmp_path / "run")}
    fields |= {"trainer": SETTINGS | {"max_steps": 25, "per_device_train_batch_size": 6}}
    if lora:
        fields["lora"] = {"r": 16, "lora_alpha": 64, "target_modules": "all-linear"}
    assert main(["train", str(written(tmp_path / "config.yaml", **fields))]) == 0
    seen = losses(tmp_path / "run")
    assert seen[-1] < seen[0] / 3
    lm = CmqaHF(str(tmp_path / "run" / "model"), device="cpu", dtype="float32")
    (example, *_) = batches(mixed)[0]
    batch = AssistantTurns(lm.processor, image_token(tmp_path / "run" / "model"))([example])
    with torch.inference_mode():
        loss = float(lm.model(**batch).loss)
    assert loss < seen[0] / 3, "what was saved is what was trained"
    assert main(["train", str(tmp_path / "config.yaml")]) == 2, "a trained model is not overwritten"


def test_two_processes_train_as_one_does(tiny_checkpoint: Checkpoints, mixed: Path, tmp_path: Path) -> None:
    """The same global batches, so the same losses; some batches of a process have no image at all."""
    fields: dict[str, Any] = {
        "model": str(tiny_checkpoint("llava")),
        "data": str(mixed / "parquet"),
        "freeze": ["*vision_tower*"],
    }
    alone, both = tmp_path / "alone", tmp_path / "both"
    settings = SETTINGS | {"max_steps": 6, "learning_rate": 1e-3}
    train(TrainConfig(**fields, output=str(alone), trainer=settings | {"per_device_train_batch_size": 2}))
    config = written(tmp_path / "c.yaml", **fields, output=str(both), trainer=settings | {"per_device_train_batch_size": 1})
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "cmqa_tasks.cli", "train"]
    done = run_command(*launch, config, cwd=tmp_path, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr[-3000:]
    assert losses(both) == pytest.approx(losses(alone), rel=1e-3)
    assert len(losses(both)) == 6
    assert (both / "model" / "model.safetensors").is_file()


@pytest.mark.parametrize("lora", [None, {"r": 8, "target_modules": "all-linear"}], ids=["whole", "adapter"])
def test_a_run_that_was_stopped_goes_on(
    tiny_checkpoint: Checkpoints, mixed: Path, tmp_path: Path, lora: dict[str, Any] | None
) -> None:
    """From its last checkpoint, with the losses of a run that was not stopped; held-out data is measured on the way."""
    fields: dict[str, Any] = {
        "model": str(tiny_checkpoint("llava")),
        "data": str(mixed / "parquet"),
        "eval_data": str(mixed / "jsonl"),
    }
    fields["lora"] = lora
    settings = SETTINGS | {"learning_rate": 1e-3, "lr_scheduler_type": "constant", "per_device_train_batch_size": 2}
    settings |= {"save_strategy": "steps", "save_steps": 3, "eval_strategy": "steps", "eval_steps": 3}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(TrainConfig(**fields, output=str(whole), trainer=settings | {"max_steps": 6}))
    train(TrainConfig(**fields, output=str(stopped), trainer=settings | {"max_steps": 3}))
    for made in ("model", "adapter"):  # as if it had been killed after the checkpoint
        shutil.rmtree(stopped / made, ignore_errors=True)
    train(TrainConfig(**fields, output=str(stopped), trainer=settings | {"max_steps": 6}, resume=True))
    assert losses(stopped) == pytest.approx(losses(whole), rel=1e-4)
    history = json.loads((stopped / "trainer_state.json").read_text())["log_history"]
    assert [entry["step"] for entry in history if "eval_loss" in entry] == [3, 6]


def test_an_adapter_that_was_not_merged_is_merged_and_not_trained_again(
    tiny_checkpoint: Checkpoints, mixed: Path, tmp_path: Path
) -> None:
    fields: dict[str, Any] = {
        "model": str(tiny_checkpoint("qwen2_5_vl")),
        "data": str(mixed / "parquet"),
        "output": str(tmp_path),
    }
    fields |= {"lora": {"r": 8, "target_modules": "all-linear"}, "trainer": SETTINGS | {"max_steps": 1}}
    (tmp_path / "adapter.partial").mkdir()
    (tmp_path / "adapter.partial" / "left").touch()  # of a run that was killed while it saved
    train(TrainConfig(**fields))
    assert not (tmp_path / "adapter" / "left").exists()
    merged = tmp_path / "model" / "model.safetensors"
    before, state = merged.read_bytes(), (tmp_path / "trainer_state.json").stat().st_mtime_ns
    shutil.rmtree(tmp_path / "model")  # as if it had been killed while it merged
    with pytest.raises(ConfigError, match=r"output: .*adapter exists, not yet merged; set resume"):
        train(TrainConfig(**fields))
    train(TrainConfig(**fields, resume=True))
    assert merged.read_bytes() == before
    assert (tmp_path / "trainer_state.json").stat().st_mtime_ns == state


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_example_configurations_have_only_settings_that_exist(path: Path) -> None:
    if path.stem == "fsdp":
        assert yaml.safe_load(path.read_text())["distributed_type"] == "FSDP"
        return
    check_arguments(load(path))


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"model": "m", "data": "d"}, r"output: Field required"),
        ({"epochs": 3}, r"epochs: Extra inputs are not permitted, not 3; fields are model, revision, data"),
        ({"freeze": "*"}, r"freeze: Input should be a list, not '\*'"),
        ({"loss": "user"}, r"loss: Input should be 'assistant' or 'all', not 'user'"),
        ({"trainer": {"max_length": 512}}, r"max_length cannot be set: examples are never cut"),
        ({"trainer": {"load_best_model_at_end": True}}, r"load_best_model_at_end cannot be set: .* keep the last weights"),
        ({"trainer": {"output_dir": "x"}}, r"output_dir follows from output; set that"),
    ],
)
def test_a_bad_configuration_is_named(tmp_path: Path, fields: dict[str, Any], complaint: str) -> None:
    whole = fields if "model" in fields else {"model": "m", "data": "d", "output": "o"} | fields
    with pytest.raises(ConfigError, match=rf"c\.yaml: .*{complaint}"):
        load(written(tmp_path / "c.yaml", **whole))


CPU = {"use_cpu": True, "bf16": False}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"trainer": {"max_steps": "x"}}, "trainer.max_steps: Input should be a valid integer, not 'x'"),
        ({"trainer": {"num_train_epochs": "x"}}, "trainer.num_train_epochs: Input should be a valid number, not 'x'"),
        ({"trainer": {"logging_first_step": 3}}, "trainer.logging_first_step: Input should be a valid boolean, not 3"),
        ({"trainer": {"per_device_train_batch_size": 0}}, "trainer.per_device_train_batch_size: Input should be greater than "),
        ({"trainer": {"learning_rat": 1}}, "trainer.learning_rat: SFTConfig has no such argument; did you mean learning_rate"),
        ({"trainer": CPU | {"eval_strategy": "often"}}, "trainer: often is not a valid IntervalStrategy, please select one of "),
        ({"lora": {"r": -3}}, "lora.r: Input should be greater than or equal to 1, not -3"),
        ({"lora": {"rank": 1}}, "lora.rank: LoraConfig has no such argument"),
        ({"lora": {"target_modules": ["none"]}}, "Target modules {'none'} not found in the base model"),
        ({"model": "nope"}, "model: 'nope' is no directory with a checkpoint, and none that the hub gives: "),
        ({"chat_template": "gone.jinja"}, "chat_template: gone.jinja: No such file or directory"),
        ({"data": "bad.parquet"}, "data: bad.parquet cannot be read: "),
        ({"data": "bad.jsonl"}, "data: bad.jsonl cannot be read: "),
        ({"eval_data": "gone"}, "eval_data: gone is nothing that cmqa mix wrote"),
        ({"freeze": ["nothing*"]}, "freeze: 'nothing*' matches no parameter; they are called "),
    ],
)
def test_what_cannot_be_trained_is_named_with_its_file_and_leaves_nothing(
    fields: dict[str, Any],
    complaint: str,
    tiny_checkpoint: Checkpoints,
    mixed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("bad.parquet", "bad.jsonl"):
        Path(name).write_text("{", encoding="utf-8")
    usual: dict[str, Any] = {"model": str(tiny_checkpoint("llava")), "data": str(mixed / "jsonl"), "trainer": CPU}
    written(Path("t.yaml"), **usual | {"output": "below/out"} | fields)
    there = sorted(tmp_path.iterdir())
    assert main(["train", "t.yaml"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"cmqa train: t.yaml: {complaint}")
    assert sorted(tmp_path.iterdir()) == there


def test_other_mistakes_are_named_too(tiny_checkpoint: Checkpoints, mixed: Path, tmp_path: Path) -> None:
    (tmp_path / "no.yaml").write_text("a: [")
    (tmp_path / "latin.yaml").write_bytes("model: m\ndata: Größe\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.yaml, line 2: no UTF-8: byte 0xf6"):
        load(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match=r"no\.yaml: no YAML"):
        load(tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match="there is no"):
        load(tmp_path / "gone.yaml")
    fields: dict[str, Any] = {"model": str(tiny_checkpoint("qwen2")), "data": str(mixed / "parquet"), "output": str(tmp_path)}
    with pytest.raises(ConfigError, match="has images, and the model reads texts alone"):
        train(TrainConfig(**fields, trainer={"use_cpu": True, "bf16": False}))
    with pytest.raises(ConfigError, match=r"resume: .*checkpoints has no checkpoint"):
        train(TrainConfig(**fields, resume=True))
    with pytest.raises(ConfigError, match="nothing that cmqa mix wrote"):
        training_set(str(tmp_path), images=True)
    assert load(written(tmp_path / "f.yaml", model="m", data="d", output="o", trainer={"learning_rate": 1e-4})).trainer
    (tmp_path / "e.yaml").write_text("{model: m, data: d, output: o, trainer: {learning_rate: 1e-4}}")
    assert load(tmp_path / "e.yaml").trainer == {"learning_rate": 0.0001}, "to PyYAML alone, 1e-4 is a string"
