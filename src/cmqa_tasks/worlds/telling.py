"""How passages of new sets are put together, so that neither counting values nor their places say anything.

A passage tells one value of a fact among others of its kind. The fact's *other* value always stands in it too, in another role
(last year's price, the neighbour's dose), and so do up to two further values, the same whichever side the passage is of: both
passages of an item hold both values of the fact, whether they contradict each other or not. Sentences come in a drawn order
and number. The two passages of a value share no role, so they can contradict each other in what is asked and in nothing else.

The sentences are in ``phrases/<language>/tellings.yaml``; a language that has none tells facts by whole passages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import yaml

from cmqa_tasks.facts.records import SIDES, Fact, Side
from cmqa_tasks.worlds import phrasebook, side_scene, type_named, view_of
from cmqa_tasks.worlds.base import FactType, Scene, World
from cmqa_tasks.worlds.languages import language_named, write
from cmqa_tasks.worlds.templates import render_text

HELD_OUT = 2
"""So many of a type's ``tells`` and ``roles``, the last ones, are for held-out sets alone."""
_TRIES = 30
_Sentence = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Telling:
    """The build of one of the two passages that tell a value, the same in every language and for either side."""

    frame: int
    tell: int
    """Which sentence tells the value that is asked for."""
    contrast: int
    """The role in which the fact's other value stands."""
    others: Mapping[int, str]
    """Role → further canonical value."""
    order: tuple[_Sentence, ...]
    """(list in the phrases, number) of each sentence."""


@cache
def tellings(language: str) -> Mapping[str, Any] | None:
    """The frames and sentences of a language; None where it has whole passages alone."""
    file = language_named(language).phrases / "tellings.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None


def draw_tellings(rng: Random, world: World, fact: Fact, scene: Scene, language: str, *, held_out: bool) -> list[Telling]:
    """How the two passages of each value of a fact are built.

    Args:
        rng: what it is drawn from.
        world: the fact's world.
        fact: what is told.
        scene: the one that it was drawn from.
        language: whose sentences are counted; those of others are parallel.
        held_out: whether to use the held-out sentences alone, or all but these.
    """
    phrases = tellings(language)
    assert phrases is not None, f"{language} has no tellings.yaml"
    sentences = phrases["types"][f"{world.name}/{fact.type}"]
    tells = rng.sample(_usable(sentences["tells"], held_out), 2)
    roles = _usable(sentences["roles"], held_out)
    values = _others(rng, type_named(world, fact.type), fact, scene)
    frames = rng.sample(range(len(phrases["frames"][world.name])), 2)
    drawn = []
    for variant in range(2):
        contrast, *spare = rng.sample([role for role in roles if role % 2 == variant], len(roles) // 2)
        others = {role: values.pop() for role in spare[: rng.randint(0, len(spare))] if values}
        asides = rng.sample(range(len(sentences["asides"])), rng.choice((1, 2)) if others else 2)
        order = [("tells", tells[variant]), *(("roles", role) for role in (contrast, *others)), *(("asides", n) for n in asides)]
        rng.shuffle(order)
        drawn.append(Telling(frames[variant], tells[variant], contrast, others, tuple(order)))
    return drawn


def _usable(sentences: Sequence[str], held_out: bool) -> range:
    split = len(sentences) - HELD_OUT
    return range(split, len(sentences)) if held_out else range(split)


def _others(rng: Random, fact_type: FactType, fact: Fact, scene: Scene) -> list[str]:
    """Up to four further values of the fact's kind that suit the scene, all different."""
    values: dict[str, None] = {}
    for _ in range(_TRIES):
        drawn = fact_type.draw_other(rng, scene) if fact_type.draw_other else fact_type.draw_pair(rng, scene)[0]
        if drawn not in (fact.a.canonical, fact.b.canonical):
            values[drawn] = None
    return list(values)[:4]


def tell(world: World, fact: Fact, scene: Scene, side: Side, language: str, telling: Telling) -> str:
    """A passage that tells one side's value."""
    phrases = tellings(language)
    assert phrases is not None, f"{language} has no tellings.yaml"
    fact_type = type_named(world, fact.type)
    own, other = (fact.value(value).canonical for value in (side, *(value for value in SIDES if value != side)))
    values = {("tells", telling.tell): own, ("roles", telling.contrast): other}
    values |= {("roles", role): value for role, value in telling.others.items()}
    view = {**view_of(world, side_scene(scene, fact_type, own), language)}
    sentences = []
    for part, number in telling.order:
        if (value := values.get((part, number))) is not None:
            view["v"] = _written(world, fact_type, value, language)
        sentences.append(render_text(phrases["types"][f"{world.name}/{fact.type}"][part][number], view))
    return language_named(language).tidy(
        render_text(phrases["frames"][world.name][telling.frame], view | {"body": " ".join(sentences)})
    )


def beside(world: World, fact: Fact, scene: Scene, side: Side, language: str, layout: int) -> dict[str, Any]:
    """What a page shows where the asked value stands: that value and the fact's other one in another role, as large as it.

    Which of the two comes first follows from the fact and the layout, for either side alike. Ratings and pain scores are drawn
    twice; other types that are shown by graphics alone have no second value there.

    Returns:
        ``type`` (the fact's, or nothing) and ``rows`` (``label``, ``value`` as it is written and ``canonical`` of each).
    """
    phrases = tellings(language)
    labels = phrases["types"][f"{world.name}/{fact.type}"].get("page") if phrases else None
    if labels is None:
        return {"type": "", "rows": []}
    fact_type = type_named(world, fact.type)
    other = next(fact.value(value).canonical for value in SIDES if value != side)
    own = fact.value(side).canonical
    view = view_of(world, side_scene(scene, fact_type, own), language)
    rows = [
        {"label": render_text(label, view), "value": _written(world, fact_type, value, language), "canonical": value}
        for label, value in ((labels["own"], own), (labels["beside"][layout], other))
    ]
    first = Random(f"page:{fact.id}:{layout}").randrange(2)
    return {"type": fact.type, "rows": [rows[first], rows[1 - first]]}


def _written(world: World, fact_type: FactType, canonical: str, language: str) -> str:
    if fact_type.kind == "name":
        return phrasebook(world.name, language).name(fact_type.names, canonical)
    return write(fact_type.kind, canonical, language)
