"""How the harnesses find our tasks."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest
from commands import run_command

from cmqa_tasks.harness.plugin import finds_ours, include
from cmqa_tasks.harness.task_files import tasks_dir

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["lmms-eval", "lm-eval"])
def test_a_task_manager_that_takes_no_include_path_is_refused_with_its_version(name: str) -> None:
    """Set without a look at the signature, the path would be dropped without a word, and our tasks with it."""

    class Other:
        def __init__(self, verbosity: str = "INFO", **others: object) -> None:
            self.verbosity = verbosity

    installed = re.escape(importlib.metadata.version(name))
    with pytest.raises(RuntimeError, match=rf"{name} {installed}: its TaskManager takes .*verbosity.* and no include_path"):
        include(Other, name)
    assert Other("DEBUG").verbosity == "DEBUG"


@pytest.mark.harness
def test_our_tasks_are_listed_by_lmms_eval(tmp_path: Path) -> None:
    done = run_command("-m", "cmqa_tasks.cli", "lmms-eval", "tasks", "list", cwd=tmp_path)
    for group in ("cmqa_crossmodal", "clqa_prompts", "cmqa_crossmodal__neutral"):
        assert group in done.stdout.split(), done.stderr[-2000:]


@pytest.mark.harness
def test_our_tasks_are_listed_beside_those_of_lm_eval(tmp_path: Path) -> None:
    done = run_command("-m", "cmqa_tasks.cli", "lm-eval", "ls", "groups", cwd=tmp_path)
    assert done.returncode == 0
    for group in ("clqa_crosslingual", "cmqa_prompts", "mmlu"):
        assert f"|{group} " in done.stdout


def test_the_entry_point_for_tasks_names_a_package_that_holds_them() -> None:
    """lm-eval looks for the directory of a package by its name."""
    declared = re.search(r'"lm_eval.tasks"\]\ncmqa_tasks = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert declared is not None
    spec = importlib.util.find_spec(declared[1])
    assert spec is not None
    assert spec.submodule_search_locations is not None
    assert (Path(next(iter(spec.submodule_search_locations))) / "cmqa_crossmodal.yaml").is_file()


@pytest.mark.harness
def test_a_harness_that_finds_our_tasks_by_itself_is_left_alone() -> None:
    from lm_eval.tasks import TaskManager

    class Next(TaskManager):  # type: ignore[misc]
        def __init__(self, include_defaults: bool = True) -> None:
            super().__init__(include_path=str(tasks_dir("lm_eval")), include_defaults=include_defaults)

    assert not finds_ours(TaskManager)
    assert finds_ours(Next)
