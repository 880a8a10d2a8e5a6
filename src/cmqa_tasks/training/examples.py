"""Instances → one training example, and where each part of it came from.

Conversations follow one another; the images follow in the same order. A system message can only lead a conversation, so it leads
the example when every instance has the same one; otherwise each stands, as a text part of its own, before the first user turn of
its instance. No text is lost and no turn is split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cmqa_tasks.training.rows import Instance, Message, Picture


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
    messages = conversation(shared, [])
    for instance in instances:
        messages += instance.messages if shared is not None else with_system_moved(instance)
    return Example(messages, [picture for instance in instances for picture in instance.pictures], list(origins))


def conversation(system: str | None, messages: list[Message]) -> list[Message]:
    """Messages with their system message, if there is one, in front."""
    if system is None:
        return messages
    return [{"role": "system", "content": [{"type": "text", "text": system}]}, *messages]


def with_system_moved(instance: Instance) -> list[Message]:
    """An instance's messages, its system message, if it has one, before the first user text, with a blank line between."""
    first, *others = instance.messages
    if instance.system is None:
        return instance.messages
    system = {"type": "text", "text": f"{instance.system}\n\n"}
    return [first | {"content": [system, *first["content"]]}, *others]
