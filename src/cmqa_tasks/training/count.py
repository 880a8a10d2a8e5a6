"""How many tokens an instance takes in a model's prompt: its own chat template, its own tokenizer, its own image processor.

Texts are rendered and tokenized for real. Of an image only its size is read, for what it takes depends on nothing else: the real
processor is shown a blank image of each new size, unless it can say the number by itself, which is believed after it was right
about sizes of several shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError
from PIL import Image, UnidentifiedImageError

from cmqa_tasks.training.examples import conversation, with_system_moved
from cmqa_tasks.training.formats.fields import FieldError
from cmqa_tasks.training.lengths import Tokens
from cmqa_tasks.training.rows import Instance, Message, Picture
from cmqa_tasks.training.tars import open_image
from cmqa_tasks.writing.problems import one_line

_ROTATED = (5, 6, 7, 8)
"""Values of the EXIF orientation under which loaders swap width and height."""
_ORIENTATION = 0x0112
_PROBED_SIZES = ((64, 64), (640, 480), (333, 500), (1600, 300), (28, 900))
"""Widths and heights on which a processor's own word is checked."""
_REFUSALS = (ValueError, RuntimeError, ArithmeticError)
"""What processors raise, some from deep inside, at a size that they cannot take."""
_TURN: list[Message] = [
    {"role": "user", "content": [{"type": "text", "text": "One?"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "Two."}]},
]


class CountError(ValueError):
    """Tokens cannot be counted with this model; the message says why."""


