"""The toy world: twelve people, six colours, and three ways of recording who has which.

A *picture* shows a person as a region of glyphs in that person's colour, as an object covers many patches of a photograph; a
*note* is a line of words, English or Chinese. The two languages share no word, and Chinese notes name the colour first. Questions
and answers use words of their own, as tokenizers of real models have tokens of their own for ``ada``, ``Ada`` and ``Ada?``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Kind = Literal["image", "en", "zh"]
"""How a piece of evidence is written."""
Language = Literal["en", "zh"]
Facts: TypeAlias = Sequence[tuple[int, int]]
"""(person, colour) pairs, as places in :data:`NAMES` and :data:`COLOURS`."""
Pixels: TypeAlias = npt.NDArray[np.uint8]

LANGUAGES: tuple[Language, ...] = ("en", "zh")
KINDS: tuple[Kind, ...] = ("image", "en", "zh")
COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
"""As :data:`cmqa_tasks.facts.records.CANONICAL_FORMS` writes colours."""
NAMES: Mapping[Language, tuple[str, ...]] = {
    "en": ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo", "Jada", "Kim", "Leo"),
    "zh": ("艾达", "本", "克莉", "丹", "伊芙", "芬恩", "格斯", "花娜", "伊沃", "佳达", "金", "利奥"),
}
PEOPLE = len(NAMES["en"])

_RGB = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (255, 255, 255))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    note: str
    """Begins a note."""
    colours: tuple[str, ...]
    """As notes write them."""
    ask: str
    """Begins a question."""
    asked: str
    """What a name in a question ends in."""
    answers: tuple[str, ...]
    """The colours as answers."""
    conflict: str
    """The answer where two pieces contradict each other."""
    colour_first: bool


WORDS: Mapping[Language, Words] = {
    "en": Words("Note", COLOURS, "Colour", "?", tuple(map(str.capitalize, COLOURS)), "Conflict", colour_first=False),
    "zh": Words(
        "便条",
        ("红色", "绿色", "蓝色", "黄色", "紫色", "白色"),
        "颜色",
        "？",
        ("红", "绿", "蓝", "黄", "紫", "白"),
        "矛盾",
        colour_first=True,
    ),
}
PICTURE = "Picture"
"""Stands before an image."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """How pictures are drawn: a square grid of cells, cut into bands of as many cells each."""

    grid: int = 4
    """Cells in a row and in a column; a cell is a patch of the vision tower, and so a token of the language model."""
    bands: int = 2
    """Bands, one below the other; each shows one person, in every one of its cells. Divides the number of cells."""
    cell: int = 8
    """Pixels of a cell's side."""
    noise: float = 0.05
    """Standard deviation of the noise of each pixel, of 1."""

    @property
    def side(self) -> int:
        """Pixels of a picture's side."""
        return self.grid * self.cell

    @property
    def cells(self) -> int:
        """Cells of a picture."""
        return self.grid**2

    def draw(self, pictures: Sequence[Facts], rng: np.random.Generator) -> Pixels:
        """Pictures of facts, each person in a band of their own; what is left over shows a glyph that means nobody.

        Args:
            pictures: the facts of each picture, in any order; at most as many as there are bands.
            rng: chooses the bands, and draws what has no meaning.

        Returns:
            uint8, (pictures, side, side, 3).

        Raises:
            ValueError: more facts than bands.
        """
        count = len(pictures)
        if (most := max(map(len, pictures), default=0)) > self.bands:
            raise ValueError(f"{most} facts in a picture of {self.bands} bands")
        shapes = _strangers(count * self.bands, rng).reshape(count, self.bands, _GLYPH, _GLYPH)
        colours = rng.integers(0, len(COLOURS), (count, self.bands))
        places = rng.random((count, self.bands)).argsort(1)
        for number, facts in enumerate(pictures):
            for band, (person, colour) in zip(places[number], facts, strict=False):
                shapes[number, band] = glyphs()[person]
                colours[number, band] = colour
        width = self.cells // self.bands
        return self._ink(shapes.repeat(width, 1), colours.repeat(width, 1), rng)

    def _ink(self, shapes: npt.NDArray[np.bool_], colours: npt.NDArray[np.int64], rng: np.random.Generator) -> Pixels:
        """Pictures from the glyph, (pictures, cells, 6, 6), and the colour, (pictures, cells), of each cell."""
        count = len(shapes)
        ink = np.zeros((count, self.cells, self.cell, self.cell), bool)
        shift = rng.integers(0, self.cell - _GLYPH + 1, (count, self.cells, 2))
        rows, columns = (shift[..., axis, None] + np.arange(_GLYPH) for axis in (0, 1))
        picture, band = np.ogrid[:count, : self.cells]
        ink[picture[..., None, None], band[..., None, None], rows[..., :, None], columns[..., None, :]] = shapes
        cells = ink[..., None] * np.asarray(_RGB, np.float32)[colours][:, :, None, None, :]
        cells += 255 * self.noise * rng.standard_normal(cells.shape, dtype=np.float32)
        grid = cells.reshape(count, self.grid, self.grid, self.cell, self.cell, 3).swapaxes(2, 3)
        pixels = grid.reshape(count, self.side, self.side, 3) / _STEP
        return (pixels.round().clip(0, 255 // _STEP) * _STEP).astype(np.uint8)


_STEP = 17
"""Pixels are multiples of it: noise in full depth would make files four times as large and show nothing more."""
_GLYPH = 6
_GLYPH_SEED = 1234


@cache
def glyphs() -> npt.NDArray[np.bool_]:
    """The people's glyphs, (people, 6, 6): symmetric, of middling weight, all different."""
    rng = np.random.default_rng(_GLYPH_SEED)
    drawn: list[npt.NDArray[np.bool_]] = []
    while len(drawn) < PEOPLE:
        glyph = _strangers(1, rng)[0]
        if 12 <= glyph.sum() <= 26 and not any((glyph == other).all() for other in drawn):
            drawn.append(glyph)
    return np.stack(drawn)


def _strangers(count: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Random symmetric glyphs, (count, 6, 6)."""
    half = rng.random((count, _GLYPH, _GLYPH // 2)) < 0.5
    return np.concatenate([half, half[..., ::-1]], -1)


def note(language: Language, facts: Facts) -> list[str]:
    """The words of a note, the facts in the order given."""
    words, names = WORDS[language], NAMES[language]
    line = [words.note]
    for person, colour in facts:
        pair = [names[person], words.colours[colour]]
        line += pair[::-1] if words.colour_first else pair
    return line


def question(language: Language, person: int) -> list[str]:
    """The words of the question for a person's colour."""
    return [WORDS[language].ask, NAMES[language][person] + WORDS[language].asked]


def answer(language: Language, colour: int | None) -> str:
    """The word for a colour, or for a contradiction where there is none."""
    words = WORDS[language]
    return words.conflict if colour is None else words.answers[colour]


def vocabulary() -> list[str]:
    """Every word of the world, each once."""
    words_known = [PICTURE]
    for language, words in WORDS.items():
        names_asked = [name + words.asked for name in NAMES[language]]
        words_known += [words.note, words.ask, words.conflict, *words.colours, *words.answers, *NAMES[language], *names_asked]
    return words_known
