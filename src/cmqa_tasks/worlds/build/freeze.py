"""``cmqa build``: facts in parallel shards, then one release directory that appears whole or not at all.

While it runs, everything is in ``<out>.partial``. A build that was killed goes on where it was when the same command
is given again.
"""

from __future__ import annotations

import importlib.metadata
import json
import multiprocessing
import os
import platform
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

import cmqa_tasks
from cmqa_tasks.facts.release import CARD, CROSSED_FORMAT, FACTS, IMAGES, METADATA, TEXTS, FileInfo, ReleaseMetadata, sha256_of
from cmqa_tasks.worlds.build.power import Power, power
from cmqa_tasks.worlds.build.render import PAGE_SIZE, Renderer
from cmqa_tasks.worlds.build.shards import SHARD_FACTS, build_shard, schema, shard_file, start_worker
from cmqa_tasks.worlds.languages import LANGUAGES
from cmqa_tasks.worlds.telling import tellings

FORMAT = 3
"""The ``format`` of what is built: items are crossed, and passages are put together by :mod:`cmqa_tasks.worlds.telling`."""
_PLAN = "plan.json"
_SHARDS = "shards"
_RELEASE = "release"
_SHARDS_PER_ROW_GROUP = 2


class BuildError(ValueError):
    """A build cannot start or go on; the message says why and what to do."""


def build(
    seed: int,
    facts: int,
    out: Path,
    *,
    fewshot: int = 0,
    held_out: bool = False,
    workers: int | None = None,
    browser: str | None = None,
) -> ReleaseMetadata:
    """Build a release of ``facts`` facts into the new directory ``out``.

    The same seed and versions give the same records and texts, byte for byte, whatever the number of workers; images are the same
    as long as the browser and its fonts are.

    Args:
        seed: what the facts are drawn from.
        facts: how many.
        out: the new directory; its name is the release's name.
        fewshot: how many further facts, for few-shot examples; the first ``facts`` are the same whatever it is.
        held_out: tell the facts in held-out phrasings alone, which no other set uses.
        workers: processes, each with a browser; by default one per CPU.
        browser: see :class:`~cmqa_tasks.worlds.build.render.Renderer`.

    Raises:
        BuildError: ``out`` exists, ``seed`` or ``fewshot`` is negative, ``facts`` is not positive, or ``<out>.partial`` is of
            another build.
        cmqa_tasks.worlds.build.render.RenderError: no browser.
    """
    if seed < 0:
        raise BuildError(f"--seed must be at least 0, not {seed}")
    if facts < 1:
        raise BuildError(f"--facts must be at least 1, not {facts}")
    if fewshot < 0:
        raise BuildError(f"--fewshot must be at least 0, not {fewshot}")
    if out.exists():
        raise BuildError(f"{out} exists; choose another directory or delete it")
    partial = out.with_name(f"{out.name}.partial")
    plan = {"name": out.name, "seed": seed, "facts": facts, "versions": _versions(browser), "format": FORMAT}
    plan |= {"held_out": held_out, "fewshot": fewshot}
    _begin(partial, plan)
    _build_shards(plan, partial / _SHARDS, workers or _cpus(), browser)
    metadata = _assemble(partial, plan)
    os.replace(partial / _RELEASE, out)
    shutil.rmtree(partial)
    return metadata


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _versions(browser: str | None) -> dict[str, str]:
    with Renderer(browser) as renderer:
        chromium = renderer.version
    packages = {name: importlib.metadata.version(name) for name in ("jinja2", "pillow", "playwright", "pyarrow", "pyyaml")}
    return {"cmqa-tasks": cmqa_tasks.__version__, "chromium": chromium, "python": platform.python_version(), **packages}


def _begin(partial: Path, plan: dict[str, Any]) -> None:
    """Make the working directory, or find it as the same build left it."""
    path = partial / _PLAN
    if path.is_file():
        begun = json.loads(path.read_text(encoding="utf-8"))
        if begun != plan:
            changed = [key for key in plan if begun.get(key) != plan[key]]
            raise BuildError(f"{partial} is of another build ({', '.join(changed)} differ); delete it or choose another --out")
        return
    if partial.exists():
        raise BuildError(f"{partial} exists and is not an unfinished build; delete it or choose another --out")
    (partial / _SHARDS).mkdir(parents=True)
    path.write_text(json.dumps(plan, indent=1), encoding="utf-8")


