"""The judge that some benchmarks ask to read an answer (MathVista), and how its absence is told apart from its word.

lmms-eval takes it from the environment: ``OPENAI_API_KEY`` (with ``OPENAI_API_URL`` for a server of one's own), ``API_TYPE`` and
``MODEL_VERSION``. Without one MathVista's code does not even load. Here its place is then taken by lmms-eval's ``dummy``, whose
only word is "dummy": what needed a judge is known by that, and gets no score.
"""

from __future__ import annotations

import os

DUMMY = "dummy"
_TASKS = "mathvista"
_KIND, _MODEL = "openai", "gpt-4o-2024-11-20"
"""lmms-eval's defaults."""


def judge_of(task: str) -> str | None:
    """Which judge reads the answers of a task; None where it has none, or there is none."""
    kind = os.environ.get("API_TYPE") or (_KIND if os.environ.get("OPENAI_API_KEY") else DUMMY)
    if not task.startswith(_TASKS) or kind == DUMMY:
        return None
    return f"{kind}: {os.environ.get('MODEL_VERSION', _MODEL)}"
