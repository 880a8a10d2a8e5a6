"""What the plugin adds to lmms-eval's start, and what loading one task costs. Prints medians; run it alone on a quiet machine.

    python benchmarks/startup.py [rounds]

Each measurement runs in a fresh process. Indexing is measured without the harness's own tasks, whose two to three seconds
would drown the difference.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

_START = """
import sys, time
import lmms_eval.tasks
modules = set(sys.modules)
begin = time.perf_counter()
from cmqa_tasks.plugin import include_tasks
include_tasks()
entered = time.perf_counter()
lmms_eval.tasks.TaskManager(include_defaults=False)
indexed = time.perf_counter()
lmms_eval.tasks.TaskManager.__init__.__wrapped__(object.__new__(lmms_eval.tasks.TaskManager), include_defaults=False)
empty = time.perf_counter()
print(entered - begin, (indexed - entered) - (empty - indexed), len(set(sys.modules) - modules))
"""
_TASK = """
import resource, sys, time
import datasets, torch, PIL.Image, lmms_eval.api.task, lmms_eval.evaluator
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begin = time.perf_counter()
from cmqa_tasks.task_classes import ConflictTask
task = ConflictTask(arm="{arm}")
elapsed = time.perf_counter() - begin
print(elapsed, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def measured(program: str) -> list[float]:
    """The numbers that a program prints on its last line, run in a fresh process."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.splitlines()[-1].split()]


def main(rounds: int) -> None:
    rows = [measured(_START) for _ in range(rounds)]
    entry, index = (1000 * statistics.median(column) for column in list(zip(*rows, strict=True))[:2])
    print(f"entry point {entry:.1f} ms, indexing our tasks {index:.1f} ms, {rows[0][2]:.0f} modules imported")
    for arm in ("text_text", "image_text"):
        rows = [measured(_TASK.format(arm=arm)) for _ in range(rounds)]
        seconds, megabytes = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"loading cmqa_{arm}: {seconds:.2f} s, {megabytes:.0f} MB more at the peak")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
