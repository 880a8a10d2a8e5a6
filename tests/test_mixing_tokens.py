"""Counted tokens are those that the model's own processor makes of the conversation, images included."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from transformers import AutoProcessor

from cmqa_tasks.mixing.count import Counter, CountError, conversation, counter
from cmqa_tasks.mixing.examples import joined
from cmqa_tasks.mixing.mix import mix
from cmqa_tasks.mixing.options import options_of
from cmqa_tasks.mixing.read import RowError
from cmqa_tasks.mixing.rows import FieldError, Instance, instance_of
from cmqa_tasks.mixing.sources import source_of

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
    images = iter([ImageOps.exif_transpose(Image.open(picture.path)) for picture in instance.pictures])  # as datasets does
    messages = [
        message
        | {"content": [part | ({"image": next(images)} if part["type"] == "image" else {}) for part in message["content"]]}
        for message in conversation(instance.system, instance.messages)
    ]
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
    assert found == [real_length(processor, one) for one in instances]
    assert len(set(found)) > 2, "the lengths hardly differ, so this test could not fail"
    without_system = instances[:-1]
    example = joined(without_system, [])
    whole = Instance(None, example.messages, example.pictures, "")
    shared = (len(without_system) - 1) * counts.shared
    assert counts.shared > 5
    assert real_length(processor, whole) == sum(found[:-1]) - shared  # type: ignore[arg-type]


def test_a_tokenizer_counts_texts_and_refuses_images(tiny_checkpoint: Callable[[str], Path], rows: Any) -> None:
    text, image = counter(str(tiny_checkpoint("qwen2")), None).count([instance_of(row, str(rows[0])) for row in rows[1][:2]])
    assert isinstance(text, int)
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
