"""``cmqa demo --every-policy``: the reference policies through the real lmms-eval, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.harness.catalogue import GROUPS, task_name
from cmqa_tasks.harness.evaluations import DEMO, begin, evaluate
from cmqa_tasks.results import latest_results
from cmqa_tasks.scoring.policies import POLICIES
from cmqa_tasks.writing import markdown
from cmqa_tasks.writing.numbers import number

TASKS = ("cmqa_unimodal", "cmqa_crossmodal", "clqa_monolingual", "clqa_crosslingual")
ROWS = (*(task_name(ARMS[arm]) for group in TASKS for arm in GROUPS[group]), *TASKS)
_PREFERENCES = ("prefers_first", "prefers_image", "prefers_english")
COLUMNS = ("balanced", "recognition", "false_alarm", "agree_correct", *_PREFERENCES, "unparsed", "abstained")


def run(out: Path, limit: int | None = None) -> str:
    """Evaluate the policies and return the table.

    Raises:
        EvaluationError: an evaluation failed.
        FileExistsError: ``out`` holds something else than a demo.
    """
    begin(out, DEMO)
    common = {"model": "cmqa_reference", "tasks": ",".join(TASKS), "log_samples": True} | (
        {} if limit is None else {"limit": limit}
    )
    configs = [common | {"model_args": f"policy={name}", "output_path": str(out / name)} for name in POLICIES]
    for failure in evaluate(configs, out):
        if failure is not None:
            raise failure
    return table(list(POLICIES), out)


def table(models: Sequence[str], out: Path) -> str:
    """The Markdown table of models whose results lie in ``out/<model>``, a row per model and task.

    Raises:
        ResultsError: a model has no results.
    """
    return markdown.table(["model", "task", *COLUMNS], [row for name in models for row in _rows(name, out)])


def _rows(name: str, out: Path) -> Iterator[list[str]]:
    results = latest_results(out / name)
    for task in ROWS:
        yield [name, task, *(number(results.metric(task, column)) for column in COLUMNS)]
