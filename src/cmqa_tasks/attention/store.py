"""Attention statistics on disk: one Parquet row per (task, item, aggregate).

While a run is on, every rank writes a small file per batch (a *shard*), whole or not at all, so that a kill loses the running
batch and nothing else. :func:`merge` puts the shards of all ranks into one sorted file and removes them::

    writer = ShardWriter(Path("runs/a/attention"), rank=0, metadata=LogMetadata(model="Qwen/Qwen2.5-VL-3B-Instruct"))
    writer.write(rows)                  # once per batch
    path = merge(writer.directory)      # once, after the run: runs/a/attention/attention.parquet
    for row in read(path): ...
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cmqa_tasks.attention.names import AGGREGATES, Aggregate
from cmqa_tasks.attention.rows import FLOATS, FORMAT, LISTS, STRINGS, AttentionRow, Half, LogMetadata, StoreError, about_in
from cmqa_tasks.attention.rows import schema as columns_of
from cmqa_tasks.attention.rows import table as table_of
from cmqa_tasks.writing.files import atomic

__all__ = [
    "AGGREGATES",
    "MERGED",
    "Aggregate",
    "AttentionRow",
    "LogMetadata",
    "MixedShardsError",
    "ShardWriter",
    "StoreError",
    "batches",
    "fingerprint",
    "fingerprints",
    "locate",
    "merge",
    "read",
    "read_metadata",
]

MERGED = "attention.parquet"

_IDENTITY = ("task", "item_id", "aggregate")
_ORDER = ("task", "doc_id", "item_id", "aggregate")
_SHARD = re.compile(r"(\d+)-(\d+)\.parquet")
_GROUP_BYTES = 8 << 20
"""Raw size of a row group of the merged file: what a reader holds in memory at a time."""
_CACHE_BYTES = 128 << 20
"""Raw size of the row groups that :func:`merge` keeps at hand."""
_ABANDONED = 3600.0
"""Seconds. A shard is written in milliseconds; a partial one that is so old belongs to a process that was killed."""


class MixedShardsError(StoreError):
    """Shards of different models or settings lie in one directory; the message says in what they differ."""


def _writer(path: Path, columns: pa.Schema) -> pq.ParquetWriter:
    """Bytes of equal rank lie together (sign and exponent compress, the fraction does not): 6 % smaller than zstd alone."""
    return pq.ParquetWriter(
        path,
        columns,
        compression="zstd",
        use_dictionary=[*STRINGS, *(f"{name}.list.element" for name in LISTS)],
        column_encoding={f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in FLOATS},
        write_statistics=False,
        write_page_checksum=True,
    )


class ShardWriter:
    """Writes what one rank of a run logs.

    Args:
        directory: where the shards go; made if it does not exist. All ranks of a run share it, and a run that goes on after
            a kill writes into the same.
        rank: this process among those of the run. Two runs at a time may write as the same rank: none overwrites a shard.
        metadata: what the numbers are measured on.
    """

    def __init__(self, directory: Path, rank: int, metadata: LogMetadata) -> None:
        self.directory, self.rank = directory, rank
        self._about = {"format": FORMAT, **asdict(metadata)}
        self._number = 0
        directory.mkdir(parents=True, exist_ok=True)
        for partial in directory.glob(f"{rank}-*.parquet.part"):
            with contextlib.suppress(FileNotFoundError):  # another run may finish it meanwhile
                if partial.stat().st_mtime < time.time() - _ABANDONED:
                    partial.unlink()

    def write(self, rows: Iterable[AttentionRow]) -> Path | None:
        """Write the rows of a batch as a file of their own, whole or not at all. Nothing is written for no rows."""
        batch = list(rows)
        if not batch:
            return None
        table = table_of(batch, self._about | {"written": time.time_ns()})
        path, partial = self._claimed()
        with _writer(partial, table.schema) as file:
            file.write_table(table)
        os.replace(partial, path)
        return path

    def _claimed(self) -> tuple[Path, Path]:
        """The next shard, and its partial file, which is ours: who makes that, and no one else, may write the shard."""
        while True:
            path = self.directory / f"{self.rank}-{self._number}.parquet"
            partial = path.with_name(f"{path.name}.part")
            self._number += 1
            try:
                partial.touch(exist_ok=False)
            except FileExistsError:
                continue
            if not path.exists():
                return path, partial
            partial.unlink()


@dataclass(frozen=True, slots=True)
class _Source:
    """A file to merge."""

    path: Path
    about: Mapping[str, Any]
    group_rows: tuple[int, ...]
    row_bytes: int
    """Raw, on average."""


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where a row lies."""

    source: int
    group: int
    row: int


