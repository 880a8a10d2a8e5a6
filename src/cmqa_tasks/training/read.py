"""A chunk of a source → the spool: rows checked, counted and kept, or listed as bad."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from cmqa_tasks.facts.whole_images import whole_images
from cmqa_tasks.training.chunks import Broken, Chunk, Source
from cmqa_tasks.training.formats import instance_of
from cmqa_tasks.training.formats.fields import FieldError, shown_path
from cmqa_tasks.training.lengths import UNCOUNTED, Tokens
from cmqa_tasks.training.rows import Instance, Picture
from cmqa_tasks.training.spool import SpoolWriter
from cmqa_tasks.training.tars import open_image
from cmqa_tasks.writing.problems import one_line

_BATCH = 128
"""Rows that are in memory, and counted, together."""


class RowError(ValueError):
    """A row cannot be used; the message says file, line or row, field and what is wrong."""


@dataclass(frozen=True, slots=True)
class ReadTask:
    """One chunk to read; small enough to send to a process."""

    chunk: Chunk
    source: Source
    number: int
    """Of the source among the run's."""
    stem: Path
    """Where in the spool it goes."""
    model: str | None
    """Whose tokens are counted; None: nobody's."""
    revision: str | None
    max_tokens: int | None
    skip: bool
    """Whether bad rows are listed instead of raised."""
    embed: bool
    """Whether the bytes of image files will go into the shards."""
    paths_only: bool
    """Whether the shards can hold no bytes."""
    check_images: bool
    """Whether every image is decoded."""


def read_chunk(task: ReadTask) -> int:
    """Read a chunk into the spool; returns how many instances it has.

    Raises:
        RowError: a bad row, where they are not skipped.
    """
    spool = SpoolWriter(task.stem, embed=task.embed)
    skipped: list[dict[str, Any]] = []
    count = 0
    rows = iter(task.chunk.rows())
    while batch := list(islice(rows, _BATCH)):
        for number, instance, tokens in _checked(task, batch, skipped):
            group = task.source.group or ("image" if instance.pictures else "text")
            spool.add(instance, number, group, tokens, task.number)
            count += 1
    spool.close({"file": task.chunk.file, "skipped": skipped})
    return count


def _checked(
    task: ReadTask, batch: list[tuple[int, object]], skipped: list[dict[str, Any]]
) -> Iterator[tuple[int, Instance, Tokens]]:
    """(number, instance, tokens) of the good rows."""
    results: list[Instance | FieldError] = [_instance(row, task) for _, row in batch]
    counted = iter(_counted(task, [one for one in results if isinstance(one, Instance)]))
    for (number, _), result in zip(batch, results, strict=True):
        tokens = next(counted) if isinstance(result, Instance) else UNCOUNTED
        problem = result if isinstance(result, FieldError) else tokens
        if isinstance(problem, FieldError):
            if not task.skip:
                raise RowError(f"{task.chunk.file}:{number}: {problem}")
            skipped.append({"file": task.chunk.file, "row": number, "field": problem.field, "problem": problem.problem})
        elif isinstance(result, Instance):
            yield number, result, problem


def _instance(row: object, task: ReadTask) -> Instance | FieldError:
    if isinstance(row, Broken):
        return FieldError("(row)", row.problem)
    try:
        instance = instance_of(row, task.chunk.root, task.source.ignore)
    except FieldError as error:
        return error
    if task.paths_only and any(picture.data is not None for picture in instance.pictures):
        return FieldError("images", "bytes, and JSON lines hold paths alone; choose --format parquet")
    problems = map(_damage, instance.pictures, itertools.count()) if task.check_images else ()
    return next((problem for problem in problems if problem is not None), instance)


def _damage(picture: Picture, place: int) -> FieldError | None:
    """Why an image cannot be decoded."""
    try:
        with whole_images(), open_image(picture) as file, Image.open(file) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # all that Pillow's decoders raise
        where = f"image {shown_path(picture.path)}" if picture.path else "an image that came as bytes"
        return FieldError(f"images.{place}", f"{where} cannot be decoded: {one_line(error)}")
    return None


def _counted(task: ReadTask, instances: list[Instance]) -> list[Tokens | FieldError]:
    if task.model is None:
        return [UNCOUNTED] * len(instances)
    from cmqa_tasks.training.count import counter

    return [_within(tokens, task.max_tokens) for tokens in counter(task.model, task.revision).count(instances)]


def _within(tokens: Tokens | FieldError, limit: int | None) -> Tokens | FieldError:
    if isinstance(tokens, Tokens) and limit is not None and tokens.alone > limit:
        return FieldError("(row)", f"{tokens.alone} tokens, more than --max-tokens {limit}; an instance is never split")
    return tokens
