"""The reference policies (:mod:`cmqa_tasks.scoring.policies`) as lmms-eval models, one chat and one simple.

For example::

lmms-eval --model cmqa_reference --model_args policy=follow_image --tasks cmqa_crossmodal
lmms-eval --model cmqa_reference --model_args policy=oracle --tasks cmqa --force_simple
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lmms_eval.api.instance import Instance
from lmms_eval.api.model import lmms

from cmqa_tasks.harness.rows import from_row, is_ours
from cmqa_tasks.scoring.policies import policy as policy_named


class _Reference(lmms):  # type: ignore[misc]
    """What both kinds share.

    Raises:
        ValueError: unknown policy.
    """

    def __init__(
        self, policy: str = "oracle", seed: int = 0, batch_size: int | str | None = None, device: str | None = None
    ) -> None:
        super().__init__()
        self._answer = policy_named(policy, int(seed))
        self._device = torch.device("cpu")

    @property
    def device(self) -> torch.device:
        """Where the harness gathers counts when several processes run."""
        return self._device

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """One response per request, in order."""
        return [self._respond(request) for request in requests]

    def _respond(self, request: Instance) -> str:
        doc_id, task, split = request.args[-3:]
        doc = self.task_dict[task][split][doc_id]
        if not is_ours(doc):
            raise ValueError(f"cmqa_reference answers tasks of cmqa-tasks only, not {task!r}")
        self._look(request, doc)
        return self._answer(from_row(doc))

    def _look(self, request: Instance, doc: Any) -> None:
        """Build the prompt as a real model would, so that a task that cannot be put to this kind of model fails here too."""
        raise NotImplementedError

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Policies answer in words; they have no probabilities."""
        raise NotImplementedError("cmqa_reference has no log-likelihoods: it answers generation tasks only")

    def generate_until_multi_round(self, requests: Sequence[Instance]) -> list[str]:
        """Our tasks have one round."""
        raise NotImplementedError("cmqa_reference answers one-round tasks only")


class ChatReference(_Reference):
    """A policy that receives chat messages."""

    is_simple = False

    def _look(self, request: Instance, doc: Any) -> None:
        request.args[1](doc)


class SimpleReference(_Reference):
    """A policy that receives a text and images."""

    is_simple = True

    def _look(self, request: Instance, doc: Any) -> None:
        request.args[2](doc)
