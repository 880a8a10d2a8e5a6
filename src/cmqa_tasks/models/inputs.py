"""Prompts and images as the tensors that a model is given, whatever its processor wants to be called with.

Processors differ: some take the images of each prompt as a list, some only one list for all; some put the image tokens into the
text themselves; some tell token types only when asked. Which way works is found out once, with a first batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image
from PIL.Image import new as new_image

from cmqa_tasks.attention.probe.segments import Origins, process
from cmqa_tasks.attention.probe.token_origins import lacks_special_tokens
from cmqa_tasks.models.batching import Prompt
from cmqa_tasks.models.chat import Chat, Messages
from cmqa_tasks.writing.problems import one_line

_TEXT_ONLY = {"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids", "position_ids", "cache_position"}
_TYPES = "return_mm_token_type_ids"


class InputMaker:
    """Calls a processor or tokenizer as it wants to be called.

    Args:
        processor: of the model.
        takes_types: whether the model's forward takes ``mm_token_type_ids``.
        tells_origins: whether the processor shall also say where its tokens come from; only attention is read by that.
    """

    def __init__(self, processor: Any, *, takes_types: bool, tells_origins: bool) -> None:
        self._processor, self._takes_types, self._tells_origins = processor, takes_types, tells_origins
        self._nested: bool | None = None
        self._extra: dict[str, Any] = {}

    def make(self, texts: Sequence[str], images: Sequence[Sequence[Image]]) -> tuple[Any, Origins]:
        """The processor's output on the CPU, rows padded on the left, and where its tokens come from.

        Args:
            texts: rendered prompts.
            images: of each prompt, in order.

        Raises:
            ValueError: the processor cannot take them, or takes no notice of the images.
        """
        settings: dict[str, Any] = {"padding": True, "return_tensors": "pt"} | self._extra
        settings["add_special_tokens"] = lacks_special_tokens(self._processor, texts[0])
        if not any(images):
            return self._called(text=list(texts), **settings)
        inputs, origins = self._with_images(list(texts), [list(each) for each in images], settings)
        if "input_ids" not in inputs:  # Pix2Struct, PP-FormulaNet
            raise ValueError(
                f"{type(self._processor).__name__} makes no tokens of the prompt (input_ids): the answer would be to none"
            )
        if not set(inputs) - _TEXT_ONLY:
            raise ValueError(f"{type(self._processor).__name__} takes no notice of images: the model would answer without them")
        if self._takes_types and "mm_token_type_ids" not in inputs and not self._extra:
            self._extra = {_TYPES: True}
            return self.make(texts, images)
        return inputs, origins

    def _with_images(self, texts: list[str], images: list[list[Image]], settings: dict[str, Any]) -> tuple[Any, Origins]:
        """One list of images per prompt, or else one list of all."""
        flat = [image for each in images for image in each]
        if self._nested is not None:
            return self._called(text=texts, images=images if self._nested else flat, **settings)
        try:
            output = self._called(text=texts, images=images, **settings)
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            try:
                output = self._called(text=texts, images=flat, **settings)
            except (ValueError, TypeError, AttributeError, IndexError):
                raise ValueError(f"{type(self._processor).__name__} does not take the images: {one_line(error)}") from error
            self._nested = False
            return output
        self._nested = True
        return output

    def _called(self, **arguments: Any) -> tuple[Any, Origins]:
        if self._tells_origins:
            return process(self._processor, **arguments)
        return self._processor(**arguments), Origins(None, None)


def fixed_size(processor: Any, config: Any) -> tuple[int, int] | None:
    """Width and height of the only images that a model reads; None where its processor scales them."""
    images = getattr(processor, "image_processor", None)
    if images is None or getattr(images, "do_resize", True):
        return None
    width, height = 73, 41  # multiples of no patch
    pixels = images(images=[new_image("RGB", (width, height))], return_tensors="pt").get("pixel_values")
    if not torch.is_tensor(pixels) or tuple(pixels.shape[-2:]) != (height, width):
        return None
    size = getattr(getattr(config, "vision_config", None), "image_size", None)
    if isinstance(size, int):
        return size, size
    return (size[1], size[0]) if isinstance(size, list | tuple) and len(size) == 2 else None


def trial_image(size: tuple[int, int] | None) -> Image:
    """A small picture that the model can read."""
    width, height = size or (128, 96)
    picture = new_image("RGB", (width, height), "white")
    picture.paste((200, 30, 30), (0, 0, width // 2, height // 2))
    return picture


def on_device(inputs: Any, device: torch.device, dtype: torch.dtype) -> Any:
    """Inputs on a device; pixels, and whatever else is a float, in the model's type."""
    inputs = inputs.to(device)
    for name, tensor in inputs.items():
        if torch.is_tensor(tensor) and tensor.is_floating_point():
            inputs[name] = tensor.to(dtype)
    return inputs


