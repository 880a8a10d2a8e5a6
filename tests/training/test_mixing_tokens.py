"""Counted tokens are those that the model's own processor makes of the conversation, images included."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from tokenizers.processors import TemplateProcessing
from transformers import AutoProcessor

from cmqa_tasks.training.count import Counter, CountError, counter
from cmqa_tasks.training.examples import conversation, joined
from cmqa_tasks.training.formats import instance_of
from cmqa_tasks.training.formats.fields import FieldError
from cmqa_tasks.training.lengths import Lengths, Tokens
from cmqa_tasks.training.mix import mix
from cmqa_tasks.training.options import options_of
from cmqa_tasks.training.read import RowError
from cmqa_tasks.training.rows import Instance, Picture
from cmqa_tasks.training.sources import source_of
from cmqa_tasks.training.spool import SpoolWriter, load

SYSTEM = "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are helpful.<|im_end|>\n{% endif %}"
"""What some templates write by themselves, once."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    directory = tmp_path_factory.mktemp("sizes")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (200, 50)).save(directory / "turned.jpg", exif=turned)
    Image.new("RGB", (90, 310)).save(directory / "turned.png", exif=turned)
    for width, height in ((60, 90), (300, 40), (40, 300), (700, 500)):
        Image.new("RGB", (width, height)).save(directory / f"{width}.png")
    pictures = [[], ["60.png"], ["300.png", "40.png"], ["700.png"], ["turned.jpg"], ["turned.png"]]
    made = [turns("What is shown here?", "A tram, number 7.", images=one) for one in pictures]
    made.append(turns("And what is it in Chinese? 电车", "电车。", system="Be brief."))
    return directory, made


def turns(question: str, answer: str, images: list[str] | None = None, system: str | None = None) -> dict[str, Any]:
    said = [("user", question), ("assistant", answer), ("user", "Sure?"), ("assistant", "Yes.")]
    messages = [{"role": role, "content": text} for role, text in ([("system", system)] if system else []) + said]
    return {"messages": messages, "images": images or []}


def real_length(processor: Any, instance: Instance) -> int:
    """Tokens that the trainer gets."""
    opened = [Image.open(one.path or io.BytesIO(one.data or b"")) for one in instance.pictures]
    images = iter(map(ImageOps.exif_transpose, opened))  # as datasets does
    messages = [
        message
        | {"content": [part | ({"image": next(images)} if part["type"] == "image" else {}) for part in message["content"]]}
        for message in conversation(instance.system, instance.messages)
    ]
    if not hasattr(processor, "image_processor"):  # text models, and their trainer, take strings
        messages = [one | {"content": "".join(part["text"] for part in one["content"])} for one in messages]
    output = processor.apply_chat_template(messages, tokenize=True, return_dict=True, return_tensors="pt")
    return int(output["input_ids"].shape[1])


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("family", ["llava", "qwen2_5_vl", "idefics3"])
def test_counts_are_the_lengths_of_real_inputs(
    tiny_checkpoint: Callable[[str], Path], rows: tuple[Path, list[dict[str, Any]]], family: str, told: bool
) -> None:
    """Whether the processor tells what an image takes, or blank images are shown to it."""
    processor = AutoProcessor.from_pretrained(tiny_checkpoint(family))
    processor.chat_template = SYSTEM + processor.chat_template
    counts = Counter(processor, family)
    if not told:
        counts._tells_itself = False
    instances = [instance_of(row, str(rows[0])) for row in rows[1]]
    found = counts.count(instances)
    alone = [one.alone for one in found if isinstance(one, Tokens)]
    assert alone == [real_length(processor, one) for one in instances]
    assert len(set(alone)) > 2, "the lengths hardly differ, so this test could not fail"
    without_system = instances[:-1]
    example = joined(without_system, [])
    whole = Instance(None, example.messages, example.pictures, "")
    shared = (len(without_system) - 1) * counts.shared
    assert counts.shared > 5
    assert real_length(processor, whole) == sum(alone[:-1]) - shared


