"""Instances → one training example, and where each part of it came from.

Conversations follow one another; the images follow in the same order. A system message can only lead a conversation, so it leads
the example when every instance has the same one; otherwise each stands, as a text part of its own, before the first user turn of
its instance. No text is lost and no turn is split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cmqa_tasks.mixing.rows import Instance, Message, Picture


class Origin(NamedTuple):
    """Where an instance of an example came from, and how much of the example is its own."""

    file: str
    row: int
    """Number in the file, from 1: the line of JSON lines, else the row."""
    id: str
    group: str
    messages: int
    """Messages, without a system message."""
    images: int
    tokens: int | None
    """Of the instance as a conversation of its own; None where they were not counted."""


@dataclass(frozen=True, slots=True)
class Example:
    """What one step of training reads as one sequence."""

    messages: list[Message]
    pictures: list[Picture]
    origins: list[Origin]
    """Of its instances, in order: the messages after a leading system message and the images divide among them."""


def joined(instances: Sequence[Instance], origins: Sequence[Origin]) -> Example:
    """Join instances into an example, in this order."""
    systems = [instance.system for instance in instances]
    shared = systems[0] if len(set(systems)) == 1 else None
    messages = [] if shared is None else [{"role": "system", "content": [_text(shared)]}]
    for instance in instances:
        own = instance.messages
        if instance.system is not None and shared is None:
            own = [own[0] | {"content": [_text(instance.system), *own[0]["content"]]}, *own[1:]]
        messages += own
    return Example(messages, [picture for instance in instances for picture in instance.pictures], list(origins))


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
