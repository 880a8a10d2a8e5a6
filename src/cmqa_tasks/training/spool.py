"""Checked rows on disk, so that any of them can be fetched by its place while only numbers are kept in memory.

A chunk of a source becomes two files: ``NAME.rows``, its instances one after the other, and ``NAME.npz``, which says for each
where it lies, its group, its tokens and its bytes. The second is written last and renamed: a chunk is there whole or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cmqa_tasks.training.lengths import Lengths, Tokens
from cmqa_tasks.training.rows import Instance, Picture
from cmqa_tasks.writing.files import atomic

INDEX = np.dtype(
    [
        ("chunk", "i4"),  # which chunk it lies in
        ("offset", "i8"),  # its first byte there
        ("length", "i8"),
        ("tokens", "i4"),  # as a conversation of its own; -1, like the next two, where they were not counted
        ("moved", "i4"),  # the same with its system message as text of a turn
        ("prefix", "i4"),  # those before its first turn
        ("system", "i8"),  # a hash of its system message, 0 for none
        ("group", "i2"),  # index of its group
        ("source", "i2"),  # index of its source
        ("size", "i8"),  # bytes that it will take in a shard
    ]
)
"""What is kept in memory of an instance: 52 bytes."""
WHOLE = ".npz"
"""The ending of the file that says that a chunk is there whole."""
_OPEN_FILES = 256

Index = NDArray[np.void]


class SpoolWriter:
    """Writes the instances of one chunk. Call :meth:`close` with what there is to say of the chunk, or nothing is there.

    Args:
        stem: path of the chunk without its ending.
        embed: whether shards will hold the images of files too, so that these count in ``size``.
    """

    def __init__(self, stem: Path, *, embed: bool) -> None:
        self._stem, self._embed = stem, embed
        self._file: BinaryIO = stem.with_suffix(".rows").open("wb")
        self._entries: list[tuple[int, ...]] = []
        self._groups: dict[str, int] = {}
        self._offset = 0

    def add(self, instance: Instance, number: int, group: str, tokens: Tokens, source: int) -> None:
        """Append an instance, which is row ``number`` of its file."""
        blobs = [picture.data for picture in instance.pictures if picture.data is not None]
        head = {
            "row": number,
            "id": instance.id,
            "system": instance.system,
            "messages": instance.messages,
            "pictures": [[picture.path, picture.size, picture.data is not None] for picture in instance.pictures],
        }
        text = json.dumps(head, ensure_ascii=False).encode()
        record = b"".join((len(text).to_bytes(4, "little"), text, *blobs))
        self._file.write(record)
        files = sum(picture.size for picture in instance.pictures if picture.data is None) if self._embed else 0
        place = self._groups.setdefault(group, len(self._groups))
        lies = (0, self._offset, len(record))
        self._entries.append((*lies, *tokens, _number(instance.system), place, source, len(record) + files))
        self._offset += len(record)

    def close(self, about: dict[str, Any]) -> None:
        """Finish the chunk; ``about`` is kept with it."""
        self._file.close()
        description = json.dumps(about | {"groups": list(self._groups)}, ensure_ascii=False).encode()
        with atomic(self._stem.with_suffix(WHOLE), durable=False) as partial, partial.open("wb") as file:
            np.savez(file, index=np.array(self._entries, INDEX), about=np.frombuffer(description, np.uint8))


def _number(system: str | None) -> int:
    """A number for a system message, the same in every process."""
    return 0 if system is None else int.from_bytes(blake2b(system.encode(), digest_size=8).digest(), "little", signed=True)


def is_spooled(stem: Path) -> bool:
    """Whether a chunk is there whole."""
    return stem.with_suffix(WHOLE).is_file() and stem.with_suffix(".rows").is_file()  # a kill may have left either


@dataclass(frozen=True, slots=True)
class Spool:
    """All that was read, as far as it is kept in memory."""

    stems: tuple[Path, ...]
    """Paths of the chunks without their endings."""
    index: Index
    """Of all instances, in order."""
    groups: tuple[str, ...]
    """Names of the groups, sorted."""
    chunks: tuple[dict[str, Any], ...]
    """What each chunk is: ``file``, ``skipped``, ``groups``."""

    def lengths(self, shared: int) -> Lengths:
        """What its instances were counted with.

        Args:
            shared: tokens that the template puts before the first turn of a conversation without system message.
        """
        alone, moved, prefix, system = (self.index[name] for name in ("tokens", "moved", "prefix", "system"))
        return Lengths(alone, moved, prefix, system, shared)

    @property
    def skipped(self) -> list[dict[str, Any]]:
        """The rows that were skipped: ``file``, ``row``, ``field`` and ``problem`` of each."""
        return [row for chunk in self.chunks for row in chunk["skipped"]]


def load(stems: Sequence[Path]) -> Spool:
    """Load the index of these chunks, in this order."""
    parts, descriptions = [], []
    for chunk, stem in enumerate(stems):
        with np.load(stem.with_suffix(WHOLE)) as file:
            part = file["index"]
            descriptions.append(json.loads(file["about"].tobytes().decode()))
        part["chunk"] = chunk
        parts.append(part)
    groups = sorted({group for description in descriptions for group in description["groups"]})
    for part, description in zip(parts, descriptions, strict=True):
        places = np.array([groups.index(group) for group in description["groups"]], "i2")
        if len(part):
            part["group"] = places[part["group"]]
    return Spool(tuple(stems), np.concatenate([*parts, np.empty(0, INDEX)]), tuple(groups), tuple(descriptions))


class SpoolReader:
    """Fetches instances by their place.

    Args:
        stems: paths of the chunks without their endings, in the order of the index.
    """

    def __init__(self, stems: Sequence[Path]) -> None:
        self._stems = stems
        self._open: dict[int, BinaryIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> SpoolReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def fetch(self, entries: Index) -> Iterator[tuple[int, Instance]]:
        """The instances of these index entries, in this order, each with the number of its row."""
        for chunk, offset, length in zip(*(entries[name].tolist() for name in ("chunk", "offset", "length")), strict=True):
            yield _decoded(os.pread(self._file(chunk).fileno(), length, offset))

    def _file(self, chunk: int) -> BinaryIO:
        if chunk not in self._open:
            if len(self._open) >= _OPEN_FILES:
                self._stack.close()
                self._open.clear()
            self._open[chunk] = self._stack.enter_context(self._stems[chunk].with_suffix(".rows").open("rb", buffering=0))
        return self._open[chunk]


def _decoded(record: bytes) -> tuple[int, Instance]:
    end = 4 + int.from_bytes(record[:4], "little")
    head = json.loads(record[4:end].decode())
    pictures = []
    for path, size, held in head["pictures"]:
        pictures.append(Picture(path, record[end : end + size] if held else None, size))
        end += size if held else 0
    return head["row"], Instance(head["system"], head["messages"], pictures, head["id"])
