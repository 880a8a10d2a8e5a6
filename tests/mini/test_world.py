"""The toy world: its words, its glyphs and its pictures."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.mini.world import COLOURS, KINDS, NAMES, PEOPLE, WORDS, Canvas, answer, glyphs, note, question, vocabulary


def test_every_word_is_one_of_its_own() -> None:
    words = vocabulary()
    assert len(words) == len(set(words))
    assert not any(" " in word for word in words)
    english = {*note("en", [(0, 1)]), *question("en", 0), answer("en", 1), answer("en", None)}
    assert not english & {*note("zh", [(0, 1)]), *question("zh", 0), answer("zh", 1), answer("zh", None)}
    assert english <= set(words)


def test_glyphs_differ() -> None:
    shapes = glyphs()
    assert len({shape.tobytes() for shape in shapes}) == PEOPLE == len(NAMES["zh"])
    assert (shapes == shapes[..., ::-1]).all()


@given(seed=st.integers(0, 10_000), facts=st.integers(0, 2))
def test_a_picture_shows_its_facts_and_no_other(seed: int, facts: int) -> None:
    """Every cell is read by looking for the people's glyphs at every shift."""
    canvas = Canvas(noise=0.05)
    rng = random.Random(seed)
    shown = [(person, rng.randrange(len(COLOURS))) for person in rng.sample(range(PEOPLE), facts)]
    picture = canvas.draw([shown], np.random.default_rng(seed))[0]
    assert picture.shape == (canvas.side, canvas.side, 3)
    people = [_read(cell) for cell in _cells(canvas, picture)]
    width = canvas.cells // canvas.bands
    bands = [people[start : start + width] for start in range(0, canvas.cells, width)]
    assert all(len(set(band)) == 1 for band in bands)
    assert sorted(band[0] for band in bands if band[0] is not None) == sorted(shown)


def _cells(canvas: Canvas, picture: Any) -> list[Any]:
    size = canvas.cell
    return [
        picture[row * size : (row + 1) * size, column * size : (column + 1) * size]
        for row in range(canvas.grid)
        for column in range(canvas.grid)
    ]


def _read(cell: Any) -> tuple[int, int] | None:
    ink = cell.max(-1) > 127
    for person, glyph in enumerate(glyphs()):
        for row in range(3):
            for column in range(3):
                whole = np.zeros_like(ink)
                whole[row : row + 6, column : column + 6] = glyph
                if (whole == ink).all():
                    rgb = tuple(cell[ink].mean(0) > 127)
                    names = {(1, 0, 0): 0, (0, 1, 0): 1, (0, 0, 1): 2, (1, 1, 0): 3, (1, 0, 1): 4, (1, 1, 1): 5}
                    return person, names[rgb]
    return None


def test_more_facts_than_bands_are_refused() -> None:
    with pytest.raises(ValueError, match="3 facts in a picture of 2 bands"):
        Canvas().draw([[(0, 0), (1, 1), (2, 2)]], np.random.default_rng(0))


def test_kinds_are_named_alike() -> None:
    assert set(KINDS) == {"image", *WORDS}
