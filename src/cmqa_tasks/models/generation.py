"""Generation settings as tasks write them, and those among them that ``generate`` takes.

Tasks of lmms-eval also write settings for one wrapper or another (``image_aspect_ratio``, ``visual_cot``), which transformers
refuses.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from typing import Any

from transformers import GenerationConfig

_LOGGER = logging.getLogger(__name__)
UNTIL = "until"
"""Where an answer is cut: the harness's setting, not ``generate``'s."""


class GenerationSettings:
    """What of a task's settings reaches a model; what does not is named once.

    Args:
        model: of transformers.
    """

    def __init__(self, model: Any) -> None:
        parameters = inspect.signature(type(model).generate).parameters.values()
        named = {parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.VAR_KEYWORD}
        self._known = frozenset(GenerationConfig().to_dict()) | named - {"self"} | {UNTIL}
        self._told: set[str] = set()

    def of(self, generation: Mapping[str, Any]) -> dict[str, Any]:
        """The settings without those that neither the harness nor ``generate`` knows."""
        for name in generation.keys() - self._known - self._told:
            _LOGGER.warning("generation setting %s=%r is none of transformers: left out", name, generation[name])
            self._told.add(name)
        return {name: value for name, value in generation.items() if name in self._known}