class Counter:
    """Counts with a processor or tokenizer.

    Args:
        processor: of transformers, with a chat template; a tokenizer counts texts alone.
        name: what errors call it.

    Attributes:
        shared: tokens that the template puts before the first turn of a conversation without system message; an example has them
            once however many instances it joins.

    Raises:
        CountError: it has no chat template.
    """

    def __init__(self, processor: Any, name: str) -> None:
        from cmqa_tasks.attention.probe.token_origins import lacks_special_tokens  # needs torch; mixing without counting does not

        if not getattr(processor, "chat_template", None):
            raise CountError(f"{name} has no chat template, so tokens cannot be counted")
        self._processor, self._name = processor, name
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self._sees_images = self._tokenizer is not processor
        self._adds_special_tokens = lacks_special_tokens(processor, self._rendered([_TURN])[0])
        self._by_size: dict[tuple[int, int], int] = {}
        self._tells_itself = self._sees_images and all(self._told(size) == self._shown(size) for size in _PROBED_SIZES)
        media = {getattr(processor, f"{medium}_token_id", None) for medium in ("image", "video", "audio")}
        self._media = [token for token in media if isinstance(token, int)] if self._sees_images else []
        shown = [{"role": "user", "content": [{"type": "image"}]}]
        self._media_of_an_image = self._media_in(self._ids([shown])[0]) if self._sees_images else 0
        once, twice = self._texts([_TURN, _TURN + _TURN])
        self._turn, self.shared = twice - once, 2 * once - twice

    def count(self, instances: Sequence[Instance]) -> list[Tokens | FieldError]:
        """Tokens of each instance, in every form that an example may give it, or why they cannot be counted."""
        try:
            return self._count(instances)
        except TemplateError as error:
            if len(instances) > 1:
                half = len(instances) // 2
                return self.count(instances[:half]) + self.count(instances[half:])
            field = "messages" if instances[0].system is None else "system"
            return [FieldError(field, f"the chat template of {self._name} refuses this row: {one_line(error)}")]

    def _count(self, instances: Sequence[Instance]) -> list[Tokens | FieldError]:
        led = [instance for instance in instances if instance.system is not None]
        alone = self._ids([conversation(instance.system, instance.messages) for instance in instances])
        moved = iter(self._texts([with_system_moved(instance) for instance in led]))
        prefixes = self._prefixes({instance.system for instance in led})
        counted: list[Tokens | FieldError] = []
        for instance, ids in zip(instances, alone, strict=True):
            text = Tokens(len(ids), len(ids), self.shared)
            if instance.system is not None:
                text = Tokens(len(ids), next(moved), prefixes[instance.system])
            counted.append(self._refused_media(instance, ids) or self._with_images(instance, text))
        return counted

    def _refused_media(self, instance: Instance, ids: Sequence[int]) -> FieldError | None:
        """Why a text cannot be trained on that spells a token which the model replaces by an image, a video or a sound."""
        more = self._media_in(ids) - self._media_of_an_image * len(instance.pictures)
        if not self._sees_images or more == 0:
            return None
        spelt = ", ".join(self._tokenizer.convert_ids_to_tokens([token for token in self._media if token in ids]))
        return FieldError(
            "messages", f"{more} more tokens of media ({spelt}) than {self._name} writes for its images: spelt in a text"
        )

    def _media_in(self, ids: Sequence[int]) -> int:
        return sum(map(ids.count, self._media))

    def _prefixes(self, systems: Iterable[str | None]) -> dict[str | None, int]:
        """Tokens before the first turn when these system messages lead."""
        distinct = list(systems)
        whole = self._texts([conversation(system, _TURN) for system in distinct])
        return {system: tokens - self._turn for system, tokens in zip(distinct, whole, strict=True)}

    def _with_images(self, instance: Instance, text: Tokens) -> Tokens | FieldError:
        if instance.pictures and not self._sees_images:
            return FieldError("images", f"{self._name} reads texts alone")
        try:
            images = sum(self._image(picture, place) for place, picture in enumerate(instance.pictures))
        except FieldError as error:
            return error
        return text._replace(alone=text.alone + images, moved=text.moved + images)

    def _texts(self, conversations: Sequence[Sequence[Message]]) -> list[int]:
        """Tokens of rendered conversations, with one placeholder per image."""
        return list(map(len, self._ids(conversations)))

    def _ids(self, conversations: Sequence[Sequence[Message]]) -> list[list[int]]:
        """The tokens themselves."""
        if not conversations:
            return []
        rendered = self._rendered(conversations)
        ids: list[list[int]] = self._tokenizer(rendered, add_special_tokens=self._adds_special_tokens)["input_ids"]
        return ids

    def _rendered(self, conversations: Sequence[Sequence[Message]]) -> list[str]:
        given = conversations if self._sees_images else [list(map(_flat, messages)) for messages in conversations]
        texts: list[str] = self._processor.apply_chat_template(list(given), tokenize=False)
        return texts

    def _image(self, picture: Picture, place: int) -> int:
        """Tokens that an image takes beyond its placeholder's."""
        size = size_of(picture, f"images.{place}")
        if size not in self._by_size:
            try:
                self._by_size[size] = self._told(size) if self._tells_itself else self._shown(size)
            except _REFUSALS as error:
                refused = f"{self._name} takes no image of {size[0]} x {size[1]} pixels: {one_line(error)}"
                raise FieldError(f"images.{place}", refused) from None
        return self._by_size[size]

    def _told(self, size: tuple[int, int]) -> int:
        """What transformers' processors answer to inference engines; -1 from one that does not.

        Their answer counts what replaces the placeholder, whose own token goes.
        """
        tell = getattr(self._processor, "_get_num_multimodal_tokens", None)
        if tell is None:
            return -1
        width, height = size
        return int(tell(image_sizes=[(height, width)]).num_image_tokens[0]) - 1

    def _shown(self, size: tuple[int, int]) -> int:
        message = {"role": "user", "content": [{"type": "image"}]}
        text: str = self._processor.apply_chat_template([message], tokenize=False)
        whole = self._processor(text=[text], images=[[Image.new("RGB", size)]], add_special_tokens=False)["input_ids"][0]
        return len(whole) - len(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _flat(message: Message) -> Message:
    """With a string for content, as templates of text models, and training, have it."""
    return message | {"content": "".join(part.get("text", "") for part in message["content"])}


def size_of(picture: Picture, field: str) -> tuple[int, int]:
    """Width and height of an image as loaders show it, without decoding its pixels.

    Raises:
        FieldError: it cannot be read as an image.
    """
    try:
        with open_image(picture) as file, Image.open(file) as image:
            width, height = image.size
            # A PNG without such a record before its pixels would be decoded to look for one after them.
            described = image.format != "PNG" or "exif" in image.info
            rotated = described and image.getexif().get(_ORIENTATION) in _ROTATED
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise FieldError(field, f"cannot be read as an image: {error}") from None
    return (height, width) if rotated else (width, height)


@lru_cache(maxsize=1)
def counter(model: str, revision: str | None) -> Counter:
    """The counter of a model, by hub id or directory. Loaded once in a process.

    Raises:
        CountError: there is no such model, or transformers is not installed.
    """
    try:
        from transformers import AutoProcessor
    except ModuleNotFoundError as error:
        raise CountError("counting tokens needs transformers: pip install 'cmqa-tasks[train]'") from error
    try:
        processor = AutoProcessor.from_pretrained(model, revision=revision or "main")
    except (OSError, ValueError) as error:
        raise CountError(f"--model {model}: no processor or tokenizer: {one_line(error)}") from error
    return Counter(processor, model)
