"""Names that attention logs, commands and drawings share. Nothing is imported here, so that a command line starts at once."""

from __future__ import annotations

from typing import Literal, get_args

Aggregate = Literal["last_prompt", "generated", "question"]
"""Which query rows were averaged: the last prompt token, the generated tokens that the model read, the question's tokens."""
AGGREGATES: tuple[Aggregate, ...] = get_args(Aggregate)

Compared = Literal["conflict", "agree"]
"""Relations of the items that have two pieces of evidence to compare."""
COMPARED: tuple[Compared, ...] = get_args(Compared)
