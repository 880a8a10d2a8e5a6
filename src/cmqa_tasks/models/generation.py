r"""Generation settings: what a task writes, what the user overrides, and what of both ``generate`` is given.

Tasks of lmms-eval also write settings for one wrapper or another (``image_aspect_ratio``, ``visual_cot``), which transformers
refuses. For example::

    settings = GenerationSettings(model, overrides={"max_new_tokens": 1024}, thinking_budget=0)
    settings.arguments({"until": ["\n"], "do_sample": False}, tokenizer)
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from transformers import GenerationConfig, StopStringCriteria

_LOGGER = logging.getLogger(__name__)
UNTIL = "until"
"""Where an answer is cut: the harness's setting, ``generate``'s ``stop_strings``."""
LIMIT = 256
"""New tokens, where a task does not say."""
_SAMPLING_ONLY = ("temperature", "top_p", "top_k", "min_p")


class GenerationSettings:
    """What of a task's settings reaches a model; what does not is named once.

    Args:
        model: of transformers.
        overrides: settings of the user's that go before a task's.
        thinking_budget: new tokens for reasoning, on top of a task's limit.

    Raises:
        ValueError: an override that neither the harness nor ``generate`` knows.
    """

    def __init__(self, model: Any, overrides: Mapping[str, Any] | None = None, thinking_budget: int = 0) -> None:
        parameters = inspect.signature(type(model).generate).parameters.values()
        named = {parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.VAR_KEYWORD}
        self._known = frozenset(GenerationConfig().to_dict()) | named - {"self"} | {UNTIL}
        self._left_out: set[str] = set()
        self._of_checkpoint = getattr(model, "generation_config", None)
        self._overrides, self._budget = dict(overrides or {}), thinking_budget
        if unknown := sorted(set(self._overrides) - self._known):
            raise ValueError(f"generation={unknown[0]!r}: not a generation setting of transformers, such as max_new_tokens")

    def of(self, generation: Mapping[str, Any]) -> dict[str, Any]:
        """A task's settings with the user's before them, without those that neither the harness nor ``generate`` knows."""
        for name in generation.keys() - self._known - self._left_out:
            _LOGGER.warning("generation setting %s=%r is not one of transformers: left out", name, generation[name])
            self._left_out.add(name)
        return {name: value for name, value in generation.items() if name in self._known} | self._overrides

    def arguments(self, generation: Mapping[str, Any], tokenizer: Any, *, stops: bool = True) -> dict[str, Any]:
        """What ``generate`` is called with, besides the inputs.

        A temperature above 0 means sampling, one of 0 greedy decoding, as in the harnesses' own wrappers.

        Args:
            generation: from :meth:`of`.
            tokenizer: of the model.
            stops: whether ``until`` may end generation; not where reasoning comes first, which may hold these texts.
        """
        settings: dict[str, Any] = {"max_new_tokens": LIMIT, "do_sample": False, "pad_token_id": tokenizer.pad_token_id}
        settings |= generation
        settings["max_new_tokens"] += self._budget
        texts = [text for text in until_of(settings) if text]
        settings.pop(UNTIL, None)
        settings["do_sample"] = samples(settings)
        if not settings["do_sample"]:
            # None also silences the checkpoint's own sampling defaults, which greedy decoding would only warn about.
            settings |= dict.fromkeys(_SAMPLING_ONLY)
        if texts and stops and _can_stop(tokenizer, tuple(texts)):
            settings["stop_strings"] = [*(settings.get("stop_strings") or []), *texts]
        if settings.get("stop_strings") or getattr(self._of_checkpoint, "stop_strings", None):
            settings["tokenizer"] = tokenizer
        return settings | {"return_dict_in_generate": False}


def samples(generation: Mapping[str, Any]) -> bool:
    """Whether settings mean sampling: a temperature above 0, or ``do_sample`` where there is none."""
    temperature = generation.get("temperature")
    return bool(generation.get("do_sample")) if temperature is None else temperature > 0


@cache
def _can_stop(tokenizer: Any, texts: tuple[str, ...]) -> bool:
    """Whether transformers can look for texts while this tokenizer's tokens are generated; those of whole words it cannot."""
    try:
        StopStringCriteria(tokenizer, list(texts))
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        return False
    return True


def until_of(generation: Mapping[str, Any]) -> list[str]:
    """The texts that end an answer."""
    until: str | Sequence[str] | None = generation.get(UNTIL)
    if until is None:
        return []
    return [until] if isinstance(until, str) else list(until)
