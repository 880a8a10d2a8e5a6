"""Examples → files that TRL's vision SFT reads: columns ``messages``, ``images`` and ``provenance``, as Parquet or JSON lines.

In Parquet, ``images`` has the type of datasets' ``Image``: opened by ``load_dataset``, it gives pictures, from the bytes that the
file holds or from the files that it names. In JSON lines, images are paths; a card beside them says the types, which cannot be
inferred from a shard without images.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial as partial_of
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cmqa_tasks.training.choices import Format
from cmqa_tasks.training.examples import Example, Origin, joined
from cmqa_tasks.training.lengths import Numbers
from cmqa_tasks.training.rows import Instance, Picture
from cmqa_tasks.training.spool import Index, SpoolReader
from cmqa_tasks.training.tars import open_image
from cmqa_tasks.training.writers import path_of, write_rows, write_tar
from cmqa_tasks.writing.files import atomic

CARD = """---
dataset_info:
  features:
  - name: messages
    list:
    - {name: role, dtype: string}
    - name: content
      list:
      - {name: type, dtype: string}
      - {name: text, dtype: string}
  - name: images
    list: image
  - name: provenance
    list:
    - {name: file, dtype: string}
    - {name: row, dtype: int64}
    - {name: id, dtype: string}
    - {name: group, dtype: string}
    - {name: messages, dtype: int64}
    - {name: images, dtype: int64}
    - {name: tokens, dtype: int64}
---
Made by `cmqa mix`; `mix.json` says how.
"""
"""``README.md`` of a directory of JSON lines: :func:`features` as ``load_dataset`` reads them there."""
_BLOCK_ROWS = 500
_BLOCK_BYTES = 16 << 20
"""Examples are turned into a row group when there are so many of them or so many bytes."""


def features() -> dict[str, Any]:
    """The columns as the library datasets describes them."""
    text, number = {"dtype": "string", "_type": "Value"}, {"dtype": "int64", "_type": "Value"}
    part = {"type": text, "text": text}
    counts = {"messages": number, "images": number, "tokens": number}
    return {
        "messages": _list_of({"role": text, "content": _list_of(part)}),
        "images": _list_of({"_type": "Image"}),
        "provenance": _list_of({"file": text, "row": number, "id": text, "group": text, **counts}),
    }


def _list_of(feature: dict[str, Any]) -> dict[str, Any]:
    return {"feature": feature, "_type": "List"}


def schema() -> pa.Schema:
    """The columns of a shard of Parquet."""
    part = pa.struct([("type", pa.string()), ("text", pa.string())])
    counts = [(name, pa.int64()) for name in ("messages", "images", "tokens")]
    origin = [("file", pa.string()), ("row", pa.int64()), ("id", pa.string()), ("group", pa.string()), *counts]
    return pa.schema(
        [
            ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.list_(part))]))),
            ("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))),
            ("provenance", pa.list_(pa.struct(origin))),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features()}})},
    )


@dataclass(frozen=True, slots=True)
class ShardTask:
    """One shard to write; small enough to send to a process."""

    target: Path
    format: Format
    embed: bool
    """Whether the bytes of image files go into the shard."""
    stems: tuple[Path, ...]
    """The chunks of the spool, and for each …"""
    files: tuple[str, ...]
    """… the file that it was read from."""
    groups: tuple[str, ...]
    entries: Index
    """The instances, example by example."""
    sizes: Numbers
    """Instances of each example."""
    directory: Path
    """Where the training set is being written, and …"""
    final: Path
    """… where it will be."""


def write_shard(task: ShardTask) -> int:
    """Write a shard, whole or not at all; returns the number of examples.

    Raises:
        OSError: an image file that is to be embedded has gone.
    """
    task.target.parent.mkdir(parents=True, exist_ok=True)
    with SpoolReader(task.stems) as spool, atomic(task.target, durable=False) as partial:
        examples = _examples(task, spool)
        if task.format == "parquet":
            _write_parquet(partial, examples, task.embed)
        elif task.format == "jsonl":
            _write_lines(partial, examples)
        elif task.format == "webdataset":
            write_tar(partial, examples, task.target.stem)
        else:
            images = partial_of(path_of, directory=task.directory, final=task.final, copy=task.embed)
            write_rows(partial, examples, task.format, images)
    return len(task.sizes)


def _examples(task: ShardTask, spool: SpoolReader) -> Iterator[Example]:
    fetched = zip(spool.fetch(task.entries), task.entries, strict=True)
    for size in task.sizes.tolist():
        parts = [(instance, _origin(task, instance, row, entry)) for (instance, row), entry in _take(fetched, size)]
        yield joined([instance for instance, _ in parts], [origin for _, origin in parts])


def _take(fetched: Iterator[Any], size: int) -> Iterator[Any]:
    for _ in range(size):
        (row, instance), entry = next(fetched)
        yield (instance, row), entry


def _origin(task: ShardTask, instance: Instance, row: int, entry: Any) -> Origin:
    tokens = int(entry["tokens"])
    return Origin(
        file=task.files[entry["chunk"]],
        row=row,
        id=instance.id,
        group=task.groups[entry["group"]],
        messages=len(instance.messages),
        images=len(instance.pictures),
        tokens=None if tokens < 0 else tokens,
    )


def _write_parquet(path: Path, examples: Iterable[Example], embed: bool) -> None:
    columns = schema()
    with pq.ParquetWriter(path, columns, compression="zstd", use_dictionary=["provenance.list.element.file"]) as file:
        for block in _blocks(examples, embed):
            rows = [_row(example, _images(example.pictures, embed)) for example in block]
            file.write_table(pa.Table.from_pylist(rows, columns))


def _blocks(examples: Iterable[Example], embed: bool) -> Iterator[list[Example]]:
    block: list[Example] = []
    size = 0
    for example in examples:
        block.append(example)
        size += sum(picture.size for picture in example.pictures if embed or picture.data is not None)
        if len(block) >= _BLOCK_ROWS or size >= _BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _images(pictures: list[Picture], embed: bool) -> list[dict[str, Any]]:
    return [{"bytes": _bytes(picture) if embed else picture.data, "path": picture.path} for picture in pictures]


def _bytes(picture: Picture) -> bytes:
    with open_image(picture) as file:
        return file.read()


def _write_lines(path: Path, examples: Iterable[Example]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            row = _row(example, [picture.path for picture in example.pictures])
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _row(example: Example, images: list[Any]) -> dict[str, Any]:
    return {"messages": example.messages, "images": images, "provenance": [origin._asdict() for origin in example.origins]}
