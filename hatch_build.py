"""Writes the task files when a distribution of cmqa-tasks is built: they follow from the code and are not kept beside it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TaskFilesHook(BuildHookInterface[Any]):
    """Puts the tasks of both harnesses into a wheel; for an editable installation, where the checkout looks for them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds; ``version`` is ``editable`` or ``standard``."""
        sys.path.insert(0, str(Path(self.root) / "src"))
        from cmqa_tasks.harness import task_files

        if version == "editable":
            task_files.tasks_dir("lmms_eval")
            return
        self._directory = Path(tempfile.mkdtemp())
        task_files.write(self._directory)
        build_data["force_include"][str(self._directory)] = "cmqa_tasks/_shipped/tasks"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling when the wheel is written."""
        if version != "editable":
            shutil.rmtree(self._directory)
