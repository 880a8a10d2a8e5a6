"""What ``cmqa mix`` wrote, opened for training: images are decoded when they are needed, and a damaged one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets

from cmqa_tasks.facts.whole_images import whole_images
from cmqa_tasks.training.config import ConfigError
from cmqa_tasks.training.shards import features
from cmqa_tasks.writing.problems import one_line


def training_set(where: str, *, images: bool, field: str = "data") -> datasets.Dataset:
    """Open what ``cmqa mix`` wrote.

    Args:
        where: its directory, or one of its files.
        images: whether the model sees; one that does not gets no column of images.
        field: what errors call it.

    Raises:
        ConfigError: nothing there, damaged, no such columns, or images for a model of text alone.
    """
    path = Path(where)
    files = sorted(path.glob("train-*.*")) if path.is_dir() else [path]
    kinds = {file.suffix for file in files}
    if not all(file.is_file() for file in files) or kinds not in ({".parquet"}, {".jsonl"}):
        raise ConfigError(f"{field}: {where} is nothing that cmqa mix wrote: no train-*.parquet or train-*.jsonl")
    told: dict[str, Any] = {"data_files": [str(file) for file in files], "split": "train"}
    try:
        if kinds == {".parquet"}:
            found = datasets.load_dataset("parquet", **told)
        else:
            found = datasets.load_dataset("json", features=datasets.Features.from_dict(features()), **told)
    except (datasets.exceptions.DatasetsError, OSError, ValueError) as error:
        raise ConfigError(f"{field}: {where} cannot be read: {error.__cause__ or error}") from error
    if not all(name in found.column_names and not found.data[name].null_count for name in ("messages", "images")):
        raise ConfigError(f"{field}: {where} must have columns messages and images, and both in every row")
    if images:
        kept = found.select_columns([name for name in ("messages", "images", "provenance") if name in found.column_names])
        return kept.cast_column("images", datasets.List(datasets.Image(decode=False))).with_transform(_decoded)
    found = found.select_columns(["messages", "images"])
    if any(map(len, found.select_columns(["images"]).with_format("arrow")[:]["images"])):
        raise ConfigError(f"{field}: {where} has images, and the model reads texts alone")
    return found.remove_columns("images")


def _decoded(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Rows with pictures, as the library decodes them.

    Raises:
        ConfigError: an image is damaged or has gone; the message names it and the rows that its example was made of.
    """
    decoder = datasets.Image()
    pictures: list[list[Any]] = []
    for row, images in enumerate(rows["images"]):
        pictures.append([])
        for image in images:
            try:
                with whole_images():
                    pictures[-1].append(decoder.decode_example(image))
            except (OSError, SyntaxError, ValueError) as error:
                origins = rows["provenance"][row] if "provenance" in rows else []
                made_of = " and ".join(f"{one['file']}:{one['row']} (id {one['id']})" for one in origins) or "no known row"
                path = image["path"] or "that came as bytes"
                raise ConfigError(f"data: image {path}, of {made_of}, cannot be decoded: {one_line(error)}") from error
    return {"messages": rows["messages"], "images": pictures}
