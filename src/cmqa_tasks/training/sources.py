"""Where instruction data comes from, and how it is cut into chunks that are read independently, in any process.

A source is named on the command line by its place and options, ``WHERE[,key=value…]``::

    llava.json,root=coco/train2017              LLaVA's conversation JSON; a file of JSON lines, Parquet or tar likewise
    chats/,group=zh                             every such file of a directory, or a data set that ``save_to_disk`` wrote
    s3://bucket/shards/,root=/images            the same at an address that fsspec opens
    owner/name,split=train,config=en,group=en   a data set of the Hugging Face hub, streamed

Chunks are cut by the data alone, never by the number of processes: rows have the same place in the same chunk on every run.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cmqa_tasks.training.chunks import BATCH_ROWS, CHUNK_BYTES, Chunk, RowsChunk, Source, SourceError, grouped, parsed
from cmqa_tasks.training.json_list import ListError, elements
from cmqa_tasks.training.places import files_at, is_address, opened, state_of, unpacked
from cmqa_tasks.training.tars import tar_chunks
from cmqa_tasks.writing.problems import first_problem, one_line

if TYPE_CHECKING:
    import pyarrow.parquet as pq

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


def files_of(source: Source) -> list[str]:
    """The files of a source, in the order that they are read; none for a hub data set.

    Raises:
        SourceError: a file of a kind that is not read, an empty directory, or neither a file nor an id; an option that is for
            other kinds of sources.
        OSError: an address cannot be reached.
    """
    path = Path(source.where)
    if is_address(source.where):
        _refuse_foreign(source, "an address")
        return [_of_a_kind(file) for file in files_at(source.where, tuple(_CUTTERS))]
    if path.is_dir():
        saved = is_saved(path)
        _refuse_foreign(source, "a saved data set" if saved else "a directory of files")
        found = path.rglob("*.arrow") if saved else (file for file in path.iterdir() if file.name.endswith(tuple(_CUTTERS)))
        files = list(map(str, sorted(found)))
        if not files:
            raise SourceError(f"{path}: no files of {', '.join(_CUTTERS)} in this directory, nor a saved data set")
        return files
    if path.is_file():
        _refuse_foreign(source, "a file")
        return [_of_a_kind(str(path))]
    if source.where.count("/") != 1 or source.where.endswith(tuple(_CUTTERS)):
        raise SourceError(f"{source.where}: no such file or directory, and no id of a hub data set (owner/name)")
    return []


def _of_a_kind(file: str) -> str:
    """The file, whose name says of which kind it is."""
    if not file.endswith(tuple(_CUTTERS)):
        raise SourceError(f"{file}: unknown kind of file; choose one of {', '.join(_CUTTERS)}")
    return file


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
            kind = next(kind for kind in _CUTTERS if file.endswith(kind))
            yield from _CUTTERS[kind](file, source.root or os.path.dirname(file))


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
                yield number, parsed(line)


def _cut_lines(file: str, root: str) -> Iterator[Chunk]:
    if is_address(file):  # each chunk would be another request
        yield from _cut_packed_lines(file, root)
        return
    begin, first = 0, 1
    with open(file, "rb") as stored:
        while block := stored.read(CHUNK_BYTES):
            block += stored.readline()
            yield LinesChunk(file, root, begin, len(block), first)
            begin, first = begin + len(block), first + block.count(b"\n")


def _cut_packed_lines(file: str, root: str) -> Iterator[RowsChunk]:
    with unpacked(file) as lines:
        yield from grouped(lines, file, root)


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
        with opened(path) as stored, pq.ParquetFile(stored if is_address(path) else path, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: damaged or no Parquet file: {one_line(error)}") from None


def _cut_parquet(path: str, root: str) -> Iterator[ParquetChunk]:
    with _parquet(path) as file:
        about = file.metadata
    begin, first, rows, size = 0, 1, 0, 0
    for group in range(about.num_row_groups):
        rows, size = rows + about.row_group(group).num_rows, size + about.row_group(group).total_byte_size
        if size >= CHUNK_BYTES or group == about.num_row_groups - 1:
            yield ParquetChunk(path, root, range(begin, group + 1), first)
            begin, first, rows, size = group + 1, first + rows, 0, 0


def _cut_json(path: str, root: str) -> Iterator[RowsChunk]:
    try:
        with unpacked(path) as stored, io.TextIOWrapper(stored, encoding="utf-8-sig") as file:
            yield from grouped(elements(file), path, root)
    except ListError as error:
        raise SourceError(f"{path}: {error}") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: no UTF-8: {error}") from None


_CUTTERS: Mapping[str, Callable[[str, str], Iterator[Chunk]]] = {
    ".jsonl": _cut_lines,
    ".json": _cut_json,
    ".parquet": _cut_parquet,
    ".jsonl.gz": _cut_packed_lines,
    ".jsonl.zst": _cut_packed_lines,
    ".json.gz": _cut_json,
    ".json.zst": _cut_json,
    ".tar": tar_chunks,
}
"""What the name of a file ends in → how it is cut."""


def describe(source: Source) -> Mapping[str, Any]:
    """What tells this source from another, or from itself after a change: its options, and size and date of each of its files."""
    return source.model_dump(mode="json") | {"ignore": sorted(source.ignore), "files": list(map(state_of, files_of(source)))}
