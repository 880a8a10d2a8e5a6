"""Which attention log is whose: a model's own, below the directory that its results were read from, and no other's.

The one rule for every reader: numbers in tables, maps and the page's items come from the same logs.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from cmqa_tasks.attention import store
from cmqa_tasks.attention.bias import bias_of, bias_text
from cmqa_tasks.results.stamp import UNKNOWN, ModelStamp

_REVISION = "main"
"""The model's own default."""


def own(subject: ModelStamp, directories: Collection[Path], samples: Collection[Path]) -> list[Path]:
    """The directories of a model's own logs, sorted; of several, those that are nearest to its samples.

    Raises:
        cmqa_tasks.attention.store.StoreError: a log is damaged.
    """
    located = {folder for directory in directories for folder in store.locate(directory)}
    folders = sorted(folder for folder in located if is_of(files(folder)[0], subject))
    near = {folder: max(len(Path(os.path.commonpath([folder, path])).parts) for path in samples) for folder in folders}
    return [folder for folder in folders if near[folder] == max(near.values())]


def files(folder: Path) -> list[Path]:
    """The files of a log: shards, or the merged one, or both."""
    return sorted(folder.glob("*.parquet"))


def is_of(path: Path, subject: ModelStamp) -> bool:
    """Whether a log's file is of a model: checkpoint and attention bias are the same, and revision and dtype as far as both say.

    Raises:
        cmqa_tasks.attention.store.StoreError: the file is damaged.
    """
    arguments = dict(part.partition("=")[::2] for part in subject.arguments.split(","))
    about = store.read_metadata(path)
    return (
        about.model == arguments.get("pretrained")
        and about.bias == _bias(arguments.get("attention_bias"))
        and about.revision in ("", arguments.get("revision", _REVISION))
        and (not about.dtype or subject.dtype in (UNKNOWN, about.dtype))
    )


def _bias(text: str | None) -> str | None:
    """A bias as a log names it; None for what is none, as another model's argument of this name may be."""
    try:
        return bias_text(bias_of(text))
    except ValueError:
        return None
