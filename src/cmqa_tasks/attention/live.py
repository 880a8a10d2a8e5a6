"""What this process has logged so far, by task and item: how attention gets beside accuracy.

A harness has no channel from a model to a task's scorer, but both live in one process. The model that logs opens the board, the
tasks that are made afterwards look whether it is open, and the scorer asks for an item's summary. Everything is on disk as well.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

Summary = Mapping[str, float]
"""The per-item numbers of :func:`cmqa_tasks.attention.summary.item_summary`."""


class Board:
    """Summaries by (task, item), safe to use from the harness's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._summaries: dict[tuple[str, str], Summary] = {}

    @property
    def open(self) -> bool:
        """Whether a model of this process logs attention."""
        return self._open

    def start(self) -> None:
        """Begin afresh: a model was loaded that logs."""
        with self._lock:
            self._open = True
            self._summaries.clear()

    def stop(self) -> None:
        """Nothing is logged any more: a model was loaded that does not log."""
        with self._lock:
            self._open = False
            self._summaries.clear()

    def put(self, task: str, item: str, summary: Summary) -> None:
        """Keep the summary of an item's response."""
        with self._lock:
            self._summaries[task, item] = summary

    def get(self, task: str, item: str) -> Summary | None:
        """The summary of an item; None when its response came from elsewhere, such as a response cache."""
        with self._lock:
            return self._summaries.get((task, item))


BOARD = Board()
"""The one of this process."""
