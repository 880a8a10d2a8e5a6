"""A user's own facts: one JSON object a line, read into the same records as a release.

A line holds the question, how its answers are read (a kind of :data:`cmqa_tasks.facts.records.CANONICAL_FORMS`; ``name``
for anything that is just words), the two values, and what shows them (images as paths relative to the file)::

    {"question": "What is the total of the receipt?", "kind": "money", "a": "24.99 USD", "b": "29.99 USD",
     "images": {"a": "1.jpg"}, "texts": {"a": "I paid $24.99 for lunch …", "b": "Lunch came to $29.99 …"}}

One rendering of a value is enough for arms across kinds: a photograph of the true value and a passage of each make an agreeing
item and a conflict of ``image_text``. Arms within one kind need two renderings of some value, ``"a": ["…", "…"]``.
Several languages stand in one line (:mod:`cmqa_tasks.worlds.own_lines` says all that may)::

    {"question": {"en": "When did it open?", "zh": "它何时开放？"}, "kind": "date", "a": "1906-03-03", "b": "1916-05-13",
     "texts": {"en": {"a": "…", "b": "…"}, "zh": {"a": "…", "b": "…"}}}

A value is given in its kind's canonical form, alone or with written forms of one's own: ``{"canonical": "24.99 USD", "surface":
["$24.99", …]}``. A ``name`` may be anything but yes and no, which are of kind
``yes_no``. ``cmqa validate FILE`` says all that is wrong with a file.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cmqa_tasks.facts.records import Fact, ImageEvidence, Modality, Side, TextEvidence, Value, evidence_id, fact_id
from cmqa_tasks.facts.release import Release, load
from cmqa_tasks.worlds.languages import LANGUAGES, write
from cmqa_tasks.worlds.own_images import OwnImageError, read_image
from cmqa_tasks.worlds.own_lines import GivenValue, OwnLine, canonical_of, parse

ENDINGS = (".jsonl", ".jsonl.gz")
"""How the name of a file of facts ends."""
_BOM = b"\xef\xbb\xbf"


class OwnDataError(ValueError):
    """A line of a user's file cannot be used; the message says file, line, field and what is allowed."""


def is_own(source: str | Path) -> bool:
    """Whether a name is that of a file of facts."""
    return str(source).endswith(ENDINGS)


def opened(source: str | Path) -> Release:
    """Data as a task or a command names it: a user's own facts by their ``.jsonl`` file, else a release by name or directory.

    Raises:
        OwnDataError: as :func:`read_jsonl`.
        cmqa_tasks.facts.release.ReleaseError: as :func:`cmqa_tasks.facts.release.load`.
        FileNotFoundError: no such file of facts.
    """
    return read_jsonl(source) if is_own(source) else load(source)


def read_jsonl(path: str | Path, name: str | None = None, *, outside: bool = False) -> Release:
    """Read a user's facts into a release in memory.

    Where every line has two renderings of each value of all that it shows, in one language, items are twins; else
    they are crossed (:func:`cmqa_tasks.asking.items.items_of`), which needs less.

    Args:
        path: a file of JSON lines (``.jsonl``, or ``.jsonl.gz``), in UTF-8; blank lines are skipped.
        name: name of the release; by default the file's name without its ending.
        outside: whether images may stand elsewhere than below the file's directory.

    Raises:
        OwnDataError: a line is no UTF-8 or no JSON, has a missing, unknown or wrong field, is the same as another one, or names
            an image that cannot be used; or the file has no facts.
        FileNotFoundError: no such file.
    """
    path = Path(path)
    contents = _ReadSoFar()
    for fault in _read(path, contents, outside):
        raise OwnDataError(fault)
    return Release.from_records(
        name or _name(path), contents.facts, contents.texts, contents.images, crossed=not contents.twofold
    )


def faults(path: str | Path, *, outside: bool = False) -> list[str]:
    """All that is wrong with a file of facts, a sentence for each fault: file and line, field, what is allowed.

    Raises:
        FileNotFoundError: no such file.
    """
    return list(_read(Path(path), _ReadSoFar(), outside))


def _name(path: Path) -> str:
    return path.name.removesuffix(next((ending for ending in reversed(ENDINGS) if path.name.endswith(ending)), path.suffix))


@dataclass(slots=True)
class _ReadSoFar:
    """What was read so far."""

    facts: list[Fact] = field(default_factory=list)
    texts: list[TextEvidence] = field(default_factory=list)
    images: list[ImageEvidence] = field(default_factory=list)
    twofold: bool = True
    """Whether every line has two renderings of each value, in one language."""
    ranks: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: dict[str, int] = field(default_factory=dict)
    """Each line, and where it stands."""


