"""What ``cmqa mix`` lets one choose from. Nothing is imported here, so that a command line starts at once."""

from __future__ import annotations

from typing import Literal, get_args

Strategy = Literal["none", "dataset", "same", "instance"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
JOINING: frozenset[Strategy] = frozenset({"same", "instance"})
"""The strategies that put several instances into one example."""

Format = Literal["parquet", "jsonl", "swift", "llamafactory", "qwen-vl", "webdataset"]
"""How a training set is written: the first two are TRL's."""
FORMATS: tuple[Format, ...] = get_args(Format)

Images = Literal["reference", "embed"]
"""Whether a training set names image files where they lie, or holds their bytes."""
IMAGES: tuple[Images, ...] = get_args(Images)

OnError = Literal["fail", "skip"]
"""What happens at a bad row."""
ON_ERROR: tuple[OnError, ...] = get_args(OnError)
