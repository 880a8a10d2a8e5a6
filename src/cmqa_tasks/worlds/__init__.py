"""How facts are made and drawn: the worlds (news, shopping, maps and health), languages, releases, and a user's own facts.

    WORLDS["shopping"].types
    read_jsonl("receipts.jsonl")      # own.py

Not part of the public API; see :mod:`cmqa_tasks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from cmqa_tasks.facts.records import Fact, Side, Value, fact_id
from cmqa_tasks.worlds import health, maps, news, shopping
from cmqa_tasks.worlds.base import FactType, Phrasebook, Scene, View, World
from cmqa_tasks.worlds.languages import LANGUAGES, language_named, write
from cmqa_tasks.worlds.templates import render_text

WORLDS: Mapping[str, World] = {world.name: world for world in (news.WORLD, shopping.WORLD, maps.WORLD, health.WORLD)}
"""The worlds by name, in the order in which facts are dealt to them."""


def languages_of(world: str) -> tuple[str, ...]:
    """The languages that a world speaks, the default first."""
    return tuple(code for code, language in LANGUAGES.items() if (language.phrases / f"{world}.yaml").is_file())


@cache
def phrasebook(world: str, language: str) -> Phrasebook:
    """A world's words in a language.

    Raises:
        ValueError: there is no such phrasebook.
    """
    file = language_named(language).phrases / f"{world}.yaml"
    if not file.is_file():
        raise ValueError(f"no phrases for world {world!r} in language {language!r} ({file})")
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Phrasebook(language=language, labels=data["labels"], names=data["names"], types=data["types"])


def side_scene(scene: Scene, fact_type: FactType, canonical: str) -> Scene:
    """The scene with the fact's own field set to one of the two values."""
    return {**scene, fact_type.name: canonical}


def view_of(world: World, scene: Scene, language: str) -> View:
    """A scene in one language, with the phrasebook's labels beside it for the pages."""
    book = phrasebook(world.name, language)
    return {**world.view(scene, book), "labels": book.labels, "language": language}


def value_of(world: World, fact_type: FactType, canonical: str) -> Value:
    """A canonical value with its surface forms in every language."""
    return Value(
        canonical=canonical,
        surface={language: _surface(world, fact_type, canonical, language) for language in languages_of(world.name)},
    )


def _surface(world: World, fact_type: FactType, canonical: str, language: str) -> tuple[str, ...]:
    if fact_type.kind == "name":
        return (phrasebook(world.name, language).name(fact_type.names, canonical),)
    return tuple(dict.fromkeys(write(fact_type.kind, canonical, language).forms.values()))


def make_fact(world: World, fact_type: FactType, index: int, scene: Scene, pair: tuple[str, str]) -> Fact:
    """The record of a fact: its question and values in every language, from the scene and the drawn pair of values."""
    texts: dict[str, dict[str, str]] = {"entity": {}, "question": {}}
    for language in languages_of(world.name):
        view = view_of(world, side_scene(scene, fact_type, pair[0]), language)
        for field, by_language in texts.items():
            by_language[language] = render_text(phrasebook(world.name, language).types[fact_type.name][field], view)
    a, b = (value_of(world, fact_type, canonical) for canonical in pair)
    fields: dict[str, Any] = {
        "index": index,
        "world": world.name,
        "type": fact_type.name,
        "kind": fact_type.kind,
        "graphical": fact_type.graphical,
        "tolerance": fact_type.tolerance,
        **texts,
    }
    return Fact(id=fact_id(a=a.model_dump(), b=b.model_dump(), **fields), a=a, b=b, **fields)


def passage(world: World, fact: Fact, scene: Scene, side: Side, language: str, template: int) -> str:
    """The passage number ``template`` of the fact's type, telling one side's value."""
    fact_type = type_named(world, fact.type)
    view = view_of(world, side_scene(scene, fact_type, fact.value(side).canonical), language)
    text = render_text(phrasebook(world.name, language).types[fact.type]["passages"][template], view)
    return language_named(language).tidy(text)


def type_named(world: World, name: str) -> FactType:
    """A world's fact type by name."""
    return next(fact_type for fact_type in world.types if fact_type.name == name)
