"""The page itself: template, our own style and code, Plotly, and the data, within a size.

Everything stands in one file. A Content-Security-Policy forbids it all network, and any code but the two scripts that it names by
their hash. Plotly is the one that the ``plotly`` package brings, as it is.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import cmqa_tasks
from cmqa_tasks.reports.page import pack, reasons
from cmqa_tasks.reports.page.boards import Shown
from cmqa_tasks.reports.page.samples import Samples

_HERE = Path(__file__).parent
_SCRIPTS = ("base.js", "tables.js", "figure.js", "gap.js", "prompts.js", "maps.js", "plots.js", "list.js", "item.js", "main.js")


@dataclass(frozen=True, slots=True)
class Contents:
    """What the page shows."""

    boards: Sequence[Shown]
    numbers: dict[str, Any]
    """For the plots."""
    samples: Samples
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The page, and what is in it."""

    html: str
    items: int
    images: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Packed items, and the texts of the images that are first seen in them."""

    data: str
    images: tuple[str, ...] = ()


def make(contents: Contents, room: int) -> Page:
    """The page in at most so many bytes.

    Items of the last facts are left out first for their texts, then images are made smaller, then left out; notes say so.

    Raises:
        ImportError: plotly is not installed.
        ReleaseError: an image cannot be decoded.
        ValueError: there is no room for the tables and plots, which are always there.
    """
    samples = contents.samples
    built = samples.groups()
    packed = [pack.packed(pack.dumps(group)) for group, _ in built]
    bare = len(_render(contents, [], _notes(contents, len(built), None)).encode()) + len(_index(contents, len(built)))
    kept, used = _fitting(packed, room - bare - _SLACK)
    count = built[kept - 1][1] if kept else 0
    images = samples.album.encoded(count, room - bare - used - _SLACK)
    ends = [0, *(end for _, end in built[:kept])]
    groups = [_Group(packed[place], images.texts[ends[place] : ends[place + 1]]) for place in range(kept)]
    notes = _notes(contents, kept, (count, images.missing, images.size.words))
    html = _render(contents, groups, notes)
    if (size := len(html.encode())) > room:
        least = math.ceil(size / 1e5) / 10
        raise ValueError(f"--megabytes {room / 1e6:g}: must be at least {least:g}, which tables and plots take without any item")
    return Page(html, sum(map(len, samples.choice.groups[:kept])), count - images.missing, notes)


_SLACK = 4096
"""Bytes for what grows with the groups but is not counted: tags around them, and longer notes."""
_TAGS = 160
"""Characters around a group and its images."""


def _fitting(packed: Sequence[str], room: int) -> tuple[int, int]:
    """How many groups, from the first, there is room for, and how much they take."""
    used = 0
    for place, text in enumerate(packed):
        if used + len(text) + _TAGS > room:
            return place, used
        used += len(text) + _TAGS
    return len(packed), used


def _notes(contents: Contents, groups: int, images: tuple[int, int, str] | None) -> tuple[str, ...]:
    """What is not in the page, for its reader."""
    choice = contents.samples.choice
    kept = sum(map(len, choice.groups[:groups]))
    notes = list(contents.notes)
    if kept < choice.items:
        notes.append(
            f"{kept:,} of {choice.items:,} items can be looked at: all items of the facts that come first by a hash of their id. "
            "Every table and plot is made from all items."
        )
    for stranger in sorted(contents.samples.strangers):
        notes.append(f"Passages and images of release {stranger} are not at hand; prompts are as the harness kept them.")
    for unknown in sorted(contents.samples.unknown):
        notes.append(f"This version does not know {unknown}; prompts are as the harness kept them.")
    if images is not None and images[0]:
        count, missing, words = images
        if missing:
            notes.append(f"{missing:,} of {count:,} images are left out for the size of this file; the others are {words}.")
        elif words != "as in the release":
            notes.append(f"Images are {words}, for the size of this file; models saw them as in the release.")
    return tuple(notes)


def _index(contents: Contents, groups: int) -> str:
    return pack.packed(pack.dumps(contents.numbers | contents.samples.index(groups) | {"reasons": reasons.table()}))


def _render(contents: Contents, groups: Sequence[_Group], notes: Sequence[str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    code, plotly = _code(), _plotly()
    return environment.get_template("page.html.j2").render(
        version=cmqa_tasks.__version__,
        style=Markup(_read("page.css")),
        code=Markup(code),
        hashes=[_hash(code), _hash(plotly)],
        plotly=_packed_plotly(),
        index=_index(contents, len(groups)),
        groups=groups,
        boards=contents.boards,
        notes=notes,
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _code() -> str:
    return "\n".join(_read(name) for name in _SCRIPTS)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


@cache
def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError("the page needs plotly: pip install 'cmqa-tasks[report]'") from error
    return str(get_plotlyjs())


@cache
def _packed_plotly() -> str:
    return pack.packed(_plotly())