def _read(path: Path, contents: _ReadSoFar, outside: bool) -> Iterator[str]:
    """Read a file into ``contents``, and yield its faults on the way."""
    any_line = False
    try:
        for number, raw in _raw_lines(path):
            any_line = True
            entry, wrong = parse(raw)
            if entry is not None:
                wrong = list(_add(entry, number, path.parent, contents, outside))
            yield from (f"{path}:{number}: {fault}" for fault in wrong)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        yield f"{path}: damaged gzip: {error}"
        return
    if not any_line:
        yield f"{path}: no facts in this file"


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            plain = (line.removeprefix(_BOM) if number == 1 else line).strip()
            if plain:
                yield number, plain


def _add(entry: OwnLine, number: int, root: Path, contents: _ReadSoFar, outside: bool) -> Iterator[str]:
    """Add a line's fact and evidence; yield its faults, after which nothing of it is to be used."""
    first = contents.lines.setdefault(repr(entry), number)
    if first != number:
        yield f"the same as line {first}"
        return
    try:
        fact = _fact(entry, contents.ranks[entry.world, entry.type])
    except ValueError as error:
        yield str(error)
        return
    contents.ranks[entry.world, entry.type] += 1
    contents.facts.append(fact)
    for language, side, passages, _ in entry.evidence(entry.texts):
        contents.texts += [
            TextEvidence(**_common(fact, side, "text", language, variant), text=text) for variant, text in enumerate(passages)
        ]
    pictures: dict[bytes, str] = {}
    for language, side, files, where in entry.evidence(entry.images):
        for variant, name in enumerate(files):
            try:
                image = read_image(root, name, outside=outside)
            except OwnImageError as error:
                yield f"images.{where}: {error}"
                continue
            if (other := pictures.setdefault(image.data, name)) != name:
                yield f"images.{where}: {name} and {other} are the same picture; renderings must differ"
            common = _common(fact, side, "image", language, variant)
            contents.images.append(ImageEvidence(**common, image=image.data, width=image.width, height=image.height))
    contents.twofold &= _twofold(entry)


def _twofold(entry: OwnLine) -> bool:
    """Whether what a line shows, it shows of both values, twice and in one language."""
    for given in (entry.texts, entry.images):
        shown = [(language, side) for language, side, renderings, _ in entry.evidence(given) if len(renderings) == 2]
        if len(shown) != len(list(entry.evidence(given))) or len(shown) not in (0, 2):
            return False
    return len(entry.languages) == 1


def _fact(entry: OwnLine, index: int) -> Fact:
    values = _value(entry.a, entry, "a"), _value(entry.b, entry, "b")
    question, entity = entry.words(entry.question), entry.words(entry.entity)
    fields: dict[str, Any] = {
        "index": index,
        "world": entry.world,
        "type": entry.type,
        "kind": entry.kind,
        "entity": entity,
        "question": question,
        "graphical": False,
        "tolerance": entry.tolerance,
    }
    a, b = values
    return Fact(id=fact_id(a=a.model_dump(), b=b.model_dump(), **fields), a=a, b=b, **fields)


def _value(given: str | GivenValue, entry: OwnLine, side: str) -> Value:
    """The value with its surface forms: the user's, else those that we write for its kind."""
    canonical = canonical_of(given)
    spelled = {} if not isinstance(given, GivenValue) else given.surface
    own = spelled if isinstance(spelled, dict) else {entry.language: spelled}
    try:
        forms = {language: own.get(language) or _surface(entry, canonical, language) for language in entry.languages}
    except ValueError as error:
        raise ValueError(f"{side}: {error}") from error
    return Value(canonical=canonical, surface={**forms, **own})


def _surface(entry: OwnLine, canonical: str, language: str) -> tuple[str, ...]:
    if entry.kind == "name" or language not in LANGUAGES:
        return (canonical,)
    try:
        return tuple(write(entry.kind, canonical, language).forms.values())
    except ValueError:
        if entry.kind in ("colour", "allergen") and language == "en":  # open classes, of which we know the commonest words
            return (canonical,)
        raise


def _common(fact: Fact, side: Side, modality: Modality, language: str, variant: int) -> dict[str, Any]:
    return {
        "id": evidence_id(fact.id, side, modality, language, variant),
        "fact_id": fact.id,
        "side": side,
        "language": language,
        "variant": variant,
        "template": "own",
    }
