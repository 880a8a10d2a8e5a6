"""The page itself: template, our own style and code, Plotly, and the data, within a size.

Everything stands in one file. A Content-Security-Policy forbids it all network, and any code but the two scripts that it names by
their hash. Plotly is the one that the ``plotly`` package brings, as it is.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import cmqa_tasks
from cmqa_tasks.reports.page import pack, reasons
from cmqa_tasks.reports.page.boards import BoardTables
from cmqa_tasks.reports.page.samples import Samples

_HERE = Path(__file__).parent
_MODELS = 12
"""Models that the header names."""
_SCRIPTS = (
    "base.js",
    "tables.js",
    "figure.js",
    "gap.js",
    "prompts.js",
    "maps.js",
    "plots.js",
    "list.js",
    "item.js",
    "downloads.js",
    "main.js",
)


@dataclass(frozen=True, slots=True)
class PageHeader:
    """What the page is of, for its header."""

    models: tuple[str, ...]
    releases: tuple[str, ...]
    evaluated: tuple[str, ...]
    """The days of the runs, in UTC, sorted."""
    command: str
    """What makes the page again."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the page shows."""

    about: PageHeader
    boards: Sequence[BoardTables]
    numbers: dict[str, Any]
    """For the plots."""
    downloads: dict[str, str]
    """The boards as files, by the ending of their names; empty without boards."""
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
class _PackedGroup:
    """Items as the page keeps them, and the addresses of their images."""

    data: str
    items: int
    images: tuple[str, ...]


def make(contents: Contents, room: int) -> Page:
    """The page in at most so many bytes. Where not all chosen items fit, the last facts are left out; a note says so.

    Raises:
        ImportError: plotly is not installed.
        ReleaseError: an image cannot be decoded.
        ValueError: there is no room for the tables and plots, which are always there.
    """
    bare = len(_render(contents, []).encode())
    if bare > room:
        least = math.ceil(bare / 1e5) / 10
        raise ValueError(f"--megabytes {room / 1e6:g}: must be at least {least:g}, which tables and plots take without any item")
    groups = _fitting(contents.samples, room - bare)
    html = _render(contents, groups)
    while len(html.encode()) > room:  # notes that came with the items
        groups.pop()
        html = _render(contents, groups)
    return Page(html, sum(group.items for group in groups), sum(len(group.images) for group in groups), _notes(contents, groups))


_TAGS = 160
"""Characters around a group and its images."""


def _fitting(samples: Samples, room: int) -> list[_PackedGroup]:
    """As many groups, from the first, as there is room for."""
    groups: list[_PackedGroup] = []
    for group in samples.groups():
        data = pack.packed(pack.dumps({"items": {number: asdict(item) for number, item in group.items.items()}}))
        room -= len(data) + _TAGS + sum(len(image) + 1 for image in group.images) + _index_size(samples, len(groups))
        if room < 0:
            break
        groups.append(_PackedGroup(data, len(group.items), tuple(group.images)))
    return groups


def _index_size(samples: Samples, number: int) -> int:
    """Characters that a group takes in the index, at most: packed with the others it takes fewer."""
    return len(pack.packed(pack.dumps(samples.index_of([number]))))


def _notes(contents: Contents, groups: Sequence[_PackedGroup]) -> tuple[str, ...]:
    """What is not in the page, for its reader."""
    samples, kept = contents.samples, sum(group.items for group in groups)
    notes = list(contents.notes)
    if kept < samples.choice.items:
        notes.append(
            f"{kept:,} of {samples.choice.items:,} items can be looked at: all items of the facts that come first by a hash of "
            "their id. Every table and plot is made from all items. More are shown with --items and --megabytes."
        )
    notes += [
        f"Passages and images of release {release} are not at hand; prompts are as the harness kept them."
        for release in sorted(samples.absent_releases)
    ]
    notes += [
        f"This version does not know {protocol}; prompts are as the harness kept them."
        for protocol in sorted(samples.unknown_protocols)
    ]
    return tuple(notes)


def _index(contents: Contents, groups: int) -> str:
    items = contents.samples.index_of(range(groups))
    return pack.packed(pack.dumps(contents.numbers | items | {"reasons": reasons.table()}))


def _render(contents: Contents, groups: Sequence[_PackedGroup]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    code, plotly = _code(), _plotly()
    return environment.get_template("page.html.j2").render(
        SHOWN=_MODELS,
        version=cmqa_tasks.__version__,
        style=Markup(_read("page.css")),
        code=Markup(code),
        hashes=[_hash(code), _hash(plotly)],
        plotly=_packed_plotly(),
        index=_index(contents, len(groups)),
        downloads=pack.packed(pack.dumps(contents.downloads)),
        about=contents.about,
        groups=groups,
        boards=contents.boards,
        notes=_notes(contents, groups),
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
