"""Requests to models of lm-eval: what a model type makes of images, and requests with and without them in one evaluation.

model = model_of(chat_template)         # lm-eval shows a task no model, only the function that renders its chat template
check_keeps_order(model)                # ValueError for one that moves images
keep_kinds_apart(model)                 # hf-multimodal then runs groups of tasks with and without images
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

_MARK = "_cmqa_tasks_kinds_apart"
_TEXT_ARGUMENTS = 2
"""Of a request without images: context and generation settings."""


def model_of(chat_template: Callable[..., Any] | None) -> Any:
    """The model whose chat template is applied; None where none is."""
    return getattr(chat_template, "__self__", None)


def check_keeps_order(model: Any) -> None:
    """Check that a model type leaves images where the prompt has them.

    Raises:
        ValueError: it sends all images in front of all text, and by default only the first.
    """
    from lm_eval.models.api_models import TemplateAPI

    if isinstance(model, TemplateAPI):
        raise ValueError(
            f"{type(model).__name__} of lm-eval puts images in front of the text, and these tasks are about their place in it: "
            "use lmms-eval with --model openai, or hf-multimodal"
        )


def keep_kinds_apart(model: Any) -> None:
    """Let a model generate for requests without images and for those with images one after the other.

    Multimodal model types of lm-eval decide by the first request of all tasks which kind all of them are.
    """
    generate = model.generate_until
    if getattr(generate, _MARK, False):
        return

    @functools.wraps(generate)
    def apart(requests: Sequence[Any], *args: Any, **kwargs: Any) -> list[str]:
        responses = [""] * len(requests)
        for has_images in (False, True):
            places = [index for index, request in enumerate(requests) if (len(request.args) > _TEXT_ARGUMENTS) == has_images]
            answers = generate([requests[index] for index in places], *args, **kwargs) if places else []
            for index, answer in zip(places, answers, strict=True):
                responses[index] = answer
        return responses

    setattr(apart, _MARK, True)
    model.generate_until = apart
