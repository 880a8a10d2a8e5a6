"""The images of the page: each once, as large as the room allows, the same way for all.

A page that a browser drew is small as it is (lossless WebP, 10 kB). Where there is no room for that, all are scaled down and
encoded with loss; at 320 pixels the release's pages can still be read. Where even that is too much, the last ones are left out,
and counted.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from PIL import Image, UnidentifiedImageError

from cmqa_tasks.records import Piece, evidence_id
from cmqa_tasks.release import Release, ReleaseError
from cmqa_tasks.webpage import pack

_FORMATS = {"WEBP": "image/webp", "PNG": "image/png", "JPEG": "image/jpeg"}
"""What browsers show, by Pillow's names; anything else is encoded anew."""
_TRIED = 32
"""Images by which a size is judged before all are encoded."""
_METHOD = 4


@dataclass(frozen=True, slots=True)
class Size:
    """One way to encode all images."""

    width: int | None
    """Pixels; None leaves an image as it is."""
    quality: int

    @property
    def words(self) -> str:
        """For people."""
        return "as in the release" if self.width is None else f"at most {self.width} pixels wide, WebP of quality {self.quality}"


SIZES = (Size(None, 100), Size(480, 10), Size(400, 10), Size(360, 5), Size(320, 5))
"""From the best to the smallest."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The images in their order; an empty text where one was left out."""

    texts: tuple[str, ...]
    size: Size
    missing: int


@dataclass(frozen=True, slots=True)
class _Picture:
    """Where an image is."""

    release: Release
    fact: str
    piece: Piece


class Album:
    """Images by number; one that several items show is kept once."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], int] = {}
        self._found: list[_Picture] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, release: Release, fact: str, piece: Piece) -> int:
        """The number of a piece's image."""
        key = release.fingerprint, evidence_id(fact, piece.side, piece.modality, piece.language, piece.variant)
        if key not in self._places:
            self._places[key] = len(self._found)
            self._found.append(_Picture(release, fact, piece))
        return self._places[key]

    def encoded(self, count: int, room: int) -> Encoded:
        """The first images in the best size for which all fit; else the smallest one, without those that do not fit.

        Args:
            count: how many images, from the first.
            room: characters that their texts may take, a line break each included.

        Raises:
            ReleaseError: an image cannot be decoded.
        """
        wanted = self._found[:count]
        tried = wanted[:: max(1, count // _TRIED)]
        for size in SIZES[:-1]:
            if _length(_texts(tried, size)) * count <= room * len(tried):
                texts = _texts(wanted, size)
                if _fitting(texts, room) == count:
                    return Encoded(texts, size, 0)
        texts = _texts(wanted, SIZES[-1])
        fitting = _fitting(texts, room)
        return Encoded(texts[:fitting] + ("",) * (count - fitting), SIZES[-1], count - fitting)


def _texts(pictures: Sequence[_Picture], size: Size) -> tuple[str, ...]:
    with ThreadPoolExecutor() as pool:  # Pillow encodes without holding Python's lock
        return tuple(pool.map(partial(_text, size), pictures))


def _length(texts: Sequence[str]) -> int:
    return sum(len(text) + 1 for text in texts)


def _fitting(texts: Sequence[str], room: int) -> int:
    """How many, from the first, there is room for."""
    for place, text in enumerate(texts):
        room -= len(text) + 1
        if room < 0:
            return place
    return len(texts)


def _text(size: Size, picture: _Picture) -> str:
    data = picture.release.image(picture.fact, picture.piece)
    try:
        with Image.open(io.BytesIO(data)) as image:
            if size.width is None and image.format in _FORMATS:
                return pack.image(data, _FORMATS[image.format])
            return pack.image(_smaller(image.convert("RGB"), size), _FORMATS["WEBP"])
    except (UnidentifiedImageError, OSError) as error:
        raise ReleaseError(
            f"an image of fact {picture.fact} in release {picture.release.name!r} cannot be decoded: {error}"
        ) from error


def _smaller(image: Image.Image, size: Size) -> bytes:
    if size.width is not None and image.width > size.width:
        height = max(1, round(image.height * size.width / image.width))
        image = image.resize((size.width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=size.quality, method=_METHOD)
    return buffer.getvalue()
