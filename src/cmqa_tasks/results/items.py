"""The per-item records of a samples file as a typed table.

Arrow's reader takes the few fields that are needed out of long lines, many times as fast as ``json`` makes objects of them.
Where it stumbles, ``json`` reads the file again, line by line: it either finds the faulty line or gives the same table.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from cmqa_tasks.facts.records import ITEM_KEY, OUTCOMES, Relation
from cmqa_tasks.results.files import ResultsError
from cmqa_tasks.results.stamp import TaskStamp

ATTENTION_KEY = "log_density_ratio"
FORMER_ATTENTION_KEY = "attention_log_density_ratio"
"""What results of 0.5 and before call it."""

_WORDS = pa.dictionary(pa.int32(), pa.string())
ITEMS = pa.schema(
    {
        "item_id": pa.string(),
        "fact_id": _WORDS,
        "arm": _WORDS,
        "relation": _WORDS,
        "outcome": _WORDS,
        "parsed": pa.string(),
        "first_side": _WORDS,  # which value the first piece shows, and the only one of a single piece
        "world": _WORDS,
        "type": _WORDS,
        "log_density_ratio": pa.float64(),  # its mean over layers and heads, in nats; null where it was not logged
    }
)
"""The columns of an item table, one row an item."""

_STRINGS = ("item_id", "fact_id", "release", "arm", "relation", "protocol", "language", "world", "type", "outcome", "parsed")
_RECORD = pa.struct([*((name, pa.string()) for name in _STRINGS), ("sides", pa.list_(pa.string()))])
_SCORE = pa.struct({"score": pa.float64()})
_RAW = pa.schema({ITEM_KEY: _RECORD, ATTENTION_KEY: _SCORE, FORMER_ATTENTION_KEY: _SCORE})
_REQUIRED = ("item_id", "fact_id", "arm", "relation", "outcome")
_LARGEST_RATIO = 1e6
_BOM = b"\xef\xbb\xbf"
_NO_OBJECT = re.compile(rb"\n[ \t\r]*[^{ \t\r\n]")
_BLOCK = 16 << 20
"""Bytes that Arrow parses at a time; a longer line is read by the other way."""


def read(path: Path, stamp: TaskStamp) -> pa.Table:
    """The items of a samples file, with the columns of :data:`ITEMS`.

    Raises:
        ResultsError: a damaged or cut line, rows without our record, rows of another release, protocol or language than the
            results file names, fewer or more rows than it counts, or an item twice; the message names the file and what is wrong.
    """
    raw = _raw(path)
    table = _table(path, raw)
    _check_setting(path, raw.column(ITEM_KEY), stamp)
    _check_rows(path, table, stamp)
    return table


def _raw(path: Path) -> pa.Table:
    if path.stat().st_size == 0:
        return _RAW.empty_table()
    if _holds_other_values(path):
        return _slowly(path)
    try:
        table = pyarrow.json.read_json(
            path,
            read_options=pyarrow.json.ReadOptions(block_size=_BLOCK),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=_RAW, unexpected_field_behavior="ignore"),
        ).select(_RAW.names)
        table.validate(full=True)  # Arrow's reader takes bytes for text that are no UTF-8
    except pa.ArrowInvalid:
        return _slowly(path)
    return table


def _holds_other_values(path: Path) -> bool:
    """Whether a line begins like something else than an object: Arrow's reader (26.0) crashes the process on ``null``."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content[:1] not in (b"{", _BOM[:1]) or _NO_OBJECT.search(content) is not None


def _slowly(path: Path) -> pa.Table:
    rows = [{name: line.get(name) for name in _RAW.names} for line in lines(path)]
    try:
        return pa.Table.from_pylist(rows, schema=_RAW)
    except UnicodeEncodeError:
        line = next(number for number, row in enumerate(rows, 1) if _has_half_a_pair(row))
        raise ResultsError(f"{path}, line {line}: half a surrogate pair in {ITEM_KEY!r}: no text that UTF-8 can hold") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ResultsError(f"{path}: the records of its items are not of the form that cmqa-tasks writes: {error}") from None


