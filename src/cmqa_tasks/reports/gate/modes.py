"""How the gate compares, what it may say, and what of that fails. Imports nothing, so that a command line starts at once."""

from __future__ import annotations

from typing import Literal, get_args

Mode = Literal["exact", "paired"]
MODES: tuple[Mode, ...] = get_args(Mode)
Status = Literal["regressed", "cannot tell", "changed", "improved", "unchanged"]
"""Gravest first."""
STATUSES: tuple[Status, ...] = get_args(Status)
Failing = Literal["regressed", "cannot-tell", "changed", "improved"]
"""What can fail, as a command line writes it."""
FAILING: tuple[Failing, ...] = get_args(Failing)
FAIL_ON: tuple[Failing, ...] = ("regressed", "cannot-tell", "changed")
"""What fails unless the user says otherwise: an improvement passes."""
