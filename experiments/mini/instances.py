"""Training instances of the toy world: one or two pieces of evidence of one kind and a question for everybody in them.

Who is who in an instance is open until :meth:`Instance.cast` says so: what stands together in a training example is only known
once the mixing has arranged it (:mod:`experiments.mini.mixed`), and nobody may stand in two instances of one example.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.mini.world import COLOURS, PEOPLE, Kind, Language

PER_EXAMPLE = 2
"""Instances that strategies which join put into an example."""
CAST = PEOPLE // PER_EXAMPLE
"""The most people that an instance may have."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Evidence, and questions about it."""

    pieces: tuple[tuple[Kind, tuple[tuple[int, int], ...]], ...]
    """Kind and (person, colour) facts of each piece, in order."""
    language: Language
    """In which questions and answers are."""
    turns: tuple[tuple[int, int | None], ...]
    """(person, colour) of each question and its answer; None where two pieces contradict each other."""

    def cast(self, people: Sequence[int]) -> Instance:
        """The same with other people: whoever was number n is now ``people[n]``."""
        pieces = tuple((kind, tuple((people[person], colour) for person, colour in facts)) for kind, facts in self.pieces)
        return Instance(pieces, self.language, tuple((people[person], colour) for person, colour in self.turns))


@dataclass(frozen=True, slots=True)
class Diet:
    """What a stage of training draws its instances from."""

    kinds: tuple[float, float, float]
    """Weights of :data:`~experiments.mini.world.KINDS`."""
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


def draw_instance(kind: Kind, diet: Diet, rng: random.Random) -> Instance:
    """An instance of a kind about people 0, 1, … of whom there are at most :data:`CAST`.

    Raises:
        ValueError: the diet's pieces have more facts than that allows.
    """
    pair = rng.random() < diet.pairs
    count = rng.choice(diet.facts)
    if kind == "image":
        count = min(count, diet.bands)
    conflict = pair and rng.random() < diet.conflicts
    return build_instance((kind,) * (1 + pair), _ask_in(kind, pair, diet, rng), count, conflict, range(CAST), rng)


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
