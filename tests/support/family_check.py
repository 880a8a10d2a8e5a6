"""What becomes of one family under ``cmqa_hf``: does it answer as its own ``generate`` does, and is its attention that of eager?

The references are made with transformers alone, one prompt at a time, from the messages of a task of one's own data.
"""

from __future__ import annotations

import inspect
import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from eager_reference import furthest
from huggingface_hub.errors import StrictDataclassError
from PIL import Image, ImageDraw
from tiny_families import VISION, checkpoint
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from cmqa_tasks.attention.probe.decoder_layers import ProbeError
from cmqa_tasks.facts.release import Release
from cmqa_tasks.models.batching import batches
from cmqa_tasks.models.hf import CmqaHF
from cmqa_tasks.models.inputs import FAILURES, on_device
from cmqa_tasks.worlds.own import read_jsonl

NEW = 6
ARMS = ("image_text", "image_image")
ONE_IMAGE = "reads one at a time"
"""What is said to prompts of two images by a model that then is asked with one."""
EXACT, ROUNDING = 1e-5, 5e-5
"""How far masses may be from eager attention's, under eager attention and under another implementation."""
Verdict = Literal["right", "refused", "wrong", "crash", "not built"]


@dataclass(frozen=True)
class Report:
    """What became of a family."""

    family: str
    answers: Verdict
    """``right``: as the model's own generate."""
    why_answers: str = ""
    attention: Verdict | Literal[""] = ""
    """``right``: as eager attention; empty where the family does not answer."""
    why_attention: str = ""
    off: float = math.nan
    """How far masses are from eager attention's at most, both under eager attention."""

    def line(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))


def receipts(directory: Path) -> Release:
    """Three facts of one's own, with questions of different length and images of two sizes."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(3):
        values = {"a": f"{20 + number}.99 USD", "b": f"{40 + number}.49 USD"}
        images = {side: [_receipt(directory, number, side, value, size) for size in (0, 1)] for side, value in values.items()}
        question = "What is the total amount that was paid according to the receipt" if number % 2 == 0 else "What is the total"
        texts = {side: [f"I paid {value} for it.", f"It came to {value}."] for side, value in values.items()}
        rows.append({"question": f"{question} {number}?", "kind": "money", **values, "texts": texts, "images": images})
    path = directory / "receipts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return read_jsonl(path)


def _receipt(directory: Path, number: int, side: str, value: str, size: int) -> str:
    picture = Image.new("RGB", (200 + 40 * size, 100), "white")
    ImageDraw.Draw(picture).text((10, 10 + 30 * size), f"Total {value}", fill="black")
    path = directory / f"{number}{side}{size}.png"
    picture.save(path)
    return path.name


def check(family: str, directory: Path, release: Release) -> Report:
    """Build a family in a directory and see what becomes of it; never raises for a family's own reasons."""
    from tiny_runs import requests

    torch.set_num_threads(1)
    try:
        checkpoint(family, directory)
    except (*FAILURES, AssertionError, ArithmeticError, OSError, StrictDataclassError) as error:
        return Report(family, "not built", _reason(error))
    settings: dict[str, Any] = {"device": "cpu", "dtype": "float32", "batch_size": 2}
    try:
        try:
            lm = CmqaHF(str(directory), **settings)
        except ValueError as error:
            if "use batch_size=1" not in str(error):
                raise
            settings["batch_size"] = 1
            lm = CmqaHF(str(directory), **settings)
    except (RuntimeError, ValueError, OSError) as error:
        return Report(family, "refused", _reason(error))
    except FAILURES as error:
        return Report(family, "crash", _reason(error))
    arms, limits = (ARMS if lm.sees_images else ("text_text",)), ""
    while True:
        try:
            sent = list(requests(lm, release, *arms, max_new_tokens=NEW))
            sent = [*sent[: len(arms)], *sent[-len(arms) :]]
            answers = [result.text for result in lm.generate_until(sent)]
            break
        except ValueError as error:
            if limits or ONE_IMAGE not in str(error):
                return Report(family, "refused", _reason(error))
            arms, limits = ("image_text",), "one image at a time; more are refused"
        except FAILURES as error:
            return Report(family, "crash", _reason(error))
    try:
        expected = own_answers(directory, lm, sent)
    except FAILURES as error:
        return Report(family, "not built", f"answers {answers[0]!r}, and nothing to compare with: {_reason(error)}")
    if answers != expected:
        return Report(family, "wrong", f"{answers[0]!r} instead of {expected[0]!r}")
    return replace(_attention(family, directory, lm, sent, answers, settings), why_answers=limits)


