"""The reference policies (:mod:`cmqa_tasks.scoring.policies`) as a model of lm-evaluation-harness.

lm-eval has no entry point for models, so they are there where our command starts it::

    cmqa lm-eval run --model cmqa_reference --model_args policy=follow_first --tasks clqa_crosslingual
"""

from __future__ import annotations

from collections.abc import Sequence

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from cmqa_tasks.asking.question import Question
from cmqa_tasks.harness.rows import from_row, is_ours
from cmqa_tasks.scoring.policies import policy as policy_named


class LMReference(LM):  # type: ignore[misc]
    """A policy that generates its answer, or finds the option that it would choose more likely than the others.

    Raises:
        ValueError: unknown policy.
    """

    MULTIMODAL = True

    def __init__(
        self,
        policy: str = "oracle",
        seed: int = 0,
        batch_size: int | str | None = None,
        max_batch_size: int | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__()
        self._answer = policy_named(policy, int(seed))

    def generate_until(self, requests: Sequence[Instance], disable_tqdm: bool = False) -> list[str]:
        """One response per request, in order."""
        return [self._answer(_question(request)) for request in requests]

    def loglikelihood(self, requests: Sequence[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Log-likelihood 0 for the continuation that the policy answers with, −1 for any other."""
        return [_agreement(request.args[1], self._answer(_question(request))) for request in requests]

    def loglikelihood_rolling(self, requests: Sequence[Instance], disable_tqdm: bool = False) -> list[float]:
        """Policies have no probabilities of whole texts."""
        raise NotImplementedError("cmqa_reference answers questions; it has no perplexity")


def _question(request: Instance) -> Question:
    if not is_ours(request.doc):
        raise ValueError(f"cmqa_reference answers tasks of cmqa-tasks only, not {request.task_name!r}")
    return from_row(request.doc)


def _agreement(continuation: str, answer: str) -> tuple[float, bool]:
    same = continuation.strip() == answer
    return (0.0 if same else -1.0), same
