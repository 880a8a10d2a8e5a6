r"""``conversations`` as LLaVA, ShareGPT, LLaMA-Factory and Qwen-VL write them: ``from`` and ``value``, images by placeholder.

{"id": "7", "image": "tram.png", "conversations": [{"from": "human", "value": "<image>\nWhat is it?"},
{"from": "gpt", "value": "A tram."}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmqa_tasks.training.formats.fields import Form, Turn, fields_of, full_list, text_of
from cmqa_tasks.training.formats.messages import role_of, turn_of

ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
"""Roles as rows write them → as TRL reads them."""


def _turns(fields: Mapping[str, Any], root: str) -> list[Turn]:
    turns = full_list(fields["conversations"], "conversations")
    return [_turn(turn, f"conversations.{place}") for place, turn in enumerate(turns)]


def _turn(value: object, field: str) -> Turn:
    if isinstance(value, dict) and "role" in value and value.get("from") is None and value["role"] is not None:
        return turn_of(value, field)
    fields = fields_of(value, field, ("from", "value"), ("from", "value"))
    text = text_of(fields["value"], f"{field}.value")
    return Turn(role_of(fields["from"], f"{field}.from", ROLES), text, field)


FORM = Form("conversations", _turns)
