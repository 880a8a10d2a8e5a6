"""Data sets of the Hugging Face hub, streamed, and those that ``save_to_disk`` wrote. Images stay encoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cmqa_tasks.training.chunks import BATCH_ROWS, CHUNK_ROWS, RowsChunk, Source, SourceError, grouped
from cmqa_tasks.writing.problems import one_line


def hub_chunks(source: Source) -> Iterator[RowsChunk]:
    """Stream a data set of the hub.

    Raises:
        SourceError: no split was named, or there is no such data set, split or configuration.
        ConnectionError: the hub cannot be reached.
    """
    datasets = _library(source)
    if source.split is None:
        raise SourceError(f"{source.where}: name a split: --data {source.where},split=train")
    try:
        stream = datasets.load_dataset(
            source.where, source.config, split=source.split, revision=source.revision, streaming=True
        ).decode(False)
    except (FileNotFoundError, ValueError) as error:
        raise SourceError(f"{source.where}: {one_line(error)}") from error
    except OSError as error:
        raise ConnectionError(f"{source.where}: cannot be reached: {one_line(error)}") from error
    name = f"{source.where}:{source.split}"
    yield from grouped(stream, name, source.root or ".")


@dataclass(frozen=True, slots=True)
class SavedChunk:
    """Neighbouring rows of a saved data set."""

    file: str
    root: str
    split: str | None
    begin: int
    end: int

    def rows(self) -> Iterator[tuple[int, object]]:
        """The rows, as they are stored."""
        saved = _saved(self.file, self.split)
        for begin in range(self.begin, self.end, BATCH_ROWS):
            yield from enumerate(saved[begin : min(begin + BATCH_ROWS, self.end)].to_pylist(), start=begin + 1)


def saved_chunks(source: Source) -> Iterator[SavedChunk]:
    """Cut a saved data set into chunks.

    Raises:
        SourceError: it has several splits and none was named, or not the one that was.
    """
    _library(source)
    rows = len(_saved(source.where, source.split))
    for begin in range(0, rows, CHUNK_ROWS):
        yield SavedChunk(source.where, source.root or source.where, source.split, begin, min(begin + CHUNK_ROWS, rows))


@lru_cache(maxsize=4)
def _saved(where: str, split: str | None) -> Any:
    import datasets

    found = datasets.load_from_disk(where)
    if isinstance(found, datasets.DatasetDict):
        if split not in found:
            raise SourceError(f"{where}: name one of its splits, {', '.join(found)}: --data {where},split=…")
        found = found[split]
    elif split is not None:
        raise SourceError(f"{where}: has no splits, so split={split} cannot be had")
    return found.with_format("arrow")


def _library(source: Source) -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise SourceError(f"{source.where}: needs the library datasets: pip install 'cmqa-tasks[train]'") from error
    return datasets
