"""Training sets in the forms of other trainers: a row each, and the files that go with them.

``swift``         ms-swift: JSON lines of ``messages`` with ``<image>`` in their texts, and ``images``
``llamafactory``  LLaMA-Factory: the same rows, and a ``dataset_info.json`` that describes them
``qwen-vl``       Qwen-VL's own fine-tuning: JSON lines of ``conversations`` and ``image``; it knows no system message
``webdataset``    tar files, each example its JSON and its images

In JSON, images are paths; those that came as bytes, or lie in tar files, become files of ``images/``, named by what they hold.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image

from cmqa_tasks.training.examples import Example
from cmqa_tasks.training.formats.markers import PLACEHOLDER
from cmqa_tasks.training.rows import Message, Picture
from cmqa_tasks.training.tars import open_image
from cmqa_tasks.writing.files import atomic, write_text

IMAGES, NAME = "images", "cmqa_mix"
DATASET_INFO = {
    NAME: {
        "file_name": "train",
        "formatting": "sharegpt",
        "columns": {"messages": "messages", "images": "images"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
}
"""``dataset_info.json`` of LLaMA-Factory: ``dataset_dir`` is the training set, ``dataset`` is ``cmqa_mix``."""
_ENDINGS = {"jpeg": "jpg", "tiff": "tif"}


def write_rows(path: Path, examples: Iterable[Example], form: str, images: Callable[[Picture], str]) -> None:
    """Write examples as JSON lines.

    Args:
        path: the file.
        examples: what to write.
        form: ``swift``, ``llamafactory`` or ``qwen-vl``.
        images: the path of an image.
    """
    row = _qwen_row if form == "qwen-vl" else _swift_row
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            written = row(example, [images(picture) for picture in example.pictures])
            file.write(json.dumps(written, ensure_ascii=False) + "\n")


def _swift_row(example: Example, images: list[str]) -> dict[str, Any]:
    messages = [{"role": message["role"], "content": _text(message)} for message in example.messages]
    return {"messages": messages, "images": images, "provenance": [origin._asdict() for origin in example.origins]}


def _qwen_row(example: Example, images: list[str]) -> dict[str, Any]:
    first, *others = example.messages
    turns = [(message["role"], _text(message)) for message in (others if first["role"] == "system" else example.messages)]
    if first["role"] == "system":
        turns[0] = (turns[0][0], f"{_text(first)}\n\n{turns[0][1]}")
    names = {"user": "human", "assistant": "gpt"}
    row: dict[str, Any] = {"image": images} if images else {}
    return row | {"conversations": [{"from": names[role], "value": text} for role, text in turns]}


def _text(message: Message) -> str:
    """Content as one text, each image a placeholder on a line of its own, as these trainers' own data has it."""
    text = ""
    for before, part in zip([None, *message["content"]], message["content"], strict=False):
        kinds = (before["type"] if before else None, part["type"])
        text += "\n" if kinds in (("image", "text"), ("text", "image")) else ""
        text += PLACEHOLDER if part["type"] == "image" else part["text"]
    return text


def path_of(picture: Picture, directory: Path, final: Path, *, copy: bool) -> str:
    """The path of an image file: its own, or that of a copy in ``images/``.

    Args:
        picture: the image.
        directory: where the training set is being written.
        final: where it will be.
        copy: whether images that are files are copied, too.
    """
    if picture.data is None and not copy and "://" not in str(picture.path):
        return str(picture.path)
    data, ending = encoded(picture)
    name = f"{IMAGES}/{sha256(data).hexdigest()[:32]}.{ending}"
    target = directory / name
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic(target, durable=False) as partial:
            partial.write_bytes(data)
    return str(final / name)


def encoded(picture: Picture) -> tuple[bytes, str]:
    """The bytes of an image, and the ending of its format.

    Raises:
        OSError: it cannot be read as an image; the error names it.
    """
    with open_image(picture) as file:
        data = file.read()
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind = str(image.format).lower()
    except OSError as error:
        raise OSError(f"{picture.path or 'an image that came as bytes'}: {error}") from error
    return data, _ENDINGS.get(kind, kind)


def write_tar(path: Path, examples: Iterable[Example], shard: str) -> None:
    """Write examples as a shard of WebDataset, the same bytes for the same examples."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for number, example in enumerate(examples):
            for name, content in _members(example):
                about = tarfile.TarInfo(f"{shard}-{number:06d}.{name}")
                about.size = len(content)
                archive.addfile(about, io.BytesIO(content))


def _members(example: Example) -> Iterator[tuple[str, bytes]]:
    images = {f"{place}.{ending}": data for place, (data, ending) in enumerate(map(encoded, example.pictures))}
    provenance = [origin._asdict() for origin in example.origins]
    row: Mapping[str, Any] = {"messages": example.messages, "images": list(images), "provenance": provenance}
    yield "json", json.dumps(row, ensure_ascii=False).encode()
    yield from images.items()


def write_beside(directory: Path, form: str) -> None:
    """Write what a trainer needs beside the shards."""
    if form == "llamafactory":
        write_text(directory / "dataset_info.json", json.dumps(DATASET_INFO, indent=2) + "\n")
