"""The images of the page: each once, as large as the room allows, the same way for all.

A page that a browser drew is small as it is (lossless WebP, 10 kB). Where there is no room for that, all are scaled down and
encoded with loss; at 320 pixels the release's pages can still be read. Where even that is too much, the last ones are left out,
and counted.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from cmqa_tasks.facts.records import Piece, evidence_id
from cmqa_tasks.facts.release import Release
from cmqa_tasks.reports.page.pictures import Picture, Size, text

SIZES = (Size(None, 100), Size(480, 10), Size(400, 10), Size(400, 5), Size(360, 5), Size(320, 5))
"""From the best to the smallest."""
_TRIED = 32
"""Images by which a size is judged before all are encoded."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The images in their order; an empty text where one was left out."""

    texts: tuple[str, ...]
    size: Size
    missing: int


class Album:
    """Images by number; one that several items show is kept once."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], int] = {}
        self._siblings: dict[tuple[str, str, str, int], int] = {}
        self._found: list[Picture] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, release: Release, fact: str, piece: Piece) -> int:
        """The number of a piece's image."""
        key = release.fingerprint, evidence_id(fact, piece.side, piece.modality, piece.language, piece.variant)
        if key not in self._places:
            number = self._places[key] = len(self._found)
            sibling = self._siblings.setdefault((release.fingerprint, fact, piece.language, piece.variant), number)
            below = (self._found[sibling], sibling) if sibling != number else (None, -1)
            self._found.append(Picture(release, fact, piece, *below))
        return self._places[key]

    def encoded(self, count: int, room: int) -> Encoded:
        """The first images in the best size for which all fit; else the smallest one, without those that do not fit.

        Args:
            count: how many images, from the first.
            room: characters that their texts may take, a line break each included.

        Raises:
            cmqa_tasks.facts.release.ReleaseError: an image cannot be decoded.
        """
        wanted = self._found[:count]
        tried = random.Random(0).sample(wanted, min(count, _TRIED))
        for size in SIZES[:-1]:
            if _length(_texts(tried, size)) * count <= room * len(tried):
                texts = _texts(wanted, size)
                if _fitting(texts, room) == count:
                    return Encoded(texts, size, 0)
        texts = _texts(wanted, SIZES[-1])
        fitting = _fitting(texts, room)
        return Encoded(texts[:fitting] + ("",) * (count - fitting), SIZES[-1], count - fitting)


def _texts(pictures: Sequence[Picture], size: Size) -> tuple[str, ...]:
    with ThreadPoolExecutor() as pool:  # Pillow encodes without holding Python's lock
        return tuple(pool.map(partial(text, size), pictures))


def _length(texts: Sequence[str]) -> int:
    return sum(len(one) + 1 for one in texts)


def _fitting(texts: Sequence[str], room: int) -> int:
    """How many, from the first, there is room for."""
    for place, one in enumerate(texts):
        room -= len(one) + 1
        if room < 0:
            return place
    return len(texts)
