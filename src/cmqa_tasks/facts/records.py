"""The frozen records that every stage of the project exchanges, and their stable ids.

A :class:`Fact` is one question with two plausible values. A piece of :class:`Evidence` renders one of the two values, as
text or as an image. An :class:`Item` is what a model is asked about: one piece of evidence (``single``) or two, which
carry different values (``conflict``) or the same one (``agree``). An :class:`Arm` names the ordered kinds of the pieces.

    >>> arm_named("image_text").cross_modal
    True
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Modality = Literal["text", "image"]
Side = Literal["a", "b"]
Relation = Literal["conflict", "agree", "single"]
Outcome = Literal["conflict", "first", "second", "both", "abstain", "other", "unparsed", "correct", "failed"]
"""What a response did; ``failed``: there was none, the request failed."""
Family = Literal["cmqa", "clqa"]
Kind = Literal[
    "money",
    "count",
    "percent",
    "rating",
    "level",
    "rate",
    "distance",
    "dose",
    "date",
    "time",
    "score",
    "blood_group",
    "direction",
    "colour",
    "weather",
    "allergen",
    "name",
    "year",
    "number",
    "temperature",
    "weight",
    "range",
    "yes_no",
]

KINDS: tuple[Kind, ...] = get_args(Kind)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
SIDES: tuple[Side, Side] = ("a", "b")
ITEM_KEY = "cmqa_item"
"""Key of the per-item record in a samples file."""

CANONICAL_FORMS: Mapping[Kind, str] = {
    "money": "amount with the currency's usual decimals and ISO 4217 code: '24.99 USD'",
    "count": "digits alone: '1200'",
    "percent": "number without needless zeros, with its sign where negative: '40', '-2.5'",
    "rating": "stars out of five, in halves: '3.5', '4'",
    "level": "integer out of ten: '7'",
    "rate": "beats per minute: '80'",
    "distance": "number without needless zeros and km, m or mi: '2.4 km'",
    "dose": "number without needless zeros and mg, g, mcg or ml: '500 mg'",
    "date": "ISO 8601 date: '2026-03-03'",
    "time": "hours and minutes of a 24-hour clock: '08:30'",
    "score": "home and away goals: '3-1'",
    "blood_group": "ABO and rhesus sign: 'O+', 'AB-'",
    "direction": "north, north-east, east, south-east, south, south-west, west or north-west",
    "colour": "basic colour term in lower case: 'red'",
    "weather": "sunny, cloudy, rain, thunderstorm, snow or fog",
    "allergen": "substance in lower case: 'penicillin'",
    "name": "an open class (streets, stops, anything of the user's own): a key; answers are read by the surface forms",
    "year": "a year, negative before our era: '1987', '-44'",
    "number": "number without needless zeros, with its sign where negative: '0.57', '-3'",
    "temperature": "number without needless zeros and C or F: '-3 C', '98.6 F'",
    "weight": "number without needless zeros and kg, g, mg, t, lb or oz: '2.5 kg'",
    "range": "two numbers, the lower first, alone or with km, m, mi, mg, g, mcg, ml, kg, t, lb, oz, C, F or percent; or "
    "two clock times: '3 to 5', '-5 to -3 C', '09:00 to 17:00'",
    "yes_no": "yes or no",
}
"""How the canonical form of each kind is written; the reader of responses compares canonical forms."""


class FrozenRecord(BaseModel):
    """Base of all records: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(FrozenRecord):
    """One of the two values of a fact."""

    canonical: str = Field(min_length=1)
    """Language-neutral machine form; see :data:`CANONICAL_FORMS`."""
    surface: dict[str, tuple[str, ...]]
    """Per language (BCP 47), every written form that a correct answer may take; the first is the one shown by default."""


class Fact(FrozenRecord):
    """One question about one entity with two plausible values."""

    id: str
    """Content hash of every other field."""
    index: int = Field(ge=0)
    """Rank within its (world, type); its bits balance orders, sides and layouts over items."""
    world: str
    type: str
    """Name of the fact type within its world, such as ``price``."""
    kind: Kind
    """How the values are read and compared."""
    entity: dict[str, str]
    """Per language, what the question is about."""
    question: dict[str, str]
    """Per language, the question as put to a model."""
    a: Value
    """The value that is true in this world."""
    b: Value
    """The counterfactual."""
    graphical: bool
    """Whether images show the value by graphics alone, never in writing."""
    tolerance: float = Field(default=0.0, ge=0.0)
    """Largest absolute error of a numeric answer that still counts, in the canonical unit (charts are read, not copied)."""

    def value(self, side: Side) -> Value:
        """The value of one side."""
        return self.a if side == "a" else self.b

    def conflict_variant(self, side: Side) -> int:
        """The rendering in which a value appears in conflict items: the two values never share one."""
        return (self.index >> 2 & 1) ^ (side == "b")

    def crossed_variant(self, position: int) -> int:
        """The rendering that stands in a place of crossed items: drawn by a hash of the fact, another one in the other place."""
        return (int(content_id("variant", self.id), 16) + position) % 2

    @model_validator(mode="after")
    def _values_differ(self) -> Fact:
        if self.a.canonical == self.b.canonical:
            raise ValueError(f"fact {self.id!r}: values a and b are both {self.a.canonical!r}; they must differ")
        return self