def _build_shards(plan: Mapping[str, Any], directory: Path, workers: int, browser: str | None) -> None:
    from tqdm import tqdm

    shards = range(_shards(plan))
    missing = [shard for shard in shards if not (directory / shard_file(shard, IMAGES)).is_file()]
    if not missing:
        return
    context = multiprocessing.get_context("spawn")  # a forked process must not inherit another one's browser
    with (
        ProcessPoolExecutor(min(workers, len(missing)), context, start_worker, (browser,)) as pool,
        tqdm(total=len(shards), initial=len(shards) - len(missing), unit="shard", desc="cmqa build") as bar,
    ):
        for future in as_completed([pool.submit(build_shard, plan, shard, directory) for shard in missing]):
            future.result()  # raises what went wrong in the worker
            bar.update()


def _shards(plan: Mapping[str, Any]) -> int:
    facts: int = plan["facts"] + plan["fewshot"]
    return -(-facts // SHARD_FACTS)


def _assemble(partial: Path, plan: dict[str, Any]) -> ReleaseMetadata:
    """Join the shards in order, one row group at a time, and write the metadata and the card."""
    target = partial / _RELEASE
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    files = {name: _join(partial / _SHARDS, name, _shards(plan), target / name) for name in (FACTS, TEXTS, IMAGES)}
    metadata = ReleaseMetadata(
        format=plan["format"],
        name=plan["name"],
        seed=plan["seed"],
        facts=plan["facts"],
        fewshot=plan["fewshot"],
        held_out=plan["held_out"],
        languages=tuple(LANGUAGES),
        page_size=PAGE_SIZE,
        versions=plan["versions"],
        files=files,
    )
    (target / METADATA).write_text(metadata.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (target / CARD).write_text(card(metadata, target), encoding="utf-8")
    return metadata


def _join(directory: Path, name: str, shards: int, target: Path) -> FileInfo:
    rows = 0
    # Images are compressed already.
    with pq.ParquetWriter(target, schema(name), compression="none" if name == IMAGES else "zstd") as writer:
        for first in range(0, shards, _SHARDS_PER_ROW_GROUP):
            parts = range(first, min(first + _SHARDS_PER_ROW_GROUP, shards))
            table = pq.ParquetDataset([str(directory / shard_file(shard, name)) for shard in parts]).read()
            writer.write_table(table.cast(schema(name)))
            rows += table.num_rows
    return FileInfo(sha256=sha256_of(target), bytes=target.stat().st_size, rows=rows)


def card(metadata: ReleaseMetadata, directory: Path) -> str:
    """The dataset card, from the metadata and the facts themselves."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)
    source = (resources.files("cmqa_tasks.worlds.build") / "card.md.j2").read_text(encoding="utf-8")
    types = sorted(_type_counts(metadata, directory))
    evidence = _evidence_counts(metadata, directory)
    rules = {name: sentences["same"] for name, sentences in (tellings(metadata.languages[0]) or {"types": {}})["types"].items()}
    shown = _gaps(metadata, directory) if metadata.format >= CROSSED_FORMAT else []
    return (
        environment.from_string(source).render(metadata=metadata, types=types, evidence=evidence, rules=rules, gaps=shown) + "\n"
    )


def _gaps(metadata: ReleaseMetadata, directory: Path) -> list[tuple[str, int, int, Power]]:
    """(what, number of types, number of facts, smallest gaps) of the set, and of one of its worlds, the smallest one."""
    table = pq.read_table(directory / FACTS, columns=["world", "type"]).slice(0, metadata.facts)
    by_world: dict[str, Counter[str]] = {}
    for world, kind in zip(table["world"].to_pylist(), table["type"].to_pylist(), strict=True):
        by_world.setdefault(world, Counter())[kind] += 1
    everything = {f"{world}/{kind}": count for world, kinds in by_world.items() for kind, count in kinds.items()}
    one_world = min(by_world.values(), key=lambda kinds: kinds.total())
    sets: list[tuple[str, Mapping[str, int]]] = [("all of it", everything), ("one world", one_world)]
    return [(what, len(kinds), sum(kinds.values()), power(kinds)) for what, kinds in sets]


def _evidence_counts(metadata: ReleaseMetadata, directory: Path) -> list[tuple[str, int, int]]:
    """(language, number of passages, number of pages) of each language."""
    texts, images = _languages_of(directory / TEXTS), _languages_of(directory / IMAGES)
    return [(language, texts[language], images[language]) for language in metadata.languages]


def _languages_of(file: Path) -> Counter[str]:
    return Counter(pq.read_table(file, columns=["language"])["language"].to_pylist())


def _type_counts(metadata: ReleaseMetadata, directory: Path) -> Iterator[tuple[str, str, str, bool, int]]:
    """(world, type, kind, graphical, number of facts that models are asked about) of each fact type."""
    keys = ["world", "type", "kind", "graphical"]
    counted = (
        pq.read_table(directory / FACTS, columns=keys).slice(0, metadata.facts).group_by(keys).aggregate([([], "count_all")])
    )
    for row in counted.to_pylist():
        yield row["world"], row["type"], row["kind"], row["graphical"], row["count_all"]
