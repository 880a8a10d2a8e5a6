"""Why an evaluation failed, from what lmms-eval printed: it goes on with the next task and exits with 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TASK = re.compile(r"Selected Tasks: \['(?P<task>[^']+)'\]")
_ERROR = re.compile(r"Error during evaluation: (?P<what>.*?)(?:\. Please set `--verbosity=DEBUG`.*)?$")
_EXCEPTION = re.compile(r"[\w.]+(?:Error|Exception): \S.*")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def reasons(log: str, tasks: Sequence[str]) -> dict[str, str]:
    """What stopped each task: the first of the exceptions that followed from each other; of a task of which the log says nothing,
    that it was not reached.

    Args:
        log: all that one process printed.
        tasks: in the order of their evaluation.
    """
    found = dict.fromkeys(tasks, "it was not reached or was stopped; see the log")
    task, first = tasks[0], ""
    for line in _COLOURS.sub("", log).splitlines():
        if selected := _TASK.search(line):
            task, first = selected["task"], ""
        elif error := _ERROR.search(line):
            found[task] = first or error["what"]
        elif not first and _EXCEPTION.fullmatch(line):
            first = line
    return found
