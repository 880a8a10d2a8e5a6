"""Sources and the chunks that they are cut into: rows that are read together, in any process, independently of other chunks.

A chunk gives its rows with their numbers::

    for number, row in chunk.rows(): …
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import Field

from cmqa_tasks.facts.records import FrozenRecord

CHUNK_BYTES = 16 << 20
"""About how much of a file a chunk holds."""
CHUNK_ROWS = 4096
"""Rows of a chunk at most, where they are not read from a file of known size."""
BATCH_ROWS = 64
"""Rows of a columnar format that are in memory together: they may hold images."""


class SourceError(ValueError):
    """A source cannot be read; the message says which one, why, and what is allowed."""


class Source(FrozenRecord):
    """Instruction data that stands in one place."""

    where: str = Field(min_length=1)
    """A file, a directory, an address that fsspec opens, or the id of a data set on the hub."""
    group: str | None = None
    """The modality or language of its instances; None: each row's own, ``image`` where it has images and ``text`` where not."""
    root: str | None = None
    """The directory that paths of images are relative to; by default that of the file."""
    split: str | None = None
    """Of a hub or saved data set."""
    config: str | None = None
    """Of a hub data set."""
    revision: str | None = None
    """Of a hub data set."""
    repeat: int | None = Field(default=None, ge=1)
    """How often each instance is used, where it is not the run's ``--repeat``."""
    ignore: frozenset[str] = frozenset()
    """Fields of its rows to pass over."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that its instances can be of."""
        return (self.group,) if self.group else ("image", "text")


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands for a row that could not even be parsed."""

    problem: str


class Chunk(Protocol):
    """Some rows of a source."""

    @property
    def file(self) -> str:
        """What errors and provenance call the place that the rows come from."""

    @property
    def root(self) -> str:
        """The directory that its paths of images are relative to."""

    def rows(self) -> Iterator[tuple[int, object]]:
        """The rows, each with its number in the file, from 1: a line of JSON lines, else a row. :class:`Broken` if unreadable."""


@dataclass(frozen=True, slots=True)
class RowsChunk:
    """Rows that can only be read one after the other, and so are handed over as they are."""

    file: str
    root: str
    given: tuple[object, ...]
    """Rows; a text, or the bytes of a line, is still to be parsed. Blank lines are passed over."""
    first: int

    def rows(self) -> Iterator[tuple[int, object]]:
        """The rows."""
        for number, row in enumerate(self.given, start=self.first):
            if not isinstance(row, str | bytes):
                yield number, row
            elif row.strip():
                yield number, parsed(row)


def parsed(line: str | bytes) -> object:
    """What a line of JSON holds; a mark of byte order before it is no part of it."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:  # of JSON, of UTF-8, or of thousands of brackets
        return Broken(f"no JSON: {error}")


def grouped(rows: Iterable[object], file: str, root: str) -> Iterator[RowsChunk]:
    """Cut a stream of rows into chunks, of so many rows or so many bytes."""
    waiting: list[object] = []
    first, size = 1, 0
    for row in rows:
        waiting.append(row)
        size += len(row) if isinstance(row, str | bytes) else _bytes_of(row)
        if len(waiting) == CHUNK_ROWS or size >= CHUNK_BYTES:
            yield RowsChunk(file, root, tuple(waiting), first)
            waiting, first, size = [], first + len(waiting), 0
    if waiting:
        yield RowsChunk(file, root, tuple(waiting), first)


def _bytes_of(value: object) -> int:
    """The bytes that lie anywhere in a row: those of its images."""
    if isinstance(value, bytes):
        return len(value)
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return sum(map(_bytes_of, inside))
