"""Which items the sample browser holds: all, or those of as many facts as there is room for, always the same ones.

choice = choose(entries, limit=5000)
choice.groups[0][0].answers[0].outcome          # what the first entry made of the first item
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from cmqa_tasks.facts.records import ARMS
from cmqa_tasks.results import Run

FACTS_OF_A_GROUP = 4
"""Facts whose answers are packed together: what the browser unpacks to show one item."""
_RELATIONS = ("conflict", "agree", "single")
_ARMS = tuple(ARMS)
_COLUMNS = ("item_id", "fact_id", "arm", "relation", "world", "type", "outcome", "parsed")
FactKey = tuple[str, str]
"""The release's SHA-256 and the fact's id."""


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What one entry made of an item."""

    outcome: str
    parsed: str | None


@dataclass(frozen=True, slots=True)
class ChosenItem:
    """An item, and the answers to it by the number of the entry."""

    release_sha256: str
    id: str
    fact: str
    arm: str
    relation: str
    world: str
    type: str
    answers: Mapping[int, ReadAnswer]


@dataclass(frozen=True, slots=True)
class Choice:
    """Items in groups of facts, and how many items there are in all."""

    groups: tuple[tuple[ChosenItem, ...], ...]
    items: int


def choose(entries: Sequence[Run], limit: int) -> Choice:
    """Items of whole facts, so that what is paired stays together, in the order of a hash of the fact: a sample that favours no
    world and is the same for the same data, whatever the models.
    """
    items_of_fact = _items_of_facts(entries)
    kept: list[FactKey] = []
    room = limit
    for fact in sorted(items_of_fact, key=_hash):
        room -= items_of_fact[fact]
        if room < 0:
            break
        kept.append(fact)
    chosen = _items(entries, kept)
    groups = (kept[begin : begin + FACTS_OF_A_GROUP] for begin in range(0, len(kept), FACTS_OF_A_GROUP))
    flat = tuple(tuple(item for fact in group for item in sorted(chosen[fact], key=_order)) for group in groups)
    return Choice(flat, sum(items_of_fact.values()))


def _hash(fact: FactKey) -> str:
    return hashlib.sha256("".join(fact).encode("utf-8", "surrogatepass")).hexdigest()


def _items_of_facts(entries: Sequence[Run]) -> dict[FactKey, int]:
    """How many items each fact has, over all entries."""
    tables: dict[str, list[pa.Table]] = {}
    for entry in entries:
        for part in entry.parts.values():
            columns = {name: part.items.column(name).cast(pa.string()) for name in ("fact_id", "item_id")}
            tables.setdefault(entry.setting.release_sha256, []).append(pa.table(columns))
    counts: dict[FactKey, int] = {}
    for release, parts in tables.items():
        items = pa.concat_tables(parts).group_by(["fact_id", "item_id"]).aggregate([])
        for fact in items.column("fact_id").value_counts():
            counts[release, fact["values"].as_py()] = fact["counts"].as_py()
    return counts


def _items(entries: Sequence[Run], facts: Collection[FactKey]) -> dict[FactKey, list[ChosenItem]]:
    """The items of these facts, each with the answers of all entries."""
    answers: dict[tuple[str, str], dict[int, ReadAnswer]] = {}
    items: dict[FactKey, list[ChosenItem]] = {fact: [] for fact in facts}
    for number, entry in enumerate(entries):
        release = entry.setting.release_sha256
        wanted = pa.array([fact for sha256, fact in facts if sha256 == release], pa.string())
        for row in _rows(entry, wanted):
            key = release, row[0]
            if key not in answers:
                answers[key] = {}
                fact, arm, relation, world, kind = (str(value or "") for value in row[1:6])
                item = ChosenItem(release, row[0], fact, arm, relation, world, kind, answers[key])
                items[release, fact].append(item)
            answers[key][number] = ReadAnswer(row[6], row[7])
    return items


def _rows(entry: Run, facts: pa.Array) -> Iterator[tuple[str, ...]]:
    for part in entry.parts.values():
        kept = part.items.filter(pc.is_in(part.items.column("fact_id").cast(pa.string()), facts))
        yield from zip(*(kept.column(name).to_pylist() for name in _COLUMNS), strict=True)


def _order(item: ChosenItem) -> tuple[object, ...]:
    arm = _ARMS.index(item.arm) if item.arm in _ARMS else len(_ARMS)
    relation = _RELATIONS.index(item.relation) if item.relation in _RELATIONS else len(_RELATIONS)
    return arm, item.arm, relation, item.id
