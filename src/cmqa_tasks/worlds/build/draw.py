"""Draw facts and write their texts: a pure function of (seed, number), so that any process can draw any part."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cmqa_tasks.facts.records import SIDES, Fact, Side, TextEvidence, evidence_id
from cmqa_tasks.worlds import WORLDS, languages_of, make_fact, passage, phrasebook, side_scene, type_named, view_of
from cmqa_tasks.worlds.base import Scene
from cmqa_tasks.worlds.languages import LANGUAGES
from cmqa_tasks.worlds.telling import Telling, beside, draw_tellings, tell, tellings
from cmqa_tasks.worlds.templates import render_page

VARIANTS = (0, 1)
"""The renderings of each value: two passages, two page layouts."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A fact with the scene that it was drawn from."""

    fact: Fact
    scene: Scene
    passages: tuple[int, int]
    """Numbers of the two whole passages that tell it (variant → template), where a language has no sentences to build some of."""
    tellings: tuple[Telling, Telling]
    """How the two passages that tell it are built (variant → build), the same in every language."""


def draw(seed: int, number: int, *, held_out: bool = False) -> Drawn:
    """Draw fact ``number`` of the set with this seed.

    Facts are dealt to the worlds in turn and, within a world, to its fact types in turn. ``held_out`` says whether they are told
    in held-out phrasings; it changes nothing else.
    """
    world = list(WORLDS.values())[number % len(WORLDS)]
    index, type_number = divmod(number // len(WORLDS), len(world.types))
    fact_type = world.types[type_number]
    rng = Random(f"fact:{seed}:{number}")
    scene = world.draw_scene(rng, seed, number // len(WORLDS))
    fact = make_fact(world, fact_type, index, scene, fact_type.draw_pair(rng, scene))
    language = languages_of(world.name)[0]
    first, second = rng.sample(range(len(phrasebook(world.name, language).types[fact_type.name]["passages"])), 2)
    telling = draw_tellings(Random(f"telling:{seed}:{number}"), world, fact, scene, language, held_out=held_out)
    return Drawn(fact=fact, scene=scene, passages=(first, second), tellings=(telling[0], telling[1]))


def texts(drawn: Drawn) -> list[TextEvidence]:
    """All passages of a fact: both sides × both variants × every language."""
    fact = drawn.fact
    return [
        TextEvidence(
            id=evidence_id(fact.id, side, "text", language, variant),
            fact_id=fact.id,
            side=side,
            language=language,
            variant=variant,
            template=f"{fact.world}/{fact.type}/{drawn.tellings[variant].tell}",
            text=_text(drawn, side, language, variant),
        )
        for language in languages_of(fact.world)
        for side in SIDES
        for variant in VARIANTS
    ]


def _text(drawn: Drawn, side: Side, language: str, variant: int) -> str:
    world = WORLDS[drawn.fact.world]
    if tellings(language) is None:
        return passage(world, drawn.fact, drawn.scene, side, language, drawn.passages[variant])
    return tell(world, drawn.fact, drawn.scene, side, language, drawn.tellings[variant])


def pages(fact: Fact) -> list[tuple[str, Side, int]]:
    """(language, side, variant) of every page of a fact: in both layouts, or in the one that stands beside passages."""
    return [
        (language, side, variant)
        for language in languages_of(fact.world)
        for side in SIDES
        for variant in VARIANTS
        if LANGUAGES[language].both_layouts or variant == fact.crossed_variant(0)
    ]


def page(drawn: Drawn, side: Side, language: str, variant: int) -> str:
    """The HTML of the fact's page in one layout, showing one side's value."""
    fact, world = drawn.fact, WORLDS[drawn.fact.world]
    scene = side_scene(drawn.scene, type_named(world, fact.type), fact.value(side).canonical)
    view = {**view_of(world, scene, language), "beside": beside(world, fact, drawn.scene, side, language, variant)}
    return render_page(layout(fact.world, variant), view)


def layout(world: str, variant: int) -> str:
    """Name of a world's page layout."""
    return f"{world}_{variant}"
