"""The task object of lmms-eval, over the functions of :mod:`cmqa_tasks.tasks`. The YAMLs and Python use the same class.

An arm of your own data, evaluated from Python::

    from lmms_eval.evaluator import simple_evaluate
    from cmqa_tasks.own import read_jsonl
    from cmqa_tasks.task_classes import ConflictTask

    task = ConflictTask(arm="image_text", data=read_jsonl("receipts.jsonl"))
    simple_evaluate(model="cmqa_hf", model_args="pretrained=…", tasks=[task])
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import datasets
from lmms_eval import utils
from lmms_eval.api.instance import Instance
from lmms_eval.api.task import ConfigurableMessagesTask

from cmqa_tasks import metrics, resources, tasks
from cmqa_tasks.records import Arm, arm_named
from cmqa_tasks.release import DEFAULT, Release, load

SPLIT = "test"
_BOUND = ("doc_to_text", "doc_to_target", "process_results", "metric_list")


class EitherArgument(dict[str, Any]):
    """Generation kwargs that can also be called: what a chat and a simple model expect in one place of a request.

    lmms-eval asks for ``(context, doc_to_messages, gen_kwargs, …)`` where a chat model reads a request and for
    ``(context, gen_kwargs, doc_to_visual, …)`` where a simple one does, but does not tell a Python task which kind
    will. Of each of these two places one kind of model reads the dictionary and the other calls it, so the request
    serves both.
    """

    def __init__(self, generation: Mapping[str, Any], function: Callable[[Any], Any]) -> None:
        super().__init__(copy.deepcopy(dict(generation)))
        self.function = function

    def __call__(self, doc: Any) -> Any:
        """What the function gives for a document: messages or images."""
        return self.function(doc)

    def __deepcopy__(self, memo: dict[int, Any]) -> EitherArgument:
        return EitherArgument(self, self.function)

    def __reduce__(self) -> tuple[Any, ...]:
        return EitherArgument, (dict(self), self.function)


class ConflictTask(ConfigurableMessagesTask):  # type: ignore[misc]
    """One arm under one protocol on one set of data: loads, prompts and scores.

    Args:
        arm: a shipped arm by name, or an :class:`~cmqa_tasks.records.Arm` of your own.
        protocol: a protocol of ``prompts/``.
        data: a :class:`~cmqa_tasks.release.Release`, the name of a shipped one, or a release's directory.
        name: the task's name in tables and files; by default ``cmqa_<arm>``, and ``<release>_<arm>`` for data of your own.
        config: a task YAML's contents, as the harness passes them; ``arm``, ``protocol`` and ``data`` may stand in it.

    Raises:
        ValueError: unknown arm or protocol, or no arm at all; the message lists what exists.
        cmqa_tasks.release.ReleaseError: the data cannot be read or lacks a piece of evidence.
    """

    def __init__(
        self,
        arm: str | Arm | None = None,
        protocol: str = "aware",
        data: Release | str | Path | None = None,
        *,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        settings = dict(config) if config is not None else _template()
        settings.pop("class", None)
        arm = settings.pop("arm", arm)
        if arm is None:
            raise ValueError("a ConflictTask needs an arm: pass arm=…, or write 'arm:' into its YAML")
        self.arm = arm if isinstance(arm, Arm) else arm_named(arm)
        self.protocol = settings.pop("protocol", protocol)
        source = settings.pop("data", data) or DEFAULT
        self.release = source if isinstance(source, Release) else load(source)
        settings.setdefault("task", name or self._default_name())
        super().__init__(config=settings | self._bindings(settings.get("metadata") or {}))

    def _default_name(self) -> str:
        return f"cmqa_{self.arm.name}" if self.release.name == DEFAULT else f"{self.release.name}_{self.arm.name}"

    def _bindings(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What the class decides itself, whatever the YAML says."""
        return {
            "dataset_path": f"cmqa_tasks/{self.release.name}",
            "test_split": SPLIT,
            "output_type": "generate_until",
            "score_key": "score",
            "cluster_key": "cluster",
            "doc_to_text": tasks.plain_text,
            "doc_to_target": tasks.target,
            "metric_list": [
                {
                    "metric": metric.name,
                    "aggregation": tasks.aggregation_of(metric),
                    "higher_is_better": metric.higher_is_better,
                }
                for metric in metrics.metrics_of(self.arm)
            ],
            "process_results": self._process_results,
            "metadata": dict(metadata)
            | {"protocol": self.protocol, "release": self.release.name, "release_sha256": self.release.fingerprint},
        }

    def dump_config(self) -> dict[str, Any]:
        """The configuration for the results file, without the class's own functions, whose addresses differ from run to run."""
        return {key: value for key, value in self.config.to_dict().items() if key not in _BOUND}

    def download(self, *args: Any, **kwargs: Any) -> None:
        """Make the documents; nothing is downloaded, and a bad release is reported at once instead of being retried."""
        documents = tasks.documents(self.arm, self.release, self.protocol)
        split = datasets.Dataset.from_list(documents)
        self.dataset = datasets.DatasetDict({SPLIT: split})
        self.dataset_no_image = self.dataset

    def doc_to_visual(self, doc: Mapping[str, Any]) -> list[Any]:
        """The images of a document, in order."""
        return list(tasks.images(doc, self.release))

    def doc_to_messages(self, doc: Mapping[str, Any], **_: Any) -> list[dict[str, Any]]:
        """The chat form of a document's prompt."""
        return tasks.messages(doc, self.release)

    def construct_requests(self, doc_id: int, ctx: str, **kwargs: Any) -> Instance:
        """One request, in a shape that both chat and simple models can read (see :class:`EitherArgument`)."""
        split = kwargs["metadata"]["split"]
        generation = self.config.generation_kwargs
        places = (EitherArgument(generation, self.doc_to_messages), EitherArgument(generation, self.doc_to_visual))
        arguments = (ctx, *places, doc_id, self.config.task, split)
        return Instance(request_type=self.OUTPUT_TYPE, arguments=arguments, idx=0, **kwargs)

    def process_results(self, doc: Mapping[str, Any], results: Sequence[str], full_docs: Any = None) -> dict[str, Any]:
        """Marks under every metric and the per-item record; an error is raised at once instead of being retried."""
        return self._process_results(doc, results)

    def _process_results(self, doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        return tasks.process_results(doc, results[0] or "", self.arm)

    def __repr__(self) -> str:
        return f"ConflictTask(arm={self.arm.name!r}, protocol={self.protocol!r}, data={self.release.name!r})"


def _template() -> dict[str, Any]:
    """The settings that all task YAMLs include, so that a task made in Python differs in nothing."""
    directory = resources.tasks_dir("lmms_eval")
    template: dict[str, Any] = utils.load_yaml_config(str(directory / "_template"))
    return template
