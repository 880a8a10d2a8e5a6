"""How all pictures look, and how they get to disk. Needs matplotlib (extra ``report``), which is imported only when one is drawn.

    with drawing() as matplotlib:
        figure = matplotlib.figure.Figure(layout="constrained")
        …
        save(figure, Path("out/recognition"))       # out/recognition.png, out/recognition.svg

The same numbers give the same bytes, as long as matplotlib and its fonts are the same.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cmqa_tasks.writing.files import atomic

FORMATS = ("png", "svg")
DPI = 150
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""The palette of Okabe and Ito, told apart by people of any colour vision; its yellow is too pale for lines."""
BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK = COLOURS
STYLE: Any = {
    "svg.fonttype": "none",  # letters stay letters, to be searched and copied
    "svg.hashsalt": "cmqa",  # the same bytes for the same numbers
    "text.parse_math": False,  # a dollar sign in a model's name is a dollar sign
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def available() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def require() -> Any:
    """Matplotlib itself; for work of hours that ends in a picture, before it begins.

    Raises:
        ImportError: it is not installed; the message says how to install it.
    """
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError as error:
        raise ImportError("drawing needs matplotlib: pip install 'cmqa-tasks[report]'") from error
    return matplotlib


@contextmanager
def drawing() -> Iterator[Any]:
    """Matplotlib, in our style.

    Raises:
        ImportError: as :func:`require`.
    """
    matplotlib = require()
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # a box in the PNG; the SVG has the letter
        yield matplotlib


def save(figure: Any, stem: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write a figure in every format, each file whole or not at all, and return the files."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once: else every format would move things a little further
    return [_write(figure, stem.with_name(f"{stem.name}.{form}"), form) for form in formats]


def _write(figure: Any, path: Path, form: str) -> Path:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else None)
    with atomic(path) as partial:
        partial.write_bytes(buffer.getvalue())
    return path