@dataclass(slots=True)
class MediaLimits:
    """What a model reads. The last two are found out by trial."""

    model: str
    """Name of its class, for messages."""
    sees_images: bool
    fixed_size: tuple[int, int] | None
    """Width and height of the only images that it reads; None where its processor scales them."""
    why_one_image: str = ""
    """Why it reads one image at a time, if it does."""
    images_in_front: bool = False
    """Whether its processor puts images in front of all text."""

    def check(self, turns: Messages, images: Sequence[Any], videos: Sequence[Any], audios: Sequence[Any]) -> None:
        """Make sure that the model can read what it is shown, in the order in which it is shown.

        Raises:
            ValueError: it cannot; the message says what, and goes on a sentence that begins with the document.
        """
        if videos or audios or (images and not self.sees_images):
            kinds = [kind for kind, media in (("images", images), ("videos", videos), ("audio", audios)) if media]
            raise ValueError(f"has {' and '.join(kinds)}, which {self.model} cannot read")
        size = self.fixed_size
        other = [image.size for image in images if size is not None and image.size != size]
        if size is not None and other:
            raise ValueError(
                f"shows an image of {other[0][0]} × {other[0][1]} pixels, and {self.model} reads {size[0]} × {size[1]} only (the "
                "miniatures that ship with this package read the tasks cmqa_mini… alone)"
            )
        if self.why_one_image and len(images) > 1:
            raise ValueError(f"shows {len(images)} images, and {self.model} reads one at a time ({self.why_one_image})")
        if self.images_in_front and images and not _begin_with_images(turns):
            raise ValueError(
                f"shows an image after text, and the processor of {self.model} puts images in front of all text: the order of "
                "the evidence would be lost"
            )


def _begin_with_images(turns: Messages) -> bool:
    """Whether no image comes after a text."""
    kinds = [part["type"] for turn in turns if not isinstance(turn["content"], str) for part in turn["content"]]
    return "text" not in kinds or "image" not in kinds[kinds.index("text") :]


FAILURES = (RuntimeError, ValueError, TypeError, AttributeError, LookupError, NotImplementedError, ImportError)
"""What models and processors raise when they do not fit what they are given."""


def trial_prompts(
    tokenizer: Any, chat: Chat, settings: str, image: Image | None, *, images: int, images_in_front: bool
) -> list[Prompt]:
    """Two prompts of different length, with so many images where there is one to show.

    Args:
        tokenizer: of the model.
        chat: renders them.
        settings: generation settings as JSON.
        image: to show; None for a model that sees none.
        images: how often it is shown.
        images_in_front: whether all of them come before the text.
    """
    prompts = []
    longer, shorter, question = _texts(tokenizer)
    shown = () if image is None else (image,) * images
    for number, text in enumerate((longer, shorter)):
        parts: list[dict[str, Any]] = [{"type": "text", "text": text}, {"type": "text", "text": question}]
        for place, picture in enumerate(shown):
            parts.insert(place if images_in_front else 1 + 2 * place, {"type": "image", "url": picture})
        turns = chat.turns([{"role": "user", "content": parts}])
        prompts.append(Prompt(number, chat.render(turns), 0, shown, settings, turns))
    return prompts


def _texts(tokenizer: Any) -> tuple[str, str, str]:
    """Three short texts that a tokenizer knows; the miniatures know few words."""
    texts = "The tin costs 4 dollars.", "It costs five.", "What does it cost?"
    unknown = tokenizer.unk_token_id
    if unknown is None or all(unknown not in tokenizer(text, add_special_tokens=False).input_ids for text in texts):
        return texts
    words = sorted(word for word in tokenizer.get_vocab() if word.isalpha() and word not in tokenizer.all_special_tokens)
    return " ".join(words[:4]), " ".join(words[:2]), " ".join(words[-3:])


def trouble(model: Any, error: Exception) -> str:
    """Why a model does not answer, in one line."""
    return f"{type(model).__name__} does not answer a short prompt: {type(error).__name__}: {one_line(error)}"
