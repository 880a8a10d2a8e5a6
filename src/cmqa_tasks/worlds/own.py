"""A user's own facts: one JSON object a line, read into the same records as a release.

A line holds the question, how its answers are read (a kind of :data:`cmqa_tasks.facts.records.CANONICAL_FORMS`; ``name``
for anything that is just words), the two values, and two renderings of each value for every modality that the arm
needs (images as paths relative to the file)::

    {"question": "What is the total of the receipt?", "kind": "money", "a": "24.99 USD", "b": "29.99 USD",
     "texts": {"a": ["I paid $24.99 …", "The receipt came to $24.99 …"], "b": ["I paid $29.99 …", "…"]},
     "images": {"a": ["1a.png", "1a_scan.png"], "b": ["1b.png", "1b_scan.png"]}}

A value is given in its kind's canonical form, alone or with written forms of one's own: ``{"canonical": "24.99 USD", "surface":
["$24.99", …]}``. A ``name`` may be anything.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError
from pydantic import Field, ValidationError

from cmqa_tasks.facts.records import (
    Fact,
    FrozenRecord,
    ImageEvidence,
    Kind,
    Modality,
    Side,
    TextEvidence,
    Value,
    evidence_id,
    fact_id,
)
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.worlds.languages import LANGUAGES, check_canonical, write
from cmqa_tasks.writing.problems import first_problem

_ENDING = ".jsonl"


class OwnDataError(ValueError):
    """A line of a user's file cannot be used; the message says file, line, field and what is allowed."""


class _GivenValue(FrozenRecord):
    canonical: str = Field(min_length=1)
    surface: tuple[str, ...] = Field(min_length=1)


class _Line(FrozenRecord):
    question: str = Field(min_length=1)
    kind: Kind = "name"
    a: str | _GivenValue
    b: str | _GivenValue
    texts: dict[Side, tuple[str, str]] = Field(default_factory=dict)
    images: dict[Side, tuple[str, str]] = Field(default_factory=dict)
    entity: str = ""
    world: str = "own"
    type: str = "own"
    language: str = "en"
    tolerance: float = Field(default=0.0, ge=0.0)


def opened(source: str | Path) -> Release:
    """Data as a task or a command names it: a user's own facts by their ``.jsonl`` file, else a release by name or directory.

    Raises:
        OwnDataError: as :func:`read_jsonl`.
        cmqa_tasks.facts.release.ReleaseError: as :func:`cmqa_tasks.facts.release.load`.
        FileNotFoundError: no such file of facts.
    """
    return read_jsonl(source) if Path(source).suffix == _ENDING else load(source)


def read_jsonl(path: str | Path, name: str | None = None) -> Release:
    """Read a user's facts into a release in memory.

    Args:
        path: a file of JSON lines; blank lines are skipped.
        name: name of the release; by default the file's name without its ending.

    Raises:
        OwnDataError: a line is no UTF-8 or no JSON, has a missing, unknown or wrong field, or names an image that cannot be read;
            or the file has no facts.
    """
    path = Path(path)
    facts: list[Fact] = []
    texts: list[TextEvidence] = []
    images: list[ImageEvidence] = []
    ranks: Counter[tuple[str, str]] = Counter()
    for number, line in _lines(path):
        fact = _fact(line, ranks[line.world, line.type], f"{path}:{number}")
        ranks[line.world, line.type] += 1
        facts.append(fact)
        texts += [
            TextEvidence(**_common(fact, line, side, "text", variant), text=text)
            for side, passages in line.texts.items()
            for variant, text in enumerate(passages)
        ]
        images += [
            _image(path.parent / file, _common(fact, line, side, "image", variant), f"{path}:{number}: images.{side}")
            for side, files in line.images.items()
            for variant, file in enumerate(files)
        ]
    if not facts:
        raise OwnDataError(f"{path}: no facts in this file")
    return Release.from_records(name or path.stem, facts, texts, images)


def _lines(path: Path) -> Iterator[tuple[int, _Line]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield number, _Line.model_validate(json.loads(line.decode("utf-8")))
            except UnicodeDecodeError as error:
                wrong = f"byte 0x{line[error.start]:02x} at column {error.start + 1}"
                raise OwnDataError(f"{path}:{number}: no UTF-8: {wrong}; save the file as UTF-8") from error
            except json.JSONDecodeError as error:
                raise OwnDataError(f"{path}:{number}: no JSON: {error}") from error
            except ValidationError as error:
                raise OwnDataError(f"{path}:{number}: {first_problem(error)}") from error


def _fact(line: _Line, index: int, where: str) -> Fact:
    fields: dict[str, Any] = {
        "index": index,
        "world": line.world,
        "type": line.type,
        "kind": line.kind,
        "entity": {line.language: line.entity},
        "question": {line.language: line.question},
        "graphical": False,
        "tolerance": line.tolerance,
    }
    a, b = _value(line.a, line, f"{where}: a"), _value(line.b, line, f"{where}: b")
    try:
        return Fact(id=fact_id(a=a.model_dump(), b=b.model_dump(), **fields), a=a, b=b, **fields)
    except ValidationError as error:
        raise OwnDataError(f"{where}: a, b: {error.errors()[0]['msg']}") from error


def _value(given: str | _GivenValue, line: _Line, where: str) -> Value:
    """The value with its surface forms: the user's, else those that we write for its kind."""
    canonical = given.canonical if isinstance(given, _GivenValue) else given
    try:
        check_canonical(line.kind, canonical)
        surface = given.surface if isinstance(given, _GivenValue) else _surface(canonical, line)
    except ValueError as error:
        raise OwnDataError(f"{where}: {error}") from error
    return Value(canonical=canonical, surface={line.language: surface})


def _surface(canonical: str, line: _Line) -> tuple[str, ...]:
    if line.kind == "name" or line.language not in LANGUAGES:
        return (canonical,)
    return tuple(write(line.kind, canonical, line.language).forms.values())


def _common(fact: Fact, line: _Line, side: Side, modality: Modality, variant: int) -> dict[str, Any]:
    return {
        "id": evidence_id(fact.id, side, modality, line.language, variant),
        "fact_id": fact.id,
        "side": side,
        "language": line.language,
        "variant": variant,
        "template": "own",
    }


def _image(path: Path, common: Mapping[str, Any], where: str) -> ImageEvidence:
    try:
        with Image.open(path) as image:
            width, height = image.size
    except (OSError, UnidentifiedImageError) as error:
        raise OwnDataError(f"{where}: {path}: {error}") from error
    return ImageEvidence(**common, image=path.read_bytes(), width=width, height=height)