def merge(directory: Path) -> Path:
    """Put all shards of a directory into its ``attention.parquet``, beside what is there already, and remove them.

    Of several rows with the same task, item and aggregate the one written last stays (a rank's padding, a run that went on after
    a kill). Rows are sorted by task, document, item and aggregate. The file is replaced at once; a kill before the shards are
    removed does no harm: the next call merges them again, to the same effect. Memory grows with a run's keys, not its rows.

    Returns:
        The path of the merged file.

    Raises:
        StoreError: there is nothing to merge, or a file is damaged or of another format.
        MixedShardsError: shards of different models or settings; nothing is changed then.
    """
    target = directory / MERGED
    shards = _shards(directory)
    if not shards:
        if target.exists():
            return target
        raise StoreError(f"no attention shards in {directory}")
    sources = [_source(path) for path in ([target] if target.exists() else []) + shards]
    sources.sort(key=_written)
    columns = columns_of(_common(sources))
    groups = _Groups(sources)
    with atomic(target) as partial, _writer(partial, columns) as file:
        for chunk in _chunks(_winners(sources), sources):
            file.write_table(groups.take(chunk).cast(columns))
    for path in shards:
        path.unlink(missing_ok=True)
    return target


def _written(source: _Source) -> tuple[int, ...]:
    """Sorts files by when they were written."""
    return source.about.get("written", 0), *_shard_number(source.path)


def _shards(directory: Path) -> list[Path]:
    return [path for path in directory.glob("*.parquet") if _SHARD.fullmatch(path.name)]


def _shard_number(path: Path) -> tuple[int, int]:
    numbers = _SHARD.fullmatch(path.name)
    return (int(numbers[1]), int(numbers[2])) if numbers else (-1, -1)


@contextlib.contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    """A file to be read from. Arrow finds damage when it opens one, or not before it reads the damaged part."""
    try:
        with pq.ParquetFile(path, memory_map=False, pre_buffer=False, page_checksum_verification=True) as file:
            yield file
    except FileNotFoundError:
        raise StoreError(f"there is no {path}") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise StoreError(f"{path} is damaged or no Parquet file ({reason}); remove it to go on without it") from None


def _source(path: Path) -> _Source:
    with _open(path) as file:
        parts = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        size = sum(part.total_byte_size for part in parts) // max(file.metadata.num_rows, 1)
        return _Source(path, about_in(path, file.schema_arrow), tuple(part.num_rows for part in parts), size)


