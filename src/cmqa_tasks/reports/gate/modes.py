"""How the gate compares: item by item, or statistically. Nothing is imported here, so that a command line starts at once."""

from __future__ import annotations

from typing import Literal, get_args

Mode = Literal["exact", "paired"]
MODES: tuple[Mode, ...] = get_args(Mode)