def _attention(
    family: str, directory: Path, plain: CmqaHF, sent: list[Any], answers: list[str], settings: dict[str, Any]
) -> Report:
    try:
        lm = CmqaHF(str(directory), attention="on", attention_path=str(directory / "attention"), **settings)
    except RuntimeError as error:
        return Report(family, "right", "", "refused", _reason(error).partition("cannot be read: ")[2] or _reason(error))
    lm.task_dict.update(plain.task_dict)
    try:
        read = [result.text for result in lm.generate_until(sent)]
    except (ProbeError, ValueError) as error:
        return Report(family, "right", "", "refused", f"in the run: {_reason(error)}")
    except FAILURES as error:
        return Report(family, "right", "", "crash", _reason(error))
    if read != answers:
        return Report(family, "right", "", "wrong", "answers otherwise while its attention is read")
    eager = other = 0.0
    for batch in batches((lm.prompt(index, request) for index, request in enumerate(sent)), 2):
        inputs, origins = lm.inputs(batch)
        try:
            distances = furthest(lm.model, dict(inputs), lm.segments(batch, inputs, origins))
        except (*FAILURES, AssertionError) as error:
            return Report(family, "right", "", "not built", f"no reference: {_reason(error)}")
        eager, other = max(eager, distances["eager"]), max(other, *distances.values())
    right = eager <= EXACT and other <= ROUNDING
    return Report(family, "right", "", "right" if right else "wrong", "" if right else f"off by {other:.0e}", eager)


def own_answers(directory: Path, lm: CmqaHF, sent: list[Any]) -> list[str]:
    """What the model's own ``generate`` answers, one prompt at a time, as its users would call it."""
    sees = lm.sees_images
    loader, maker = (AutoModelForImageTextToText, AutoProcessor) if sees else (AutoModelForCausalLM, AutoTokenizer)
    if directory.name in VISION:
        loader = AutoModelForImageTextToText
    model, processor = loader.from_pretrained(directory, dtype=torch.float32).eval(), maker.from_pretrained(directory)
    answers = []
    for index, request in enumerate(sent):
        prompt = lm.prompt(index, request)
        text = (
            processor.apply_chat_template(list(prompt.turns), add_generation_prompt=True, tokenize=False)
            if sees and processor.chat_template is not None
            else prompt.text
        )
        types = "mm_token_type_ids" in inspect.signature(type(model).forward).parameters
        inputs = _own_inputs(processor, text, list(prompt.images), {"return_mm_token_type_ids": True} if types else {})
        with torch.inference_mode():
            output = model.generate(**inputs, do_sample=False, max_new_tokens=NEW, temperature=None, top_p=None, top_k=None)
        start = 0 if model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
        answers.append(getattr(processor, "tokenizer", processor).decode(output[0, start:], skip_special_tokens=True))
    return answers


def _own_inputs(processor: Any, text: str, images: list[Any], extra: dict[str, Any]) -> Any:
    if not images:
        return processor(text=[text], return_tensors="pt", add_special_tokens=False)
    bos = getattr(processor.tokenizer, "bos_token", None)
    common = {"text": [text], "return_tensors": "pt", "add_special_tokens": not (bos and text.startswith(bos))}
    for shape in ([images], images):
        try:
            return on_device(processor(images=shape, **common, **extra), torch.device("cpu"), torch.float32)
        except FAILURES:
            continue
    raise ValueError("the processor takes the images in no form")


def _reason(error: BaseException) -> str:
    return f"{'' if isinstance(error, ProbeError) else type(error).__name__ + ': '}{' '.join(str(error).split())}"[:400]
