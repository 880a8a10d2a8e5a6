"""The YAML files of our tasks, as each harness looks for them: one file for every task and group.

They follow from :mod:`cmqa_tasks.harness.catalogue`, so they are not kept but written: into the wheel when it is built, and for a
checkout when they are first asked for. ``tasks/`` keeps what they include, and those that people may want to read. After a change
of arms, protocols, groups or metrics, write these and ``docs/tasks.md`` afresh, in a checkout::

    python -m cmqa_tasks.harness.task_files
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cmqa_tasks.facts import resources
from cmqa_tasks.harness import catalogue
from cmqa_tasks.harness.catalogue import HARNESSES, Harness

TASKS_PAGE = "docs/tasks.md"


def tasks_dir(harness: Harness) -> Path:
    """The directory of a harness's task files, for its ``include_path``.

    In a wheel they are there. For a checkout they are written on demand, into its ``build/tasks``, or where that cannot be
    written into the user's cache. The directory's name is a hash of what is in it: files of another state of the code are never
    found, and processes that write at once write the same.

    Raises:
        FileNotFoundError: a broken installation.
        PermissionError: neither directory can be written.
    """
    if resources.in_wheel():
        return resources.task_sources() / harness
    texts = _texts()
    digest = hashlib.sha256()
    for path, text in sorted(texts.items()):
        digest.update(f"{path}\0{text}\0".encode())
    name = digest.hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    directories = [resources.checkout() / "build" / "tasks" / name, cache / "cmqa-tasks" / "tasks" / name]
    for directory in directories:
        if directory.is_dir() or _written(directory, texts):
            return directory / harness
    tried = " or ".join(map(str, directories))
    raise PermissionError(f"cannot write task files to {tried}; set XDG_CACHE_HOME to a directory that can be written")


def _texts() -> dict[str, str]:
    """Path below ``tasks/`` → contents, of every file of both harnesses."""
    sources = resources.task_sources()
    included = [path for harness in HARNESSES for path in (sources / harness).iterdir() if path.name.startswith("_")]
    shared = {path.relative_to(sources).as_posix(): path.read_text(encoding="utf-8") for path in included}
    return shared | {f"{harness}/{file.path}": file.text for harness in HARNESSES for file in catalogue.files(harness)}


def _written(directory: Path, texts: Mapping[str, str]) -> bool:
    """Write a new directory, whole or not at all; whether it is there. Another process that was faster has written the same."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f"{directory.name}.", suffix=".partial", dir=directory.parent))
    except OSError:
        return False
    try:
        _write(partial, texts)
        partial.chmod(0o755)  # a temporary directory is the user's alone
        os.rename(partial, directory)
    except OSError:
        shutil.rmtree(partial)
    return directory.is_dir()


def _write(directory: Path, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def write(directory: Path) -> None:
    """Write the task files of both harnesses, a directory each; for the build of a wheel."""
    _write(directory, _texts())


def to_read() -> dict[str, str]:
    """Path in the checkout → contents, of the files that are written for people: ``docs/tasks.md`` and some of the tasks."""
    from cmqa_tasks.harness.tasks_page import tasks_page  # not needed where a wheel is built

    tasks = {
        f"tasks/{harness}/{file.path}": file.text
        for harness in HARNESSES
        for file in catalogue.files(harness)
        if catalogue.is_read(file)
    }
    return tasks | {TASKS_PAGE: tasks_page()}


def main() -> None:
    """Write what a checkout keeps afresh."""
    for old in resources.task_sources().rglob("*.yaml"):
        old.unlink()
    _write(resources.checkout(), to_read())


if __name__ == "__main__":
    main()
