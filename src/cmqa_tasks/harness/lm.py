"""The task object of lm-evaluation-harness. The YAMLs and Python use the same class.

Generation, or a choice among the four options by log-likelihood::

    from lm_eval import simple_evaluate
    from cmqa_tasks import LMConflictTask

    generated = LMConflictTask(arm="en_zh")
    chosen = LMConflictTask(arm="en_zh", protocol="choice", by="loglikelihood")
    simple_evaluate(model="hf", model_args="pretrained=…", tasks=[generated, chosen])

Arms with images need a model of the kind ``hf-multimodal`` and ``apply_chat_template``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import datasets
from lm_eval.api.task import ConfigurableTask

from cmqa_tasks.asking.protocols import DEFAULT_PROTOCOL, LETTERS
from cmqa_tasks.facts.records import ITEM_KEY, Arm
from cmqa_tasks.facts.release import Release
from cmqa_tasks.harness.catalogue import LOGLIKELIHOOD
from cmqa_tasks.harness.generation_settings import check_fewshot, combined
from cmqa_tasks.harness.lm_requests import check_keeps_order, keep_kinds_apart, model_of
from cmqa_tasks.harness.rows import from_row, target_of, text_of, to_row
from cmqa_tasks.harness.settings import SPLIT, read
from cmqa_tasks.scoring.marks import sample_of

By = Literal["generation", "loglikelihood"]
_BOUND = ("doc_to_text", "doc_to_target", "doc_to_choice", "doc_to_image", "fewshot_config", "process_results", "metric_list")
_CHOICE = "choice"


class LMConflictTask(ConfigurableTask):  # type: ignore[misc]
    """One arm under one protocol on one set of data: loads, prompts and scores.

    Args:
        arm: the arm or its name.
        protocol: the name of a protocol.
        data: a release, its name or directory, or a JSON-lines file of your own facts.
        language: the question's, as a tag.
        by: whether the answer is generated, or chosen among the letters of the options by their log-likelihood (arms
            without images, protocol ``choice``).
        name: the task's name; by default that of the shipped task, such as ``clqa_en_zh__choice_loglikelihood``.
        config: a task YAML's contents, as the harness passes them; all of these may stand in it.

    Raises:
        ValueError: an unknown arm, protocol, language or ``by``, no arm at all, or log-likelihoods of a prompt without options
            or with images; the message lists what exists.
        cmqa_tasks.facts.release.ReleaseError: the data cannot be read or lacks a piece of evidence.
    """

    def __init__(
        self,
        arm: str | Arm | None = None,
        protocol: str = DEFAULT_PROTOCOL,
        data: Release | str | Path | None = None,
        *,
        language: str = "en",
        by: By = "generation",
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        values = dict(config or {})
        self.by: By = values.pop("by", by)
        self.settings = read("lm_eval", values, arm=arm, protocol=protocol, language=language, data=data, name=name)
        self._check()
        rest = dict(self.settings.rest)
        if config is None and name is None and self.by == "loglikelihood":
            rest["task"] += LOGLIKELIHOOD
        super().__init__(config={**rest, **self._bindings()})

    def _check(self) -> None:
        if self.by not in ("generation", "loglikelihood"):
            raise ValueError(f"by={self.by!r}: choose generation or loglikelihood")
        if self.by == "generation":
            return
        if self.settings.protocol.name != _CHOICE:
            raise ValueError(f"log-likelihoods need options: protocol {_CHOICE!r}, not {self.settings.protocol.name!r}")
        if self._has_images:
            raise ValueError(f"no model of lm-eval has log-likelihoods given images, as arm {self.settings.arm.name!r} needs")

    @property
    def _has_images(self) -> bool:
        return any(modality == "image" for modality, _ in self.settings.arm.pieces)

    def _bindings(self) -> dict[str, Any]:
        """What the class decides itself, whatever the YAML says."""
        shared: dict[str, Any] = {
            "test_split": SPLIT,
            "doc_to_text": text_of,
            "process_results": self.process_results,
            "metadata": self.settings.metadata(),
        }
        if self.by == "loglikelihood":
            accuracy = {"metric": "acc", "aggregation": "mean", "higher_is_better": True}
            return shared | {
                "output_type": "multiple_choice",
                "generation_kwargs": None,
                "doc_to_choice": list(LETTERS),
                "doc_to_target": lambda doc: LETTERS.index(target_of(doc)),
                "metric_list": [accuracy, *self.settings.metric_list(), _ITEMS],
            }
        longest = {"max_gen_toks": self.settings.protocol.max_new_tokens}
        return shared | {
            "output_type": "generate_until",
            "generation_kwargs": longest | (self.settings.rest.get("generation_kwargs") or {}),
            "doc_to_target": target_of,
            "doc_to_image": self._images if self._has_images else None,
            "metric_list": [*self.settings.metric_list(), _ITEMS],
        }

    def _images(self, doc: Mapping[str, Any]) -> list[Any]:
        return list(from_row(doc).images(self.settings.release))

    def dump_config(self) -> dict[str, Any]:
        """The configuration for the results file, without the class's own functions, whose addresses differ from run to run."""
        return {key: value for key, value in self.config.to_dict().items() if key not in _BOUND}

    def download(self, *args: Any, **kwargs: Any) -> None:
        """Make the documents; nothing is downloaded."""
        self.dataset = datasets.DatasetDict({SPLIT: datasets.Dataset.from_list([*map(to_row, self.settings.questions())])})

    def set_config(self, key: str, value: Any, update: bool = False) -> None:
        """Change the configuration, as the harness does for ``--gen_kwargs`` and ``--num_fewshot``.

        Raises:
            ValueError: a setting that these tasks cannot obey, or that would do nothing.
        """
        if key == "num_fewshot":
            check_fewshot(value)
        if key == "generation_kwargs" and update:
            value, update = combined(self.config.generation_kwargs or {}, value, limit="max_gen_toks"), False
        super().set_config(key, value, update)

    def construct_requests(self, doc: Mapping[str, Any], ctx: str, **kwargs: Any) -> Any:
        """The requests of a document; see :mod:`cmqa_tasks.harness.lm_requests` for models that read images.

        Raises:
            ValueError: the model would move the images.
        """
        model = model_of(kwargs.get("chat_template"))
        if getattr(model, "MULTIMODAL", False):
            if self._has_images:
                check_keeps_order(model)
            keep_kinds_apart(model)
        return super().construct_requests(doc, ctx, **kwargs)

    def process_results(self, doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, Any]:
        """Marks under every metric and the per-item record; for log-likelihoods also ``acc``."""
        question = from_row(doc)
        if self.by == "generation":
            return sample_of(question, results[0] or "", self.settings.arm)
        likelihoods = [likelihood for likelihood, _ in results]
        chosen = LETTERS[likelihoods.index(max(likelihoods))]
        return {"acc": float(chosen == question.target), **sample_of(question, chosen, self.settings.arm)}


_ITEMS = {"metric": ITEM_KEY, "aggregation": len, "higher_is_better": None}
"""The per-item record is no metric, but every key of a result needs an aggregation, and the number of items is worth a row."""
