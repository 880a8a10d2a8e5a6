"""WebDataset shards: tar files whose neighbouring members of one name are a row, such as ``7.json``, ``7.0.png`` and ``7.1.png``.

The JSON is a row of any form. Its ``images`` may name members; without them, the row has all images of its name, in their order.
Images are not copied: they are known by address (``tar://7.0.png::/data/shard.tar``), which fsspec and datasets open.
"""

from __future__ import annotations

import errno
import io
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import IO, Any, NamedTuple

from cmqa_tasks.training.chunks import CHUNK_BYTES, CHUNK_ROWS, Broken, SourceError, parsed
from cmqa_tasks.training.places import is_address, opened
from cmqa_tasks.training.rows import Picture
from cmqa_tasks.writing.problems import one_line

IMAGES = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff")
"""What members that are images end in."""
_SCHEME = "tar://"
_NAMING = ("images", "image", "image_url", "url", "path")
"""Fields of rows, and of content parts, that name images."""


class Member(NamedTuple):
    """A file in a tar file."""

    name: str
    offset: int
    """Its first byte."""
    size: int

    @property
    def key(self) -> str:
        """The name of its row: up to the first dot of the last part of its path."""
        directory, name = os.path.split(self.name)
        return os.path.join(directory, name.split(".", 1)[0])

    @property
    def ending(self) -> str:
        """What follows the name of its row."""
        return self.name[len(self.key) + 1 :]

    @property
    def is_image(self) -> bool:
        """Whether its name is that of an image."""
        return self.ending.rsplit(".", 1)[-1].lower() in IMAGES


@dataclass(frozen=True, slots=True)
class TarChunk:
    """Neighbouring rows of a tar file."""

    file: str
    root: str
    members: tuple[tuple[Member, ...], ...]
    """Of each row."""
    first: int
    """Number of its first row."""

    def rows(self) -> Iterator[tuple[int, object]]:
        """The rows, their images as pictures."""
        with opened(self.file) as file:
            for number, members in enumerate(self.members, start=self.first):
                texts = [member for member in members if member.ending == "json"]
                others = [member.name for member in members if not member.is_image and member.ending != "json"]
                if len(texts) != 1 or others:
                    problem = f"{members[0].key} must have one member .json and images"
                    yield number, Broken(f"{problem}, and has {', '.join(member.name for member in members)}")
                    continue
                file.seek(texts[0].offset)
                yield number, self._with_images(parsed(file.read(texts[0].size)), members)

    def _with_images(self, row: object, members: Sequence[Member]) -> object:
        if not isinstance(row, Mapping):
            return row
        images = [member for member in members if member.is_image]
        pictures = {member: self._picture(member) for member in images}
        by_name = {name: pictures[member] for member in images for name in _names(member)}
        used: list[Picture] = []
        filled = {"id": members[0].key} | {key: _resolved(value, by_name, key in _NAMING, used) for key, value in row.items()}
        if not used and not any(filled.get(name) for name in ("images", "image")):
            return filled | {"images": list(pictures.values())}
        left = [member.name for member in images if pictures[member] not in used]
        return Broken(f"the row names other images, and not its members {', '.join(left)}") if left else filled

    def _picture(self, member: Member) -> Picture:
        file = self.file if is_address(self.file) else os.path.abspath(self.file)
        return Picture(f"{_SCHEME}{member.name}::{file}", None, member.size)


def _names(member: Member) -> tuple[str, ...]:
    """What a row may call a member."""
    return member.name, os.path.basename(member.name), member.ending


def _resolved(value: Any, by_name: Mapping[str, Picture], names_image: bool, used: list[Picture]) -> Any:
    """A value of a row with pictures in place of the names of members, wherever a field names images."""
    if isinstance(value, Mapping):
        return {key: _resolved(entry, by_name, key in _NAMING, used) for key, entry in value.items()}
    if isinstance(value, list):
        return [_resolved(entry, by_name, names_image, used) for entry in value]
    if not (names_image and isinstance(value, str) and value in by_name):
        return value
    used.append(by_name[value])
    return by_name[value]


def tar_chunks(file: str, root: str) -> Iterator[TarChunk]:
    """Cut a tar file into chunks; its headers alone are read.

    Raises:
        SourceError: it is no tar file, or damaged.
    """
    waiting: list[tuple[Member, ...]] = []
    first, size = 1, 0
    for _, group in groupby(_members(file), key=lambda member: member.key):
        waiting.append(tuple(group))
        size += sum(member.size for member in waiting[-1])
        if len(waiting) == CHUNK_ROWS or size >= CHUNK_BYTES:
            yield TarChunk(file, root, tuple(waiting), first)
            waiting, first, size = [], first + len(waiting), 0
    if waiting:
        yield TarChunk(file, root, tuple(waiting), first)


def open_image(picture: Picture) -> IO[bytes]:
    """An encoded image, open for reading, wherever it is.

    Raises:
        OSError: the file, or its member, has gone.
    """
    if picture.data is not None:
        return io.BytesIO(picture.data)
    path = str(picture.path)
    if not path.startswith(_SCHEME):
        return open(path, "rb")
    name, file = path.removeprefix(_SCHEME).split("::", 1)
    member = _index(file).get(name)
    if member is None:
        raise FileNotFoundError(errno.ENOENT, "no such member", path)
    with opened(file) as stored:
        stored.seek(member.offset)
        return io.BytesIO(stored.read(member.size))


@lru_cache(maxsize=64)
def _index(file: str) -> dict[str, Member]:
    return {member.name: member for member in _members(file)}


def _members(file: str) -> Iterator[Member]:
    try:
        with opened(file) as stored, tarfile.open(fileobj=stored, mode="r:") as archive:
            while (member := archive.next()) is not None:
                if member.isfile():
                    yield Member(member.name, member.offset_data, member.size)
                archive.members = []  # type: ignore[attr-defined]  # or it would keep every header
    except tarfile.TarError as error:
        raise SourceError(f"{file}: damaged or no tar file: {one_line(error)}") from error
