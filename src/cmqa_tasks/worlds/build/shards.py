"""One shard of a build: a run of facts with their texts and images, drawn, rendered and written by one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cmqa_tasks.facts.records import Side, evidence_id
from cmqa_tasks.facts.release import FACTS, IMAGES, TEXTS
from cmqa_tasks.worlds.build.draw import Drawn, draw, layout, page, pages, texts
from cmqa_tasks.worlds.build.render import PAGE_SIZE, Renderer
from cmqa_tasks.worlds.languages import LANGUAGES
from cmqa_tasks.writing.files import atomic

SHARD_FACTS = 8
"""Facts per shard: small enough that a kill loses seconds, large enough that files stay few."""

_evidence = [
    ("id", pa.string()),
    ("fact_id", pa.string()),
    ("side", pa.string()),
    ("modality", pa.string()),
    ("language", pa.string()),
    ("variant", pa.int8()),
    ("template", pa.string()),
]
_image = [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("width", pa.int32()), ("height", pa.int32())]


def schema(name: str) -> pa.Schema:
    """Columns of one of a release's files. ``image`` has the layout that Hugging Face datasets decodes as an Image."""
    if name == FACTS:
        return _facts()
    return pa.schema([*_evidence, *(_image if name == IMAGES else [("text", pa.string())])])


def _facts() -> pa.Schema:
    strings = pa.struct([(language, pa.string()) for language in LANGUAGES])
    surface = pa.struct([(language, pa.list_(pa.string())) for language in LANGUAGES])
    value = pa.struct([("canonical", pa.string()), ("surface", surface)])
    return pa.schema(
        [
            ("id", pa.string()),
            ("index", pa.int32()),
            ("world", pa.string()),
            ("type", pa.string()),
            ("kind", pa.string()),
            ("entity", strings),
            ("question", strings),
            ("a", value),
            ("b", value),
            ("graphical", pa.bool_()),
            ("tolerance", pa.float64()),
        ]
    )


_renderer: Renderer | None = None


def start_worker(browser: str | None) -> None:
    """Give this process its own browser (they cannot be shared between processes)."""
    global _renderer
    _renderer = Renderer(browser)


def shard_facts(shard: int, facts: int) -> range:
    """Numbers of the facts in a shard of a build of so many facts."""
    return range(shard * SHARD_FACTS, min((shard + 1) * SHARD_FACTS, facts))


def build_shard(plan: Mapping[str, Any], shard: int, directory: Path) -> int:
    """Build a shard in a worker process, and say how many images it made. The last of its files to appear is the images'.

    Args:
        plan: ``seed``, ``facts``, ``fewshot`` and ``held_out`` of the build.
        shard: its number.
        directory: where its files go.
    """
    assert _renderer is not None, "start_worker was not called in this process"
    numbers = shard_facts(shard, plan["facts"] + plan["fewshot"])
    all_drawn = [draw(plan["seed"], number, held_out=plan["held_out"]) for number in numbers]
    write(directory / shard_file(shard, FACTS), [drawn.fact.model_dump() for drawn in all_drawn], schema(FACTS))
    write(
        directory / shard_file(shard, TEXTS), [text.model_dump() for drawn in all_drawn for text in texts(drawn)], schema(TEXTS)
    )
    images = [row for drawn in all_drawn for row in _images(drawn, _renderer)]
    write(directory / shard_file(shard, IMAGES), images, schema(IMAGES))
    return len(images)


def shard_file(shard: int, name: str) -> str:
    """Name of a shard's part of a release file."""
    return f"{shard:06d}.{name}"


def _images(drawn: Drawn, renderer: Renderer) -> list[dict[str, Any]]:
    return [
        {
            "id": evidence_id(drawn.fact.id, side, "image", language, variant),
            "fact_id": drawn.fact.id,
            "side": side,
            "modality": "image",
            "language": language,
            "variant": variant,
            "template": layout(drawn.fact.world, variant),
            "image": {"bytes": _render(drawn, side, language, variant, renderer), "path": None},
            "width": PAGE_SIZE[0],
            "height": PAGE_SIZE[1],
        }
        for language, side, variant in pages(drawn.fact)
    ]


def _render(drawn: Drawn, side: Side, language: str, variant: int, renderer: Renderer) -> bytes:
    fact = drawn.fact
    name = f"{layout(fact.world, variant)} of fact {fact.id} ({fact.type} {fact.index}, value {side})"
    return renderer.render(page(drawn, side, language, variant), name)


def write(path: Path, rows: Sequence[dict[str, Any]], columns: pa.Schema) -> None:
    """Write rows as Parquet, whole or not at all."""
    with atomic(path) as partial:
        pq.write_table(pa.Table.from_pylist(list(rows), schema=columns), partial)
