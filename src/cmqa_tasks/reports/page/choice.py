"""Which items the sample browser holds: all, or those of as many facts as there is room for, always the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.results import Entry

FACTS_OF_A_GROUP = 8
"""Facts whose answers are packed together: what the browser unpacks to show one item."""
_RELATIONS = ("conflict", "agree", "single")
_ARMS = tuple(ARMS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one entry made of an item."""

    outcome: str
    parsed: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """An item, and the answers to it by the place of the entry."""

    release_sha256: str
    identity: str
    fact: str
    arm: str
    relation: str
    world: str
    type: str
    answers: Mapping[int, Answer]


@dataclass(frozen=True, slots=True)
class Choice:
    """Items in groups of facts, and how many there are in all."""

    groups: tuple[tuple[Asked, ...], ...]
    items: int
    facts: int

    @property
    def kept(self) -> int:
        """How many items were chosen."""
        return sum(map(len, self.groups))


def choose(entries: Sequence[Entry], limit: int) -> Choice:
    """Items of whole facts, so that what is paired stays together, in the order of a hash of the fact: a sample that favours no
    world and is the same for the same data, whatever the models.
    """
    facts: dict[tuple[str, str], list[Asked]] = {}
    for asked in _asked(entries):
        facts.setdefault((asked.release_sha256, asked.fact), []).append(asked)
    ordered = sorted(facts, key=lambda fact: hashlib.sha256("".join(fact).encode("utf-8", "surrogatepass")).hexdigest())
    kept: list[list[Asked]] = []
    room = limit
    for fact in ordered:
        if len(facts[fact]) > room:
            break
        room -= len(facts[fact])
        kept.append(sorted(facts[fact], key=_order))
    groups = (kept[begin : begin + FACTS_OF_A_GROUP] for begin in range(0, len(kept), FACTS_OF_A_GROUP))
    flat = tuple(tuple(asked for fact in group for asked in fact) for group in groups)
    return Choice(flat, sum(map(len, facts.values())), len(facts))


def _order(asked: Asked) -> tuple[object, ...]:
    arm = _ARMS.index(asked.arm) if asked.arm in _ARMS else len(_ARMS)
    relation = _RELATIONS.index(asked.relation) if asked.relation in _RELATIONS else len(_RELATIONS)
    return arm, asked.arm, relation, asked.identity


def _asked(entries: Sequence[Entry]) -> list[Asked]:
    """Every item of every entry, each once."""
    about: dict[tuple[str, str], tuple[str, ...]] = {}
    answers: dict[tuple[str, str], dict[int, Answer]] = {}
    for place, entry in enumerate(entries):
        for part in entry.parts.values():
            columns = ("item_id", "fact_id", "arm", "relation", "world", "type", "outcome", "parsed")
            for row in zip(*(part.items.column(name).to_pylist() for name in columns), strict=True):
                key = entry.setting.release_sha256, row[0]
                about.setdefault(key, tuple(str(value or "") for value in row[1:6]))
                answers.setdefault(key, {})[place] = Answer(row[6], row[7])
    return [
        Asked(sha, identity, fact, arm, relation, world, kind, answers[sha, identity])
        for (sha, identity), (fact, arm, relation, world, kind) in about.items()
    ]
