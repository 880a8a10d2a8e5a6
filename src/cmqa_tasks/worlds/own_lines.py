"""What a line of a user's file of facts may hold, checked in full, and its faults in words.

    entry, faults = parse(b'{"question": "Total?", "kind": "money", "a": "24.99 USD", "b": "29.99 USD"}')
    OwnLine.model_json_schema()         # the JSON Schema of a line

In JSON a rendering or a form may stand alone where a list may stand, and what is the same in every language needs none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError, WithJsonSchema, model_validator

from cmqa_tasks.facts.canonical import check_canonical
from cmqa_tasks.facts.records import SIDES, FrozenRecord, Kind, Side

_TAG = r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$"
Language = Annotated[str, Field(pattern=_TAG)]
"""A BCP 47 tag: ``en``, ``zh``, ``pt-BR``."""
_Text = Annotated[str, Field(min_length=1)]
_ONE_OR_LIST = WithJsonSchema(
    {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}]}
)
_ONE_OR_TWO = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 2},
        ]
    }
)


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Renderings = Annotated[tuple[_Text, ...], BeforeValidator(_listed), Field(min_length=1, max_length=2), _ONE_OR_TWO]
"""One or two renderings of a value: passages, or images as paths relative to the file."""
Spellings = Annotated[tuple[_Text, ...], BeforeValidator(_listed), Field(min_length=1), _ONE_OR_LIST]


class Sides(FrozenRecord):
    """Renderings of the two values; those of one value may be all that there are."""

    a: Renderings | None = None
    b: Renderings | None = None

    def of(self, side: Side) -> tuple[str, ...]:
        """The renderings of one value; empty where there are none."""
        return (self.a if side == "a" else self.b) or ()


def _by_language(given: Any) -> str:
    return "languages" if isinstance(given, Mapping) else "single"


def _evidence_by_language(given: Any) -> str:
    return "languages" if isinstance(given, Mapping) and not given.keys() <= {"a", "b"} else "single"


_Evidence = Annotated[
    Annotated[Sides, Tag("single")] | Annotated[dict[Language, Sides], Tag("languages")], Discriminator(_evidence_by_language)
]
_Words = Annotated[
    Annotated[_Text, Tag("single")] | Annotated[dict[Language, _Text], Tag("languages")], Discriminator(_by_language)
]
_Names = Annotated[Annotated[str, Tag("single")] | Annotated[dict[Language, str], Tag("languages")], Discriminator(_by_language)]
_Forms = Annotated[
    Annotated[Spellings, Tag("single")] | Annotated[dict[Language, Spellings], Tag("languages")], Discriminator(_by_language)
]


class GivenValue(FrozenRecord):
    """A value with written forms of the user's own."""

    canonical: _Text
    surface: _Forms


_OwnValue = Annotated[Annotated[_Text, Tag("single")] | Annotated[GivenValue, Tag("languages")], Discriminator(_by_language)]


class OwnLine(FrozenRecord):
    """One fact of a user's own, with its evidence."""

    question: _Words
    """The question; in several languages, as an object of language → question."""
    kind: Kind = "name"
    """How the values are read and compared; ``name`` for anything that is just words."""
    a: _OwnValue
    """The true value, in its kind's canonical form: alone, or with written forms of one's own."""
    b: _OwnValue
    """Another, plausible value."""
    texts: _Evidence = Field(default_factory=Sides)
    """Passages: value → one or two of them; in several languages, language → value → passages."""
    images: _Evidence = Field(default_factory=Sides)
    """Images, likewise: files beside or below this one."""
    entity: _Names = ""
    """What the question is about."""
    world: str = "own"
    type: str = "own"
    language: Language = "en"
    """The language of all that is not given by language."""
    tolerance: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    """Largest absolute error of a numeric answer that still counts, in the canonical unit."""

    @model_validator(mode="after")
    def _language_is_needed_once(self) -> OwnLine:
        if isinstance(self.question, dict) and not self.question:
            raise ValueError("question: at least one language is needed")
        return self

    def words(self, given: str | Mapping[str, str]) -> dict[str, str]:
        """Something by language."""
        return {self.language: given} if isinstance(given, str) else dict(given)

    def evidence(self, given: Sides | Mapping[str, Sides]) -> Iterator[tuple[str, Side, tuple[str, ...], str]]:
        """(language, side, renderings, how the user calls the place) of all evidence of one modality."""
        for language, sides in ({"": given} if isinstance(given, Sides) else given).items():
            for side in SIDES:
                if renderings := sides.of(side):
                    yield language or self.language, side, renderings, f"{language}.{side}" if language else side

    @property
    def languages(self) -> tuple[str, ...]:
        """All languages that the line speaks, those of the question first."""
        given = [language for field in (self.texts, self.images) for language, *_ in self.evidence(field)]
        return tuple(dict.fromkeys([*self.words(self.question), *given]))


def parse(line: bytes) -> tuple[OwnLine | None, list[str]]:
    """A line, or all that is wrong with it, a sentence a fault: field, what is wrong, the value."""
    try:
        data = json.loads(line.decode("utf-8"), object_pairs_hook=_without_repetition, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        wrong = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
        return None, [f"no UTF-8: {wrong}; save the file as UTF-8"]
    except (ValueError, RecursionError) as error:
        return None, [f"no JSON: {error}"]
    try:
        entry = OwnLine.model_validate(data)
    except ValidationError as error:
        return None, [_in_words(problem) for problem in error.errors()]
    faults = [*_value_faults(entry), *_text_faults(entry)]
    return (None, faults) if faults else (entry, [])


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the field {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return fields


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _in_words(problem: Any) -> str:
    field = ".".join(str(part) for part in problem["loc"] if part not in ("single", "languages"))
    message = (
        problem["msg"]
        .removeprefix("Value error, ")
        .replace("Tuple", "List")
        .replace("valid tuple", "valid list")
        .replace(" after validation", "")
    )
    shown = problem["input"] if field else ""
    text = repr(shown) if len(repr(shown)) < 80 else f"{repr(shown)[:76]} …"
    return f"{field}: {message}, not {text}" if field else message


def canonical_of(given: str | GivenValue) -> str:
    """The canonical form of a value."""
    return given.canonical if isinstance(given, GivenValue) else given


_SAYING_YES_OR_NO = frozenset("yes no 是 否 是的 不是 有 没有".split())


def _value_faults(entry: OwnLine) -> Iterator[str]:
    for side, given in zip(SIDES, (entry.a, entry.b), strict=True):
        canonical = canonical_of(given)
        try:
            check_canonical(entry.kind, canonical)
        except ValueError as error:
            yield f"{side}: {error}"
        if entry.kind == "name" and canonical.strip().lower() in _SAYING_YES_OR_NO:
            yield (
                f"{side}: {canonical!r} cannot be told from a statement that nothing contradicts ('No contradiction.'); ask "
                "for it as kind 'yes_no' instead, of which the values are yes and no"
            )
    if canonical_of(entry.a) == canonical_of(entry.b):
        yield f"a, b: values a and b are both {canonical_of(entry.a)!r}; they must differ"


def _text_faults(entry: OwnLine) -> Iterator[str]:
    for field, given in (("texts", entry.texts), ("images", entry.images)):
        seen: dict[tuple[str, str], str] = {}
        for language, _, renderings, where in entry.evidence(given):
            for number, rendering in enumerate(renderings):
                place = f"{field}.{where}.{number}"
                if (first := seen.setdefault((language, rendering), place)) != place:
                    yield f"{place}: the same as {first}; renderings must differ"
