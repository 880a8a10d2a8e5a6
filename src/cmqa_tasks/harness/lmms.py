"""The task object of lmms-eval. The YAMLs and Python use the same class.

An arm of your own data, evaluated from Python::

    from lmms_eval.evaluator import simple_evaluate
    from cmqa_tasks import ConflictTask, read_jsonl

    task = ConflictTask(arm="image_text", data=read_jsonl("receipts.jsonl"))
    simple_evaluate(model="cmqa_hf", model_args="pretrained=…", tasks=[task])
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import datasets
from lmms_eval.api.instance import Instance
from lmms_eval.api.task import ConfigurableMessagesTask

from cmqa_tasks.asking.protocols import DEFAULT_PROTOCOL
from cmqa_tasks.asking.question import Question
from cmqa_tasks.attention.summary import SUMMARIES
from cmqa_tasks.facts.records import Arm
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.generation_settings import check_fewshot, combined
from cmqa_tasks.harness.rows import from_row, target_of, text_of, to_row, user_turn
from cmqa_tasks.harness.session import SESSION
from cmqa_tasks.harness.settings import SPLIT, read
from cmqa_tasks.scoring.marks import aggregate_mean, mark_of, sample_of

_LOGGER = logging.getLogger(__name__)


def _attention_metrics() -> list[dict[str, Any]]:
    return [{"metric": name, "aggregation": aggregate_mean, "higher_is_better": None} for name in SUMMARIES]


@cache
def _warn_of_a_cache(task: str) -> None:
    """Say once per task that some responses have no attention."""
    _LOGGER.warning(
        "%s: some responses were not generated in this run, so there is no attention of them. A response cache (--use_cache) "
        "answers without the model: leave it out to log attention of every item.",
        task,
    )


_BOUND = ("doc_to_text", "doc_to_target", "process_results", "metric_list")


class ChatOrSimple(dict[str, Any]):
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

    def __deepcopy__(self, memo: dict[int, Any]) -> ChatOrSimple:
        return ChatOrSimple(self, self.function)

    def __reduce__(self) -> tuple[Any, ...]:
        return ChatOrSimple, (dict(self), self.function)


class ConflictTask(ConfigurableMessagesTask):  # type: ignore[misc]
    """One arm under one protocol on one set of data: loads, prompts and scores.

    Args:
        arm: a shipped arm by name, or an :class:`~cmqa_tasks.facts.records.Arm` of your own.
        protocol: a protocol of ``prompts/``.
        language: language of the question and its instructions.
        data: a :class:`~cmqa_tasks.facts.release.Release`, the name of a shipped one, a release's directory, or a file of
            your own facts (``.jsonl``, see :mod:`cmqa_tasks.worlds.own`).
        name: the task's name in tables and files; by default the name of the shipped task, such as ``cmqa_image_text__neutral``,
            and for data of your own the same with the release's name instead of ``cmqa`` or ``clqa``.
        config: a task YAML's contents, as the harness passes them; ``arm``, ``protocol``, ``language`` and ``data`` may stand
            in it.

    Raises:
        ValueError: unknown arm, protocol or language, or no arm at all; the message lists what exists.
        cmqa_tasks.facts.release.ReleaseError: the data cannot be read or lacks a piece of evidence.
    """

    def __init__(
        self,
        arm: str | Arm | None = None,
        protocol: str = DEFAULT_PROTOCOL,
        data: Release | str | Path | None = None,
        *,
        language: str = "en",
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.settings = read("lmms_eval", config or {}, arm=arm, protocol=protocol, language=language, data=data, name=name)
        self._system: str | None = None
        self._attention = SESSION.logs_attention and not self.settings.arm.single
        super().__init__(config={**self.settings.rest, **self._bindings()})

    def _bindings(self) -> dict[str, Any]:
        """What the class decides itself, whatever the YAML says."""
        longest = {"max_new_tokens": self.settings.protocol.max_new_tokens}
        return {
            "dataset_path": f"cmqa_tasks/{self.settings.release.name}",
            "test_split": SPLIT,
            "output_type": "generate_until",
            "generation_kwargs": longest | (self.settings.rest.get("generation_kwargs") or {}),
            "score_key": "score",
            "cluster_key": "cluster",
            "doc_to_text": text_of,
            "doc_to_target": target_of,
            "metric_list": self.settings.metric_list() + (_attention_metrics() if self._attention else []),
            "process_results": self._process_results,
            "metadata": self.settings.metadata(),
        }

    def dump_config(self) -> dict[str, Any]:
        """The configuration for the results file, without the class's own functions, whose addresses differ from run to run.

        A model of ours that was loaded says in the metadata what it became.
        """
        kept = {key: value for key, value in self.config.to_dict().items() if key not in _BOUND}
        return kept | ({"metadata": {**kept["metadata"], "model": dict(SESSION.model)}} if SESSION.model else {})

    def download(self, *args: Any, **kwargs: Any) -> None:
        """Make the documents; nothing is downloaded, and a bad release is reported at once instead of being retried."""
        self.dataset = datasets.DatasetDict({SPLIT: datasets.Dataset.from_list([*map(to_row, self.settings.questions())])})
        self.dataset_no_image = self.dataset

    def doc_to_visual(self, doc: Mapping[str, Any]) -> list[Any]:
        """The images of a document, in order."""
        return list(from_row(doc).images(self.settings.release))

    def doc_to_messages(self, doc: Mapping[str, Any], **_: Any) -> list[dict[str, Any]]:
        """The prompt as chat messages: a user turn in which every piece of evidence is a content part of its own.

        A system instruction stands in front.

        The harness calls an image's key ``url``, whatever it holds.
        """
        system = [{"type": "text", "text": self._system}] if self._system else []
        user = user_turn(from_row(doc), self.settings.release)
        return [*([{"role": "system", "content": system}] if system else []), user]

    def set_config(self, key: str, value: Any, update: bool = False) -> None:
        """Change the configuration, as the harness does for ``--gen_kwargs`` and ``--num_fewshot``.

        Raises:
            ValueError: a setting that these tasks cannot obey, or that would do nothing.
        """
        if key == "num_fewshot":
            check_fewshot(value)
        if key == "generation_kwargs" and update:
            value, update = combined(self.config.generation_kwargs, value, limit="max_new_tokens"), False
        super().set_config(key, value, update)

    def build_all_requests(
        self, *, system_instruction: str | None = None, apply_chat_template: bool = False, **kwargs: Any
    ) -> None:
        """Make the requests. A system instruction becomes a turn of its own for chat models, and text in front for simple ones.

        A chat template is each model's own to apply, whatever ``--apply_chat_template`` says.
        """
        self._system = system_instruction
        super().build_all_requests(system_instruction=system_instruction, apply_chat_template=False, **kwargs)

    def construct_requests(self, doc_id: int, ctx: str, **kwargs: Any) -> Instance:
        """One request, in a shape that both chat and simple models can read (see :class:`ChatOrSimple`)."""
        split = kwargs["metadata"]["split"]
        generation = self.config.generation_kwargs
        places = (ChatOrSimple(generation, self.doc_to_messages), ChatOrSimple(generation, self.doc_to_visual))
        arguments = (ctx, *places, doc_id, self.config.task, split)
        return Instance(request_type=self.OUTPUT_TYPE, arguments=arguments, idx=0, **kwargs)

    def process_results(self, doc: Mapping[str, Any], results: Sequence[str], full_docs: Any = None) -> dict[str, Any]:
        """Marks under every metric and the per-item record; an error is raised at once instead of being retried."""
        return self._process_results(doc, results)

    def _process_results(self, doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, Any]:
        question = from_row(doc)
        ending = SESSION.ending(self.settings.name, question.item.id)
        sample = sample_of(question, results[0] or "", self.settings.arm, **ending._asdict())
        return sample | self._attention_marks(question) if self._attention else sample

    def _attention_marks(self, question: Question) -> dict[str, dict[str, Any]]:
        """What was logged of an item, under each of its names; nothing where its response did not come from the model."""
        summary = SESSION.attention(self.settings.name, question.item.id)
        if summary is None:
            summary = {}
            _warn_of_a_cache(self.settings.name)
        scores = {name: summary.get(name, math.nan) for name in SUMMARIES}
        return {name: mark_of(question, None if math.isnan(score) else score) for name, score in scores.items()}

    def __repr__(self) -> str:
        settings = self.settings
        return f"ConflictTask(arm={settings.arm.name!r}, protocol={settings.protocol.name!r}, data={settings.release.name!r})"
