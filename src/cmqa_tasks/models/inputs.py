"""Prompts and images as the tensors that a model is given, whatever its processor wants to be called with.

Processors differ: some take the images of each prompt as a list, some only one list for all; some put the image tokens into the
text themselves; some tell token types only when asked. Which way works is found out once, with a first batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL.Image import Image
from PIL.Image import new as new_image

from cmqa_tasks.attention.probe.segments import Origins, process
from cmqa_tasks.attention.probe.token_origins import lacks_special_tokens
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