def _has_half_a_pair(row: dict[str, Any]) -> bool:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a samples file as dictionaries.

    Raises:
        ResultsError: a line is no JSON object; the message gives its number.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line.removeprefix(_BOM) if number == 1 else line)
            except (ValueError, RecursionError) as error:
                raise ResultsError(f"{path}, line {number}: no whole JSON object ({error}): half-written or damaged") from None
            if not isinstance(row, dict):
                raise ResultsError(f"{path}, line {number}: {type(row).__name__} instead of a JSON object")
            yield row


def _table(path: Path, raw: pa.Table) -> pa.Table:
    record = raw.column(ITEM_KEY)
    columns = {name: pc.struct_field(record, name) for name in ITEMS.names if name in _STRINGS}
    for name in _REQUIRED:
        if columns[name].null_count:
            row = pc.index(pc.is_null(columns[name]), True).as_py()
            raise ResultsError(f"{path}, line {row + 1}: no {name} in {ITEM_KEY!r}: not a samples file of a cmqa-tasks task")
    for name, allowed in (("relation", get_args(Relation)), ("outcome", OUTCOMES)):
        _check_words(path, name, columns[name], allowed)
    columns["first_side"] = pc.list_element(_sides(path, pc.struct_field(record, "sides")), 0)
    scores = (pc.struct_field(raw.column(name), "score") for name in (ATTENTION_KEY, FORMER_ATTENTION_KEY))
    columns["log_density_ratio"] = _plausible(path, pc.coalesce(*scores))
    return pa.table({field.name: _typed(columns[field.name], field.type) for field in ITEMS}, schema=ITEMS)


def _plausible(path: Path, ratios: pa.ChunkedArray) -> pa.ChunkedArray:
    """Ratios that logits of a model can have; NaN and null are none."""
    large = pc.fill_null(pc.greater(pc.abs(ratios), _LARGEST_RATIO), False)
    if pc.any(large).as_py():
        row = pc.index(large, True).as_py()
        raise ResultsError(f"{path}, line {row + 1}: a log_density_ratio of {ratios[row].as_py():g} nats: no logits have that")
    return ratios


def _check_words(path: Path, name: str, column: pa.ChunkedArray, allowed: Sequence[str]) -> None:
    for value in set(pc.unique(column).to_pylist()) - set(allowed):
        row = pc.index(column, value).as_py()
        raise ResultsError(f"{path}, line {row + 1}: unknown {name} {value!r}; it is one of {', '.join(allowed)}")


def _sides(path: Path, sides: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists with at least one side, null where the record has none."""
    empty = pc.fill_null(pc.equal(pc.list_value_length(sides), 0), False)
    if pc.any(empty).as_py():
        raise ResultsError(f"{path}, line {pc.index(empty, True).as_py() + 1}: sides in {ITEM_KEY!r} is empty")
    return sides


def _typed(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column.dictionary_encode().unify_dictionaries() if pa.types.is_dictionary(kind) else column.cast(kind)


def _check_setting(path: Path, record: pa.ChunkedArray, stamp: TaskStamp) -> None:
    setting = stamp.setting
    for name, expected in (("release", setting.release), ("protocol", setting.protocol), ("language", setting.language)):
        others = set(pc.unique(pc.struct_field(record, name)).to_pylist()) - {expected}
        if others:
            named = ", ".join(sorted(map(str, others)))
            raise ResultsError(f"{path}: items of {name} {named}, but the results file says {expected}: files of different runs")


def _check_rows(path: Path, table: pa.Table, stamp: TaskStamp) -> None:
    rows, different = table.num_rows, pc.count_distinct(table.column("item_id")).as_py()
    if different < rows:
        counts = table.group_by("item_id").aggregate([("item_id", "count")])
        twice = counts.filter(pc.greater(counts.column("item_id_count"), 1)).column("item_id").to_pylist()
        raise ResultsError(f"{path}: {len(twice)} items stand in it more than once, such as {min(twice)}")
    if stamp.effective is not None and rows != stamp.effective:
        raise ResultsError(
            f"{path}: {rows} items, but the results file says {stamp.effective}: half-written, or a run on chosen samples"
        )
    arms = sorted(pc.unique(table.column("arm")).to_pylist())
    if len(arms) > 1:
        raise ResultsError(f"{path}: items of several arms: {', '.join(arms)}")
