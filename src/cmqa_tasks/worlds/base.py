"""What a world is: its fact types, how its scenes are drawn, and how a scene looks in one language.

A *scene* is a language-neutral dictionary: canonical values and keys into the tables of names. A *view* is the scene in one
language, ready for passages and pages. Both pieces of an item are views of the same scene with one field exchanged, so
they can contradict each other in that field only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from cmqa_tasks.facts.records import Kind

Scene = Mapping[str, Any]
View = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FactType:
    """A question that a world can ask of its scenes."""

    name: str
    """Field of the scene that holds the value."""
    kind: Kind
    draw_pair: Callable[[Random, Scene], tuple[str, str]]
    """Draws two clearly different canonical values that suit the scene: (true, counterfactual)."""
    graphical: bool = False
    """Whether the world's pages show this field by graphics alone."""
    tolerance: float = 0.0
    """See :attr:`cmqa_tasks.facts.records.Fact.tolerance`."""
    names: str = ""
    """For kind ``name``: the phrasebook's table that holds the names."""
    draw_other: Callable[[Random, Scene], str] | None = None
    """Draws a value that something else of the scene may have; by default ``draw_pair`` does."""


@dataclass(frozen=True, slots=True)
class World:
    """A domain that facts come from."""

    name: str
    types: tuple[FactType, ...]
    draw_scene: Callable[[Random, int, int], Scene]
    """(rng, seed, ordinal) → scene; ``ordinal`` counts the world's facts, so that names need not repeat."""
    view: Callable[[Scene, Phrasebook], View]
    """The scene in one language: every string and number that passages and pages print."""


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """A world's words in one language, read from ``phrases/<language>/<world>.yaml``."""

    language: str
    labels: Mapping[str, str]
    """Words on the pages (buttons, headings)."""
    names: Mapping[str, Mapping[str, str]]
    """Tables of names: table → key → name. Keys are the same in every language."""
    types: Mapping[str, Mapping[str, Any]]
    """Per fact type: templates ``entity``, ``question`` and ``passages`` (a list, parallel across languages)."""

    def name(self, table: str, key: str) -> str:
        """A name by table and key; ``KeyError`` names both when it is missing."""
        try:
            return self.names[table][key]
        except KeyError:
            raise KeyError(f"phrases/{self.language}: no name {key!r} in table {table!r}") from None


def spread(ordinal: int, size: int, seed: int) -> int:
    """A seeded permutation of ``range(size)`` at ``ordinal`` (modulo ``size``): distinct draws without remembering any.

    An affine map ``(a·n + c) mod size`` with ``a`` coprime to ``size``; memory stays flat however many facts are drawn.
    """
    rng = Random(f"spread:{seed}:{size}")
    step = next(a for a in iter(lambda: rng.randrange(1, size + 1), 0) if math.gcd(a, size) == 1)
    return (step * (ordinal % size) + rng.randrange(size)) % size


def pick(rng: Random, options: list[str] | tuple[str, ...], *, but: tuple[str, ...] = ()) -> str:
    """One of ``options``, but not one of ``but``."""
    return rng.choice([option for option in options if option not in but])


def far_apart(rng: Random, options: list[float], distance: float) -> tuple[float, float]:
    """Two of ``options`` at least ``distance`` apart, in random order."""
    first = rng.choice(options)
    return first, rng.choice([option for option in options if abs(option - first) >= distance])