def fact_of_row(row: Mapping[str, Any]) -> Fact:
    """A fact from a row of a table, without the nulls that Arrow fills in for languages that a fact lacks."""
    sides = {side: row[side] | {"surface": _spoken(row[side]["surface"])} for side in SIDES}
    return Fact.model_validate({**row, "entity": _spoken(row["entity"]), "question": _spoken(row["question"]), **sides})


def _spoken(by_language: Mapping[str, Any]) -> dict[str, Any]:
    return {language: content for language, content in by_language.items() if content is not None}


class Evidence(FrozenRecord):
    """One rendering of one value of a fact, without its content (which is text or image bytes beside it)."""

    id: str
    fact_id: str
    side: Side
    modality: Modality
    language: str
    variant: int = Field(ge=0)
    """Which of the fact's renderings this is: 0 or 1. Two pieces of one item never share it."""
    template: str
    """Name of the phrasing or of the page layout."""


class TextEvidence(Evidence):
    """A passage."""

    modality: Literal["text"] = "text"
    text: str = Field(min_length=1)


class ImageEvidence(Evidence):
    """A page."""

    modality: Literal["image"] = "image"
    image: bytes = Field(min_length=1, repr=False)
    """An encoded image (lossless WebP in our releases; any format that Pillow reads in a user's own data)."""
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class Piece(FrozenRecord):
    """One place of an item: which kind of evidence, of which side, stands there."""

    modality: Modality
    language: str
    side: Side
    variant: int = Field(ge=0)


class Arm(FrozenRecord):
    """The ordered kinds of an item's pieces: two, or one for ``single`` arms."""

    name: str
    family: Family = "cmqa"
    """What the arm's tasks are named after: conflicts across modalities, or across languages."""
    pieces: tuple[tuple[Modality, str], ...] = Field(min_length=1, max_length=2)
    """(modality, language) of each piece, in the order in which the model sees them."""

    @property
    def single(self) -> bool:
        """Whether there is one piece only."""
        return len(self.pieces) == 1

    @property
    def cross_modal(self) -> bool:
        """Whether the two pieces differ in modality."""
        return len({modality for modality, _ in self.pieces}) == 2

    @property
    def cross_lingual(self) -> bool:
        """Whether the two pieces differ in language."""
        return len({language for _, language in self.pieces}) == 2


class Item(FrozenRecord):
    """One thing to ask a model: a fact, its pieces of evidence in order, and how they relate."""

    id: str
    """Content hash of fact, arm, relation, pieces and release: stable across machines and runs."""
    release: str
    arm: str
    relation: Relation
    fact_id: str
    pieces: tuple[Piece, ...] = Field(min_length=1, max_length=2)
    turn: int | None = Field(default=None, ge=0)
    """Place among its fact's items in this arm, where items are crossed: the letters of options turn with it."""


_WRITTEN: Mapping[str, tuple[Modality, str]] = {
    "text": ("text", "en"),
    "image": ("image", "en"),
    "zhtext": ("text", "zh"),
    "zhimage": ("image", "zh"),
    "en": ("text", "en"),
    "zh": ("text", "zh"),
}
"""How the name of a shipped arm calls the kind of a piece."""


def _arm(family: Family, *pieces: str) -> Arm:
    return Arm(name="_".join(pieces), family=family, pieces=tuple(_WRITTEN[piece] for piece in pieces))


ARMS: Mapping[str, Arm] = {
    arm.name: arm
    for arm in (
        _arm("cmqa", "text", "text"),
        _arm("cmqa", "image", "image"),
        _arm("cmqa", "image", "text"),
        _arm("cmqa", "text", "image"),
        _arm("cmqa", "text"),
        _arm("cmqa", "image"),
        _arm("cmqa", "zhimage", "text"),
        _arm("cmqa", "text", "zhimage"),
        _arm("cmqa", "image", "zhtext"),
        _arm("cmqa", "zhtext", "image"),
        _arm("cmqa", "zhimage"),
        _arm("clqa", "en", "en"),
        _arm("clqa", "zh", "zh"),
        _arm("clqa", "en", "zh"),
        _arm("clqa", "zh", "en"),
        _arm("clqa", "en"),
        _arm("clqa", "zh"),
    )
}
"""The arms that we ship, by name."""


def arm_named(name: str) -> Arm:
    """Look up a shipped arm.

    Raises:
        ValueError: no such arm; the message lists those that exist.
    """
    try:
        return ARMS[name]
    except KeyError:
        raise ValueError(f"unknown arm {name!r}; choose one of {', '.join(ARMS)}") from None


def content_id(*parts: object) -> str:
    """A stable 16-hex-digit id (64 bits of SHA-256) of JSON-representable parts."""
    blob = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(blob.encode()).hexdigest()[:16]


def fact_id(**fields: object) -> str:
    """The id of a fact from its other fields, given in their JSON form."""
    return content_id("fact", fields)


def evidence_id(fact: str, side: Side, modality: Modality, language: str, variant: int) -> str:
    """The id of the evidence of a fact that stands in one place of the grid side × modality × language × variant."""
    return content_id("evidence", fact, side, modality, language, variant)


def item_id(release: str, arm: str, relation: Relation, fact: str, pieces: tuple[Piece, ...]) -> str:
    """The id of an item; the order of its pieces is part of it."""
    return content_id("item", release, arm, relation, fact, [piece.model_dump() for piece in pieces])
