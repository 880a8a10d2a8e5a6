"""Training instances of the toy world, and how a strategy puts them into training examples.

An *instance* is one or two pieces of evidence and a question for everybody in them, with the answers. An *example* is what
one training sequence holds: one instance, or several, one after the other, by the strategy:

============  ========================================================================================================
``dataset``   one instance an example: modalities meet in the data set, and never within an example
``same``      instances of one kind concatenated: as long as mixed examples, and as unmixed as ``dataset``
``instance``  instances of different kinds concatenated, in random order
============  ========================================================================================================

No strategy ever shows two pieces of different kinds *about one person*: no instance has pieces of two kinds, and the
instances of an example are about different people.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from cmqa_tasks.mini.world import COLOURS, KINDS, PEOPLE, Kind, Language

Strategy = Literal["dataset", "same", "instance"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
PER_EXAMPLE = 2
"""Instances that ``same`` and ``instance`` put into an example."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Evidence, and questions about it."""

    pieces: tuple[tuple[Kind, tuple[tuple[int, int], ...]], ...]
    """Kind and (person, colour) facts of each piece, in order."""
    language: Language
    """In which questions and answers are."""
    turns: tuple[tuple[int, int | None], ...]
    """(person, colour) of each question and its answer; None where two pieces contradict each other."""


@dataclass(frozen=True, slots=True)
class Diet:
    """What a stage of training draws its instances from."""

    kinds: tuple[float, float, float]
    """Weights of :data:`~cmqa_tasks.mini.world.KINDS`."""
    facts: tuple[int, ...]
    """How many facts a piece may have."""
    bands: int
    """Most facts that a picture can have."""
    pairs: float
    """Share of instances that have two pieces."""
    conflicts: float = 0.5
    """Share of pairs that contradict each other."""
    foreign: float = 0.3
    """Share of single notes that are asked about in the other language. Pairs are asked about in their own: monolingual, as real
    data are. Pictures are asked about in either."""


def draw_example(strategy: Strategy, diet: Diet, rng: random.Random) -> list[Instance]:
    """The instances of one example.

    Raises:
        ValueError: a piece cannot have so many facts; every person stands in one piece of an example only (but for the one
            that pairs are about).
    """
    people = rng.sample(range(PEOPLE), PEOPLE)
    if strategy == "dataset":
        return [_draw(_kind(diet, rng), diet, people, rng)]
    kinds = [_kind(diet, rng)] * PER_EXAMPLE if strategy == "same" else _different(diet, rng)
    share = PEOPLE // PER_EXAMPLE
    return [_draw(kind, diet, people[place * share :][:share], rng) for place, kind in enumerate(kinds)]


def _kind(diet: Diet, rng: random.Random) -> Kind:
    return rng.choices(KINDS, diet.kinds)[0]


def _different(diet: Diet, rng: random.Random) -> list[Kind]:
    """Two kinds, weighted, in random order."""
    first = _kind(diet, rng)
    second = first
    while second == first:
        second = _kind(diet, rng)
    return [first, second]


def _draw(kind: Kind, diet: Diet, people: Sequence[int], rng: random.Random) -> Instance:
    pair = rng.random() < diet.pairs
    count = rng.choice(diet.facts)
    if kind == "image":
        count = min(count, diet.bands)
    conflict = pair and rng.random() < diet.conflicts
    return build_instance((kind,) * (1 + pair), _ask_in(kind, pair, diet, rng), count, conflict, people, rng)


def _ask_in(kind: Kind, pair: bool, diet: Diet, rng: random.Random) -> Language:
    if kind == "image":
        return rng.choice(("en", "zh"))
    foreign = not pair and rng.random() < diet.foreign
    return ("zh" if kind == "en" else "en") if foreign else kind


def build_instance(
    kinds: Sequence[Kind], language: Language, count: int, conflict: bool, people: Sequence[int], rng: random.Random
) -> Instance:
    """An instance about the first of some people, with the others beside.

    Args:
        kinds: of its one or two pieces.
        language: of questions and answers.
        count: facts in each piece.
        conflict: whether two pieces differ about the person.
        people: whom it may be about; at least 1 + (count - 1) for each piece.
        rng: draws colours and orders.

    Raises:
        ValueError: too few people.
    """
    if (needed := 1 + len(kinds) * (count - 1)) > len(people):
        raise ValueError(f"{len(kinds)} pieces of {count} facts need {needed} people, not {len(people)}")
    colour = rng.randrange(len(COLOURS))
    shown = [colour, (colour + 1 + rng.randrange(len(COLOURS) - 1)) % len(COLOURS) if conflict else colour]
    others = iter(people[1:])
    pieces, turns = [], [(people[0], None if conflict else colour)]
    for kind, own in zip(kinds, shown, strict=False):
        beside = [(next(others), rng.randrange(len(COLOURS))) for _ in range(count - 1)]
        turns += beside
        facts = [(people[0], own), *beside]
        rng.shuffle(facts)
        pieces.append((kind, tuple(facts)))
    rng.shuffle(turns)
    return Instance(tuple(pieces), language, tuple(turns))
