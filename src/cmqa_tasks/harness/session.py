"""Which model this process evaluates, in the model's own words: how its dtype and attention get into the results file.

A harness writes down how a model was asked for (``dtype=auto``), and a task's configuration; what the model became, only the
model knows. It says so here, and our tasks write it into their metadata.
"""

from __future__ import annotations

from collections.abc import Mapping


class Running:
    """The model of ours that was loaded last. It names itself, so that a reader of the file can tell whether it is the one."""

    def __init__(self) -> None:
        self._about: Mapping[str, str] = {}

    @property
    def about(self) -> Mapping[str, str]:
        """``name``, ``revision``, ``dtype`` and ``attention``; empty before any model of ours is loaded."""
        return self._about

    def say(self, name: str, revision: str, dtype: str, attention: str) -> None:
        """Called by a model when it is ready.

        Args:
            name: the checkpoint, as it was asked for.
            revision: its revision; the commit where it is known.
            dtype: of its parameters.
            attention: the attention implementation.
        """
        self._about = {"name": name, "revision": revision, "dtype": dtype, "attention": attention}


RUNNING = Running()
"""The one of this process."""
