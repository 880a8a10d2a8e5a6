"""The miniature's facts as a release like any other, so that its items, prompts and scores are the ordinary ones.

Every fact asks for one person's colour. Each piece of evidence shows one other person beside; a fact's two renderings show
different others, so that two pieces differ about the person asked for and about nobody else. English notes, Chinese notes and
pictures of one rendering say the same.
"""

from __future__ import annotations

import io
import platform
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pyarrow
from PIL import Image

import cmqa_tasks
from cmqa_tasks.facts.records import SIDES, Fact, Side, Value, evidence_id, fact_id
from cmqa_tasks.facts.release import CARD, FACTS, IMAGES, METADATA, TEXTS, FileInfo, ReleaseMetadata, sha256_of
from cmqa_tasks.worlds.build.shards import schema, write
from cmqa_tasks.worlds.languages import write as written
from experiments.mini.world import COLOURS, LANGUAGES, NAMES, PEOPLE, Canvas, Facts, note, question

WORLD = "mini"
_OTHERS = 1
"""Other people in a piece of evidence."""
_CARD = """# Release `{name}`

{facts} facts of the toy world of cmqa-tasks (`experiments.mini`), from seed {seed}: one person's colour each, in pictures of
{side} × {side} pixels, English notes and Chinese notes. Made for a model that knows nothing else; no measure of any other.

Licence: CC BY 4.0.
"""


def freeze(out: Path, facts: int, seed: int, canvas: Canvas) -> ReleaseMetadata:
    """Write the release into a new directory, whose name is its name.

    Raises:
        FileExistsError: the directory exists.
    """
    out.mkdir(parents=True)
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    rows: dict[str, list[dict[str, Any]]] = {FACTS: [], TEXTS: [], IMAGES: []}
    for index in range(facts):
        fact, shown = _draw(index, rng)
        rows[FACTS].append(fact.model_dump())
        rows[TEXTS] += _texts(fact, shown)
        rows[IMAGES] += _images(fact, shown, canvas, noise)
    for name, records in rows.items():
        write(out / name, records, schema(name))
    metadata = ReleaseMetadata(
        name=out.name,
        seed=seed,
        facts=facts,
        languages=LANGUAGES,
        page_size=(canvas.side, canvas.side),
        versions=_versions(),
        files={name: _info(out / name, len(records)) for name, records in rows.items()},
    )
    (out / CARD).write_text(_CARD.format(name=out.name, facts=facts, seed=seed, side=canvas.side), encoding="utf-8")
    (out / METADATA).write_text(metadata.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return metadata


_Shown = dict[tuple[Side, int], Facts]
"""What the evidence of each side and variant says."""


def _draw(index: int, rng: random.Random) -> tuple[Fact, _Shown]:
    person, *others = rng.sample(range(PEOPLE), 1 + 2 * _OTHERS)
    colours = dict(zip(SIDES, rng.sample(range(len(COLOURS)), 2), strict=True))
    shown: _Shown = {}
    for variant in (0, 1):
        beside = [(other, rng.randrange(len(COLOURS))) for other in others[variant * _OTHERS :][:_OTHERS]]
        order = rng.sample(range(1 + _OTHERS), 1 + _OTHERS)
        for side, colour in colours.items():
            facts = [(person, colour), *beside]
            shown[side, variant] = [facts[position] for position in order]
    fields: dict[str, Any] = {
        "index": index,
        "world": WORLD,
        "type": "colour",
        "kind": "colour",
        "entity": {language: NAMES[language][person] for language in LANGUAGES},
        "question": {language: " ".join(question(language, person)) for language in LANGUAGES},
        "graphical": True,
        "tolerance": 0.0,
    }
    a, b = (_value(COLOURS[colours[side]]) for side in SIDES)
    return Fact(id=fact_id(a=a.model_dump(), b=b.model_dump(), **fields), a=a, b=b, **fields), shown


def _value(colour: str) -> Value:
    forms: dict[str, tuple[str, ...]] = {
        language: tuple(written("colour", colour, language).forms.values()) for language in LANGUAGES
    }
    return Value(canonical=colour, surface=forms)


def _texts(fact: Fact, shown: _Shown) -> Iterator[dict[str, Any]]:
    for (side, variant), facts in shown.items():
        for language in LANGUAGES:
            yield _evidence(fact, side, "text", language, variant) | {"text": " ".join(note(language, facts))}


def _images(fact: Fact, shown: _Shown, canvas: Canvas, noise: np.random.Generator) -> Iterator[dict[str, Any]]:
    pictures = canvas.draw(list(shown.values()), noise)
    for (side, variant), picture in zip(shown, pictures, strict=True):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        image = {"image": {"bytes": file.getvalue(), "path": None}, "width": canvas.side, "height": canvas.side}
        yield _evidence(fact, side, "image", "en", variant) | image


def _evidence(fact: Fact, side: Side, modality: Any, language: str, variant: int) -> dict[str, Any]:
    return {
        "id": evidence_id(fact.id, side, modality, language, variant),
        "fact_id": fact.id,
        "side": side,
        "modality": modality,
        "language": language,
        "variant": variant,
        "template": WORLD,
    }


def _versions() -> dict[str, str]:
    return {
        "cmqa-tasks": cmqa_tasks.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "pyarrow": pyarrow.__version__,
        "python": platform.python_version(),
    }


def _info(path: Path, rows: int) -> FileInfo:
    return FileInfo(sha256=sha256_of(path), bytes=path.stat().st_size, rows=rows)
