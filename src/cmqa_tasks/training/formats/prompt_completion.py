"""``prompt`` and ``completion`` as TRL has them: each a text, or messages.

{"prompt": [{"role": "user", "content": "Which colour?"}], "completion": [{"role": "assistant", "content": "Red."}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmqa_tasks.training.formats.fields import FieldError, Form, Turn
from cmqa_tasks.training.formats.messages import turns_of


def _turns(fields: Mapping[str, Any], root: str) -> list[Turn]:
    if "completion" not in fields:
        raise FieldError("completion", "missing")
    return _side(fields["prompt"], "prompt", "user") + _side(fields["completion"], "completion", "assistant")


def _side(value: object, field: str, role: str) -> list[Turn]:
    return [Turn(role, value, field)] if isinstance(value, str) else turns_of(value, field)


FORM = Form("prompt", _turns, fields=frozenset({"completion"}), places_images=True)
