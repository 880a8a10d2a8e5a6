"""What a process keeps of the model that it evaluates: what the model became, and the attention that it has logged.

A harness has no channel from a model to a task's scorer or into a results file, but all live in one process. A model of ours
says here what was loaded (``dtype=auto`` became float32) and, where it logs attention, a summary per item; tasks that are made
afterwards write both down. The attention is on disk as well.

    SESSION.load({"name": "cmqa:mini_instance", "dtype": "float32", …}, logs_attention=True)
    SESSION.keep("cmqa_image_text", "1f0c9a52bd3e7788", {"log_density_ratio": 0.2})
    SESSION.attention("cmqa_image_text", "1f0c9a52bd3e7788")
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple

Summary = Mapping[str, float]
"""The per-item numbers of :func:`cmqa_tasks.attention.summary.item_summary`."""


class Ending(NamedTuple):
    """What a model knows of its answer, beside the text."""

    cut: bool
    """The limit on new tokens ended it."""
    reasoning_opened: bool
    """Its prompt ended with the mark that opens the reasoning, and the text begins within that."""


class Session:
    """The model of ours that was loaded last, and what it has logged. Safe to use from the harness's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin afresh, as before any model is loaded."""
        with self._lock:
            self._model: Mapping[str, str] = {}
            self._logs_attention = False
            self._summaries: dict[tuple[str, str], Summary] = {}
            self._endings: dict[tuple[str, str], Ending] = {}

    def load(self, model: Mapping[str, str], *, logs_attention: bool) -> None:
        """Called by a model when it is ready; what an earlier one has logged is forgotten.

        Args:
            model: ``name`` (as it was asked for, so that a reader of the file can tell whether it is the one), ``revision``
                (the commit where it is known), ``dtype`` of its parameters, ``attention`` (the implementation).
            logs_attention: whether it will :meth:`keep` summaries.
        """
        with self._lock:
            self._model, self._logs_attention, self._summaries, self._endings = dict(model), logs_attention, {}, {}

    @property
    def model(self) -> Mapping[str, str]:
        """What :meth:`load` was told; empty before any model of ours is loaded."""
        return self._model

    @property
    def logs_attention(self) -> bool:
        """Whether the model logs attention."""
        return self._logs_attention

    def keep(self, task: str, item: str, summary: Summary) -> None:
        """Keep the summary of an item's response."""
        with self._lock:
            self._summaries[task, item] = summary

    def end(self, task: str, item: str, ending: Ending) -> None:
        """Keep how the answer to an item began and ended."""
        with self._lock:
            self._endings[task, item] = ending

    def ending(self, task: str, item: str) -> Ending:
        """How an answer began and ended; neither opened nor cut when it came from elsewhere, such as a response cache."""
        with self._lock:
            return self._endings.get((task, item), Ending(cut=False, reasoning_opened=False))

    def attention(self, task: str, item: str) -> Summary | None:
        """The summary of an item; None when its response came from elsewhere, such as a response cache."""
        with self._lock:
            return self._summaries.get((task, item))


SESSION = Session()
"""The session of this process."""
