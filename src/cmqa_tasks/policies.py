"""Reference policies: answerers with known behaviour, which calibrate every number that we publish.

A policy maps a document (:mod:`cmqa_tasks.tasks`) to a response in words, which is then read and scored like any
model's. All but ``rule`` know the values; none needs a model. Where a policy wants a kind of evidence that an item
lacks, it follows the first piece.

``rule`` knows the kind of the answer and reads the passages, without understanding: per passage it takes the value of
that kind that stands nearest to the words of the question, and calls a conflict when two passages give different
ones. It cannot read images.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from cmqa_tasks.extract import FOREIGN, mentions
from cmqa_tasks.records import Fact, Modality
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
    found = [value for passage in passages if (value := nearest_value(passage, doc["question"], fact_of(doc)))]
    if not found:
        return _CANNOT_TELL
    return _CONFLICT if len({canonical for canonical, _ in found}) > 1 else found[0][1]


def nearest_value(passage: str, question: str, fact: Fact) -> tuple[str, str] | None:
    """The value of the fact's kind that stands nearest to the question's words in a passage: (canonical, as written)."""
    keywords = set(re.findall(r"\w{4,}", question.lower()))
    places = [match.start() for match in re.finditer(r"\w{4,}", passage.lower()) if match[0] in keywords]
    candidates = [mention for mention in mentions(passage, fact.kind) if mention.level != FOREIGN]
    if not candidates:
        return None
    best = min(candidates, key=lambda mention: min((abs(mention.start - place) for place in places), default=mention.start))
    return best.readings[0], passage[best.start : best.end]


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