@pytest.mark.parametrize("written", [True, False])
def test_a_beginning_that_the_tokenizer_adds_counts(
    tiny_checkpoint: Callable[[str], Path], rows: tuple[Path, list[dict[str, Any]]], written: bool
) -> None:
    """Whether the template writes the BOS or the tokenizer puts it there, an example has it once."""
    processor = AutoProcessor.from_pretrained(tiny_checkpoint("llava"))
    tokenizer = processor.tokenizer
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer._tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)])
    bare = Counter(processor, "llava").shared
    if written:
        processor.chat_template = "{{ bos_token }}" + processor.chat_template
    counts = Counter(processor, "llava")
    instances = [instance_of(row, str(rows[0])) for row in rows[1]]
    alone = [one.alone for one in counts.count(instances) if isinstance(one, Tokens)]
    assert alone == [real_length(processor, one) for one in instances]
    assert counts.shared == bare >= 1


PNG = io.BytesIO()
Image.new("RGB", (60, 90)).save(PNG, "PNG")
STRINGS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\\n{% endif %}"
)
"""A template of a text model, which takes strings for contents alone."""
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@st.composite
def seen(draw: st.DrawFn) -> Instance:
    """An instance with one of a few system messages, or none, and perhaps an image."""
    pictures = draw(st.lists(st.just(Picture(None, PNG.getvalue(), 1)), max_size=1))
    said = [[{"type": "image"} for _ in pictures], *([] for _ in range(draw(st.sampled_from([1, 3]))))]
    contents = [[*images, {"type": "text", "text": draw(WORDS)}] for images in said]
    roles = ("user", "assistant", "user", "assistant")
    messages = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    return Instance(draw(st.sampled_from([None, "Be brief.", "Be kind.\n"])), messages, pictures, "")


@pytest.mark.parametrize(("family", "template"), [("qwen2_5_vl", None), ("llava", None), ("qwen2", STRINGS)])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_length_of_an_example_is_real_whatever_its_system_messages(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path, family: str, template: str | None, data: st.DataObject
) -> None:
    counts = counted_with(tiny_checkpoint(family), SYSTEM, template)
    instances = data.draw(st.lists(seen(), min_size=1, max_size=4))
    if family == "qwen2":
        instances = [Instance(one.system, texts_of(one.messages), [], "") for one in instances]
    lengths = spooled(tmp_path / "chunk", counts, instances)
    example = joined(instances, [])
    expected = real_length(counts._processor, Instance(None, example.messages, example.pictures, ""))
    everything = np.arange(len(instances))
    assert lengths.of(everything, np.zeros_like(everything)).tolist() == [expected]
    assert lengths.of_one(everything.tolist()) == expected


@lru_cache
def counted_with(checkpoint: Path, system: str, template: str | None) -> Counter:
    processor = AutoProcessor.from_pretrained(checkpoint)
    processor.chat_template = system + (template or processor.chat_template)
    return Counter(processor, checkpoint.name)


def texts_of(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"content": [part for part in one["content"] if part["type"] == "text"]} for one in messages]


def spooled(stem: Path, counts: Counter, instances: list[Instance]) -> Lengths:
    """What the instances were counted with, once through the file."""
    spool = SpoolWriter(stem, embed=False)
    for number, (instance, tokens) in enumerate(zip(instances, counts.count(instances), strict=True)):
        assert isinstance(tokens, Tokens)
        spool.add(instance, number, "group", tokens, 0)
    spool.close({"file": "rows.jsonl", "skipped": []})
    return load([stem]).lengths(counts.shared)


def test_a_tokenizer_counts_texts_and_refuses_images(tiny_checkpoint: Callable[[str], Path], rows: Any) -> None:
    text, image = counter(str(tiny_checkpoint("qwen2")), None).count([instance_of(row, str(rows[0])) for row in rows[1][:2]])
    assert isinstance(text, Tokens)
    assert isinstance(image, FieldError)
    assert "reads texts alone" in image.problem


