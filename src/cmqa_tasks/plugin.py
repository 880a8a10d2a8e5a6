"""What lmms-eval finds through the entry point ``lmms_eval.models``: our models, and with them our tasks.

lmms-eval has an entry point for models and none for tasks. The callable below therefore also makes our task directory
part of every :class:`lmms_eval.tasks.TaskManager` that is built afterwards. It imports nothing heavy; the model
classes load when they are asked for.
"""

from __future__ import annotations

import functools
from typing import Any

from cmqa_tasks import resources

_MARK = "_cmqa_tasks_included"


def manifests() -> list[Any]:
    """Payload of the entry point: the manifests of our models. Makes our tasks visible on the way.

    Raises:
        FileNotFoundError: the installation lacks its task files.
    """
    from lmms_eval.models.registry_v2 import ModelManifest

    include_tasks()
    return [
        ModelManifest(model_id="cmqa_hf", chat_class_path="cmqa_tasks.models.hf.CmqaHF"),
        ModelManifest(
            model_id="cmqa_reference",
            chat_class_path="cmqa_tasks.models.reference.ChatReference",
            simple_class_path="cmqa_tasks.models.reference.SimpleReference",
        ),
    ]


def include_tasks() -> None:
    """Add our task directory to the include path of every TaskManager built from now on. Doing it twice changes nothing."""
    from lmms_eval.tasks import TaskManager

    original = TaskManager.__init__
    if getattr(original, _MARK, False):
        return
    ours = str(resources.tasks_dir("lmms_eval"))

    @functools.wraps(original)
    def including(self: Any, verbosity: str = "INFO", include_path: Any = None, *args: Any, **kwargs: Any) -> None:
        theirs = [include_path] if isinstance(include_path, str) else list(include_path or [])
        paths = theirs if ours in theirs else [*theirs, ours]
        original(self, verbosity, paths, *args, **kwargs)

    setattr(including, _MARK, True)
    TaskManager.__init__ = including
