"""What the plugin adds to the harnesses' start and lists, and what loading one task costs.

Prints medians; run it alone on a quiet machine.

    python benchmarks/startup.py [rounds]

Each measurement runs in a fresh process. Indexing is measured without the harness's own tasks, whose two to three seconds
would drown the difference. Lists are whole commands, with and without our tasks in turn.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

_START = """
import sys, time
import lmms_eval.tasks
modules = set(sys.modules)
begin = time.perf_counter()
from cmqa_tasks.harness.plugin import include_tasks
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
from cmqa_tasks import ConflictTask
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


def lists(rounds: int) -> None:
    """Whole commands that list all tasks, theirs and with ours, side by side."""
    from cmqa_tasks.harness.task_files import tasks_dir

    commands = (
        ("lmms_eval", ("lmms-eval", "tasks", "list"), "--include-path"),
        ("lm_eval", ("lm-eval", "ls", "tasks"), "--include_path"),
    )
    for harness, command, option in commands:
        script = str(Path(sys.executable).with_name(command[0]))
        include = [option, str(tasks_dir(harness))]
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for number in range(2 * rounds):
            ours = number % 2 == 1
            begin = time.perf_counter()
            subprocess.run([script, *command[1:], *(include if ours else [])], capture_output=True, check=True)
            seconds[ours].append(time.perf_counter() - begin)
        without, within = (statistics.median(seconds[ours]) for ours in (False, True))
        print(f"{' '.join(command)}: {without:.2f} s, with ours {within:.2f} s: {within / without:.3f} times")


if __name__ == "__main__":
    ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    main(ROUNDS)
    lists(ROUNDS)
