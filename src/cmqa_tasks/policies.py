"""Reference policies: answerers with known behaviour, which calibrate every number that we publish.

A policy maps a document (:mod:`cmqa_tasks.tasks`) to a response in words, which is then read and scored like any
model's. All but ``rule`` know the values; none needs a model. Where a policy wants a kind of evidence that an item
lacks, it follows the first piece.

``rule`` knows the kind of the answer and reads the passages, without understanding: it calls a conflict when two passages
share no value of that kind; else it answers with the shared one that stands nearest to the words of the question. It cannot
read images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from cmqa_tasks.extract import FOREIGN, Mention, mentions
from cmqa_tasks.records import Kind, Modality
from cmqa_tasks.tasks import fact_of

Policy = Callable[[Mapping[str, Any]], str]
_CONFLICT = "The two pieces of evidence contradict each other."
_CANNOT_TELL = "I cannot tell."


def policy(name: str, seed: int = 0) -> Policy:
    """A policy by name.

    Args:
        name: one of :data:`POLICIES`.
        seed: for ``random``; its choices follow from the seed and the item's id alone.

    Raises:
        ValueError: no such policy; the message lists those that exist.
    """
    if name == "random":
        return lambda doc: _random(doc, seed)
    try:
        return _POLICIES[name]
    except KeyError:
        raise ValueError(f"unknown policy {name!r}; choose one of {', '.join(POLICIES)}") from None


def random_choice(item_id: str, seed: int, pieces: int) -> int:
    """What ``random`` does with an item: the number of the piece that it follows, or ``pieces`` for calling a conflict."""
    return Random(f"policy:{seed}:{item_id}").randrange(pieces + 1)


def _shown(doc: Mapping[str, Any], place: int) -> str:
    """The value of a piece, as written by default."""
    surface = fact_of(doc).value(doc["pieces"][place]["side"]).surface
    return surface.get(doc["language"], next(iter(surface.values())))[0]


def _follow(place: int) -> Policy:
    return lambda doc: _shown(doc, min(place, len(doc["pieces"]) - 1))


def _follow_modality(modality: Modality) -> Policy:
    def answer(doc: Mapping[str, Any]) -> str:
        modalities = [piece["modality"] for piece in doc["pieces"]]
        return _shown(doc, modalities.index(modality) if modality in modalities else 0)

    return answer


def _oracle(doc: Mapping[str, Any]) -> str:
    if doc["relation"] == "conflict":
        return f"{_CONFLICT} The first one gives {_shown(doc, 0)}, the second one {_shown(doc, 1)}."
    return _shown(doc, 0)


def _never(doc: Mapping[str, Any]) -> str:
    return f"There is no contradiction in the evidence. Answer: {_shown(doc, 0)}"


def _random(doc: Mapping[str, Any], seed: int) -> str:
    choice = random_choice(doc["item_id"], seed, len(doc["pieces"]))
    return _CONFLICT if choice == len(doc["pieces"]) else _shown(doc, choice)


def _rule(doc: Mapping[str, Any]) -> str:
    passages = [piece["text"] for piece in doc["pieces"] if piece["text"] is not None]
    kind = fact_of(doc).kind
    found = [values for passage in passages if (values := values_in(passage, doc["question"], kind))]
    if not found:
        return _CANNOT_TELL
    common = [written for canonical, written in found[0].items() if all(canonical in values for values in found)]
    return common[0] if common else _CONFLICT


def values_in(passage: str, question: str, kind: Kind) -> dict[str, str]:
    """All values of a kind in a passage, canonical form → as written, nearest to the words of the question first."""
    words = set(re.findall(r"\w{4,}", question.lower()))
    places = [match.start() for match in re.finditer(r"\w{4,}", passage.lower()) if match[0] in words]

    def distance(mention: Mention) -> int:
        return min((abs(mention.start - place) for place in places), default=mention.start)

    candidates = sorted((one for one in mentions(passage, kind) if one.level != FOREIGN), key=distance)
    values: dict[str, str] = {}
    for mention in candidates:
        values.setdefault(mention.readings[0], passage[mention.start : mention.end])
    return values


_POLICIES: Mapping[str, Policy] = {
    "oracle": _oracle,
    "follow_first": _follow(0),
    "follow_second": _follow(1),
    "follow_image": _follow_modality("image"),
    "follow_text": _follow_modality("text"),
    "always_conflict": lambda doc: _CONFLICT,
    "never_conflict": _never,
    "rule": _rule,
}

POLICIES: tuple[str, ...] = (*_POLICIES, "random")
"""Names of the policies."""
