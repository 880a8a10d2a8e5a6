"""How the harnesses find our models and tasks.

lmms-eval has an entry point for models (``lmms_eval.models``) and none for tasks. Its payload below therefore also makes our
task directory part of every :class:`lmms_eval.tasks.TaskManager` that is built afterwards. lm-eval 0.4.13 has entry points for
neither: ``--include_path "$(cmqa tasks-path lm-eval)"`` finds the tasks, and ``cmqa lm-eval …`` (:func:`run_lm_eval`) the
reference policies as well. Later versions find the policies by our entry point, and perhaps the tasks.
Nothing heavy is imported here; the model classes load when they are asked for.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cmqa_tasks.harness.catalogue import Harness

_MARK = "_cmqa_tasks_included"
_DIRECTORIES: Mapping[str, Harness] = {"lmms-eval": "lmms_eval", "lm-eval": "lm_eval"}


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
            chat_class_path="cmqa_tasks.harness.reference_lmms.ChatReference",
            simple_class_path="cmqa_tasks.harness.reference_lmms.SimpleReference",
        ),
    ]


def include_tasks() -> None:
    """Add our task directory to every TaskManager of lmms-eval built from now on. Doing it twice changes nothing."""
    from lmms_eval.tasks import TaskManager

    include(TaskManager, "lmms-eval")


def run_lmms_eval(arguments: Sequence[str]) -> int:
    """lmms-eval's own command line in this process, with our tasks in its lists too; returns its exit code.

    ``lmms-eval tasks list`` looks at no model and therefore at no entry point.

    Raises:
        ModuleNotFoundError: lmms-eval is not installed.
    """
    include_tasks()
    return _run("lmms-eval", arguments)


def run_lm_eval(arguments: Sequence[str]) -> int:
    """lm-eval's own command line in this process, with our tasks and the reference policies; returns its exit code.

    Raises:
        ModuleNotFoundError: lm-eval is not installed.
    """
    import lm_eval.models  # noqa: F401 -- the harness fills its registry only while that is empty
    from lm_eval.api.registry import MODEL_REGISTRY, register_model
    from lm_eval.tasks import TaskManager

    from cmqa_tasks.harness.reference_lm import LMReference

    if "cmqa_reference" not in MODEL_REGISTRY:
        register_model("cmqa_reference")(LMReference)
    if not finds_ours(TaskManager):
        include(TaskManager, "lm-eval")
    return _run("lm-eval", arguments)


def _run(command: str, arguments: Sequence[str]) -> int:
    """Call what a console command calls, as its script would."""
    (script,) = importlib.metadata.entry_points(group="console_scripts", name=command)
    sys.argv = [command, *arguments]
    return int(script.load()() or 0)


def finds_ours(manager: Any) -> bool:
    """Whether a harness's TaskManager finds our tasks by itself, through our entry point for them."""
    return "cmqa_crossmodal" in manager(include_defaults=False).all_tasks


def include(manager: Any, harness: str) -> None:
    """Let a harness's TaskManager look into our directory, too, whatever include path it is given.

    Raises:
        RuntimeError: this version's TaskManager takes no include path.
    """
    original = manager.__init__
    if getattr(original, _MARK, False):
        return
    from cmqa_tasks.harness.task_files import tasks_dir

    ours, signature = str(tasks_dir(_DIRECTORIES[harness])), inspect.signature(original)
    if "include_path" not in signature.parameters:
        version = importlib.metadata.version(harness)
        raise RuntimeError(
            f"{harness} {version}: its TaskManager takes {signature} and no include_path, so our tasks cannot be shown to it; "
            "install a version that cmqa-tasks names in its requirements"
        )

    @functools.wraps(original)
    def including(self: Any, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        include_path = bound.arguments.get("include_path")
        theirs = [str(path) for path in ([include_path] if isinstance(include_path, (str, Path)) else include_path or [])]
        bound.arguments["include_path"] = theirs if ours in theirs else [*theirs, ours]
        original(*bound.args, **bound.kwargs)

    setattr(including, _MARK, True)
    manager.__init__ = including
