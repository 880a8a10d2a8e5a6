"""The task files of a checkout: written when they are first asked for, wherever they may go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cmqa_tasks.harness import catalogue, task_files
from cmqa_tasks.harness.catalogue import HARNESSES

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "cmqa_tasks.cli", "tasks-path", "lm-eval")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a checkout has of code, prompts and tasks; the data are not needed."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("data", "checkpoints", "__pycache__"))
    for name in ("tasks", "prompts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def tasks_path(checkout: Path, **environment: str) -> Path:
    return Path(finished(start(checkout, **environment)))


def start(checkout: Path, **environment: str) -> subprocess.Popen[str]:
    changed = os.environ | {"PYTHONPATH": str(checkout / "src")} | environment
    return subprocess.Popen(COMMAND, cwd="/", env=changed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.strip()


def test_what_is_kept_to_be_read_is_what_is_written() -> None:
    """When this fails: python -m cmqa_tasks.harness.task_files."""
    kept = [*(ROOT / "tasks").rglob("*.yaml"), ROOT / task_files.TASKS_PAGE]
    assert {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in kept} == task_files.to_read()


def test_a_checkout_s_files_lie_in_its_build_directory_and_are_all_there(checkout: Path) -> None:
    directory = tasks_path(checkout)
    assert directory.is_relative_to(checkout / "build")
    for harness in HARNESSES:
        names = {path.name for path in (directory.parent / harness).rglob("*") if path.is_file()}
        assert {f"{name}.yaml" for name in catalogue.names(harness)} | {"_template", "_settings"} <= names
    assert tasks_path(checkout) == directory


def test_files_of_another_state_of_the_code_are_not_found(checkout: Path) -> None:
    before = tasks_path(checkout)
    template = checkout / "tasks" / "lm_eval" / "_template"
    template.write_text(template.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    after = tasks_path(checkout)
    assert after != before
    assert (after / "_template").read_text(encoding="utf-8").endswith("# changed\n")


def test_processes_that_write_at_once_agree(checkout: Path) -> None:
    processes = [start(checkout) for _ in range(4)]
    (directory,) = {finished(process) for process in processes}
    assert [path.name for path in (checkout / "build" / "tasks").iterdir()] == [Path(directory).parent.name]
    assert len(list(Path(directory).rglob("*.yaml"))) == len(catalogue.names("lm_eval"))


def test_where_a_checkout_cannot_be_written_the_user_s_cache_serves(checkout: Path, tmp_path: Path) -> None:
    (checkout / "build").write_text("no directory\n")
    cache = tmp_path / "cache"
    assert (tasks_path(checkout, XDG_CACHE_HOME=str(cache)) / "cmqa.yaml").is_file()
    assert [path.name for path in cache.iterdir()] == ["cmqa-tasks"]


def test_where_nothing_can_be_written_both_places_are_named(checkout: Path, tmp_path: Path) -> None:
    for name in ("build", "cache"):
        (checkout / name).write_text("no directory\n")
    process = start(checkout, XDG_CACHE_HOME=str(checkout / "cache"))
    _, error = process.communicate()
    assert process.returncode == 2
    assert f"cannot write task files to {checkout / 'build'}" in error
    assert "set XDG_CACHE_HOME" in error