def test_what_cannot_be_counted_is_named(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("no image")
    count = counter(str(tiny_checkpoint("llava")), None).count
    (problem,) = count([instance_of(turns("What?", "This.", ["no.png"]), str(tmp_path))])
    assert isinstance(problem, FieldError)
    assert str(problem).startswith("images.0: cannot be read as an image")
    with pytest.raises(CountError, match="no processor or tokenizer"):
        counter(str(tmp_path), None)


@pytest.mark.parametrize("told", [True, False])
def test_an_image_that_the_processor_refuses_is_a_bad_row(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path, told: bool
) -> None:
    Image.new("RGB", (2, 500)).save(tmp_path / "thin.png")
    counts = Counter(AutoProcessor.from_pretrained(tiny_checkpoint("qwen2_5_vl")), "it")
    counts._tells_itself = told
    thin, good = (instance_of(turns("What?", "This.", images), str(tmp_path)) for images in (["thin.png"], []))
    problem, tokens = counts.count([thin, good])
    assert isinstance(tokens, Tokens)
    assert isinstance(problem, FieldError)
    assert problem.field == "images.0"
    assert "it takes no image of 2 x 500 pixels: absolute aspect ratio must be smaller than 200" in problem.problem


def test_no_example_is_longer_than_asked(tiny_checkpoint: Callable[[str], Path], rows: Any, tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[1] * 3), encoding="utf-8")
    checkpoint = str(tiny_checkpoint("llava"))
    options = {"sources": (source_of(f"{source},root={rows[0]}"),), "strategy": "instance", "per_example": 4, "model": checkpoint}
    made = mix(options_of(**options, max_tokens=170), tmp_path / "out")
    assert made["tokens"]["longest"] <= 170
    assert made["examples"] > -(-18 // 4), "the budget had nothing to do"
    with pytest.raises(
        RowError, match=r"rows\.jsonl:\d+: \(row\): \d+ tokens, more than --max-tokens 40; an instance is never split"
    ):
        mix(options_of(**options, max_tokens=40), tmp_path / "other")


def test_system_messages_do_not_make_examples_longer_than_asked(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    processor = counted_with(tiny_checkpoint("qwen2_5_vl"), SYSTEM, None)._processor
    processor.save_pretrained(tmp_path / "model")
    source = tmp_path / "rows.jsonl"
    (tmp_path / "seen.png").write_bytes(PNG.getvalue())
    rows = [turns(f"What is {n}?", "A tram.", ["seen.png"] * (n % 2), f"Be brief, {n // 3}.") for n in range(12)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = {"sources": (source_of(str(source)),), "strategy": "instance", "per_example": 2, "model": str(tmp_path / "model")}
    longest = []
    for limit in (None, 125):
        made = mix(options_of(**told, max_tokens=limit), tmp_path / f"out{limit}")
        examples = pq.read_table(tmp_path / f"out{limit}" / "train-00000-of-00001.parquet").to_pylist()
        lengths = [real_length(processor, read_back(one["messages"], one["images"])) for one in examples]
        assert made["tokens"] == {"all": sum(lengths), "longest": max(lengths)}
        longest.append(max(lengths))
    assert longest[1] <= 125 < longest[0], "the budget had nothing to do"


def read_back(messages: list[dict[str, Any]], images: list[dict[str, str]]) -> Instance:
    """A joined example without the nulls of a columnar format."""
    parts = [[{name: text for name, text in part.items() if text} for part in one["content"]] for one in messages]
    cleaned = [one | {"content": content} for one, content in zip(messages, parts, strict=True)]
    return Instance(None, cleaned, [Picture(one["path"], None, 1) for one in images], "")


def test_what_a_model_cannot_take_is_a_bad_row(
    tiny_checkpoint: Callable[[str], Path], rows: tuple[Path, list[dict[str, Any]]]
) -> None:
    """A text that spells the model's own token of an image, and a system message that the chat template refuses."""
    processor = AutoProcessor.from_pretrained(tiny_checkpoint("llava"))
    processor.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + processor.chat_template
    )
    instances = [instance_of(row, str(rows[0])) for row in rows[1]]
    spelt = [{"type": "text", "text": f"It is {processor.image_token}."}]
    instances.append(replace(instances[1], messages=[*instances[1].messages[:-1], {"role": "assistant", "content": spelt}]))
    *good, refused, too_many = Counter(processor, "llava").count(instances)
    assert all(isinstance(tokens, Tokens) for tokens in good)
    assert str(refused) == "system: the chat template of llava refuses this row: no system"
    assert str(too_many) == "messages: 1 more tokens of media (<image>) than llava writes for its images: spelt in a text"
