"""Where instruction data comes from, and how it is cut into chunks that are read independently, in any process.

A source is named on the command line by its place and options, ``WHERE[,key=value…]``::

    llava.json,root=coco/train2017              LLaVA's conversation JSON; a file of JSON lines or Parquet likewise
    chats/,group=zh                             every such file of a directory, or a data set that ``save_to_disk`` wrote
    owner/name,split=train,config=en,group=en   a data set of the Hugging Face hub, streamed

Chunks are cut by the data alone, never by the number of processes: rows have the same place in the same chunk on every run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cmqa_tasks.training.chunks import BATCH_ROWS, CHUNK_BYTES, Broken, Chunk, RowsChunk, Source, SourceError, grouped
from cmqa_tasks.training.json_list import ListError, elements
from cmqa_tasks.writing.problems import first_problem, one_line

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_FILES = (".jsonl", ".json", ".parquet")
_SAVED = ("state.json", "dataset_dict.json")
"""What ``save_to_disk`` of datasets leaves in a directory."""


def source_of(text: str) -> Source:
    """Read a source from the command line.

    Raises:
        SourceError: an option is unknown or wrong.
    """
    where, *options = text.split(",")
    fields: dict[str, Any] = {"where": where}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or key in fields or key == "where":
            raise SourceError(f"--data {text}: {option!r} is no key=value, or given twice")
        fields[key] = value.split("+") if key == "ignore" else value
    try:
        return Source(**fields)
    except ValidationError as error:
        allowed = ", ".join(name for name in Source.model_fields if name != "where")
        raise SourceError(f"--data {text}: {first_problem(error)}; options are {allowed}") from error


def files_of(source: Source) -> list[Path]:
    """The files of a local source, in the order that they are read; none for a hub data set.

    Raises:
        SourceError: a file of a kind that is not read, an empty directory, or neither a file nor an id; an option that is for
            other kinds of sources.
    """
    path = Path(source.where)
    if path.is_dir():
        saved = is_saved(path)
        _refuse_foreign(source, "a saved data set" if saved else "a directory of files")
        found = sorted(path.rglob("*.arrow")) if saved else sorted(one for one in path.iterdir() if one.suffix in _FILES)
        if not found:
            raise SourceError(f"{path}: no files of {', '.join(_FILES)} in this directory, nor a saved data set")
        return found
    if path.is_file():
        _refuse_foreign(source, "a file")
        if path.suffix not in _FILES:
            raise SourceError(f"{path}: unknown kind of file; choose one of {', '.join(_FILES)}")
        return [path]
    if source.where.count("/") != 1 or path.suffix in _FILES:
        raise SourceError(f"{source.where}: no such file or directory, and no id of a hub data set (owner/name)")
    return []


_OPTIONS_OF = {
    "split": ("a saved data set", "a data set of the hub"),
    "config": ("a data set of the hub",),
    "revision": ("a data set of the hub",),
}
"""Options that not every kind of source has, and those that do."""


def _refuse_foreign(source: Source, kind: str) -> None:
    for option, kinds in _OPTIONS_OF.items():
        value = getattr(source, option)
        if value is not None and kind not in kinds:
            raise SourceError(f"{source.where}: {option}={value}: {kind} has none, only {' or '.join(kinds)}")


def is_saved(path: Path) -> bool:
    """Whether a directory is a data set that ``save_to_disk`` of datasets wrote."""
    return any((path / name).is_file() for name in _SAVED)


def chunks_of(source: Source) -> Iterator[Chunk]:
    """The chunks of a source, in order.

    Raises:
        SourceError: as :func:`files_of`; or a file is not what its name says.
    """
    files = files_of(source)
    if not files:
        from cmqa_tasks.training.hub import hub_chunks

        yield from hub_chunks(source)
    elif is_saved(Path(source.where)):
        from cmqa_tasks.training.hub import saved_chunks

        yield from saved_chunks(source)
    else:
        for file in files:
            root = source.root or str(file.parent)
            yield from _CUTTERS[file.suffix](file, root)


@dataclass(frozen=True, slots=True)
class LinesChunk:
    """Whole lines of a file of JSON lines. Blank ones are passed over."""

    file: str
    root: str
    begin: int
    """First byte."""
    length: int
    """Bytes."""
    first: int
    """Number of its first line."""

    def rows(self) -> Iterator[tuple[int, object]]:
        """The parsed lines."""
        with open(self.file, "rb") as file:
            file.seek(self.begin)
            block = file.read(self.length)
        for number, line in enumerate(block.split(b"\n"), start=self.first):
            if line.strip():
                yield number, _parsed(line)


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:  # of JSON, of UTF-8, or of thousands of brackets
        return Broken(f"no JSON: {error}")


def _cut_lines(path: Path, root: str) -> Iterator[LinesChunk]:
    begin, first = 0, 1
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            block += file.readline()
            yield LinesChunk(str(path), root, begin, len(block), first)
            begin, first = begin + len(block), first + block.count(b"\n")


@dataclass(frozen=True, slots=True)
class ParquetChunk:
    """Neighbouring row groups of a Parquet file."""

    file: str
    root: str
    groups: range
    first: int
    """Number of its first row."""

    def rows(self) -> Iterator[tuple[int, object]]:
        """The rows, a few of them in memory at a time."""
        number = self.first
        with _parquet(self.file) as file:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=list(self.groups)):
                for row in batch.to_pylist():
                    yield number, row
                    number += 1


@contextmanager
def _parquet(path: str) -> Iterator[pq.ParquetFile]:
    """An open Parquet file, whose damage is named wherever it comes to light."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: damaged or no Parquet file: {one_line(error)}") from None


def _cut_parquet(path: Path, root: str) -> Iterator[ParquetChunk]:
    with _parquet(str(path)) as file:
        about = file.metadata
    begin, first, rows, size = 0, 1, 0, 0
    for group in range(about.num_row_groups):
        rows, size = rows + about.row_group(group).num_rows, size + about.row_group(group).total_byte_size
        if size >= CHUNK_BYTES or group == about.num_row_groups - 1:
            yield ParquetChunk(str(path), root, range(begin, group + 1), first)
            begin, first, rows, size = group + 1, first + rows, 0, 0


def _cut_json(path: Path, root: str) -> Iterator[RowsChunk]:
    try:
        yield from grouped(elements(path), str(path), root)
    except ListError as error:
        raise SourceError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: no UTF-8: {error}") from None


_CUTTERS: Mapping[str, Callable[[Path, str], Iterator[Chunk]]] = {
    ".jsonl": _cut_lines,
    ".parquet": _cut_parquet,
    ".json": _cut_json,
}


def describe(source: Source) -> Mapping[str, Any]:
    """What tells this source from another, or from itself after a change: its options, and size and date of each of its files."""
    files = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files_of(source)]
    return source.model_dump(mode="json") | {"ignore": sorted(source.ignore), "files": [list(file) for file in files]}