def _common(sources: Sequence[_Source]) -> dict[str, Any]:
    """The metadata of the merged file.

    Raises:
        MixedShardsError: the sources differ in more than package versions.
    """
    free = ("versions", "written")
    first, versions = sources[0], dict[str, set[str]]()
    for source in sources:
        here, there = ({key: value for key, value in log.about.items() if key not in free} for log in (first, source))
        if here != there:
            keys = sorted(key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
            differences = "; ".join(f"{key} {here.get(key)!r} and {there.get(key)!r}" for key in keys)
            raise MixedShardsError(
                f"{first.path} and {source.path} are not of one run: {differences}. Log each model into a directory of its own"
            )
        for package, version in source.about["versions"].items():
            versions.setdefault(package, set()).update(version.split(", "))
    return {
        **{key: value for key, value in first.about.items() if key not in free},
        "versions": {package: ", ".join(sorted(listed)) for package, listed in sorted(versions.items())},
    }


def _winners(sources: Sequence[_Source]) -> list[_Place]:
    """Where the rows of the merged file lie, in its order; sources are in the order of writing."""
    last: dict[tuple[Any, ...], tuple[tuple[Any, ...], _Place]] = {}
    for number, source in enumerate(sources):
        with _open(source.path) as file:
            for group in range(len(source.group_rows)):
                table = file.read_row_group(group, columns=list(_ORDER)).to_pydict()
                for row, order in enumerate(zip(*(table[name] for name in _ORDER), strict=True)):
                    identity = tuple(table[name][row] for name in _IDENTITY)
                    last[identity] = order, _Place(number, group, row)
    return [index for _, index in sorted(last.values())]


def _chunks(places: Sequence[_Place], sources: Sequence[_Source]) -> Iterator[list[_Place]]:
    """Runs of rows that make a row group each."""
    chunk: list[_Place] = []
    size = 0
    for position in places:
        chunk.append(position)
        size += sources[position.source].row_bytes
        if size >= _GROUP_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


class _Groups:
    """Row groups of the sources, those used last at hand."""

    def __init__(self, sources: Sequence[_Source]) -> None:
        self._sources = sources
        self._cache: OrderedDict[tuple[int, int], pa.Table] = OrderedDict()
        self._size = 0

    def take(self, places: Sequence[_Place]) -> pa.Table:
        """The rows at these places, in this order."""
        wanted: dict[tuple[int, int], list[int]] = {}
        for number, position in enumerate(places):
            wanted.setdefault((position.source, position.group), []).append(number)
        parts = [self._group(*key).take(pa.array([places[number].row for number in numbers])) for key, numbers in wanted.items()]
        gathered = np.fromiter((number for numbers in wanted.values() for number in numbers), np.int64, len(places))
        return pa.concat_tables(part.replace_schema_metadata() for part in parts).take(pa.array(np.argsort(gathered)))

    def _group(self, source: int, group: int) -> pa.Table:
        key = source, group
        if key in self._cache:
            self._cache.move_to_end(key)
            return self._cache[key]
        with _open(self._sources[source].path) as file:
            table = self._cache[key] = file.read_row_group(group)
        self._size += table.nbytes
        while self._size > _CACHE_BYTES and len(self._cache) > 1:
            self._size -= self._cache.popitem(last=False)[1].nbytes
        return table


def read_metadata(path: Path) -> LogMetadata:
    """What the numbers of a file were measured on.

    Raises:
        StoreError: no such file, or none of ours, of another format or without its columns.
    """
    with _open(path) as file:
        about = about_in(path, file.schema_arrow)
    return LogMetadata(**{column.name: about[column.name] for column in fields(LogMetadata)})


def read(path: Path) -> Iterator[AttentionRow]:
    """The rows of a merged file or of a shard, one after the other, in bounded memory.

    Raises:
        StoreError: as :func:`read_metadata`.
    """
    for batch in batches(path, [part.name for part in fields(AttentionRow)]):
        columns = {name: batch.column(name) for name in batch.schema.names}
        for number in range(batch.num_rows):
            try:
                row = AttentionRow(**{name: _value(name, column[number]) for name, column in columns.items()})
            except (UnicodeDecodeError, StoreError) as error:
                raise StoreError(f"{path} is damaged: {error}") from None
            yield row


def _value(name: str, scalar: pa.Scalar) -> Any:
    if name in FLOATS:
        return scalar.values.to_numpy(zero_copy_only=False)
    return tuple(scalar.as_py()) if name in LISTS else scalar.as_py()


def batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a file, one row group at a time.

    Raises:
        StoreError: as :func:`read_metadata`.
    """
    read_metadata(path)
    with _open(path) as file:
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, columns=list(columns)).to_batches()


def fingerprint(row: AttentionRow) -> str:
    """What tells a row from one of another answer to the same item."""
    return _fingerprint(row.aggregate, row.counts, row.tokens, row.log_mass_by_segment)


def _fingerprint(aggregate: str, counts: Sequence[int], tokens: int, log_mass: Half) -> str:
    about = repr((aggregate, list(counts), tokens)).encode()
    return hashlib.sha256(about + np.ascontiguousarray(log_mass).tobytes()).hexdigest()[:32]


def fingerprints(directory: Path) -> dict[tuple[str, str], dict[str, str]]:
    """Fingerprints of the rows in a directory, merged or not: (task, item) → aggregate → fingerprint of the row written last.

    Raises:
        StoreError: a file is damaged or of another format.
    """
    paths = _shards(directory) + ([directory / MERGED] if (directory / MERGED).exists() else [])
    sources = sorted((_source(path) for path in paths), key=_written)
    known: dict[tuple[str, str], dict[str, str]] = {}
    for source in sources:
        for batch in batches(source.path, [*_IDENTITY, "counts", "tokens", "log_mass_by_segment"]):
            listed = [batch.column(name).to_pylist() for name in (*_IDENTITY, "counts", "tokens")]
            masses = batch.column("log_mass_by_segment")
            for number, (task, item, aggregate, counts, tokens) in enumerate(zip(*listed, strict=True)):
                mass: Half = masses[number].values.to_numpy(zero_copy_only=False)
                known.setdefault((task, item), {})[aggregate] = _fingerprint(aggregate, counts, tokens, mass)
    return known


def locate(run: Path) -> list[Path]:
    """Directories at or below a directory that hold shards or a merged file, sorted."""
    directories = {path.parent for path in run.rglob("*.parquet") if path.name == MERGED or _SHARD.fullmatch(path.name)}
    return sorted(directories)
