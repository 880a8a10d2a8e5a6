"""The columns of a board: what each is called, and how its cells are written. All forms are made from this alone.

The first view (:data:`FIRST`) has what people decide by; all other columns stand in a second table, unless ``--columns`` names
them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.reports.board.estimates import OVER_TYPES, Estimate
from cmqa_tasks.reports.board.groups import GroupScore
from cmqa_tasks.reports.board.spread import Spread
from cmqa_tasks.results import ModelStamp, Setting
from cmqa_tasks.writing.numbers import NOTHING, number, p_value, rounded, signed, significant

_INTERVALS = (
    "same_balanced",
    "across_balanced",
    "gap",
    "same_recognition",
    "across_recognition",
    "same_false_alarm",
    "across_false_alarm",
    "across_recognition_given_readable",
    "same_log_density_ratio",
    "across_log_density_ratio",
    *(f"{name}_for_new_types" for name in OVER_TYPES),
)
_PLAIN = ("readable", "preference", "prefers_first", "unparsed", "failed")
NOT_MEASURED = "not measured"
_KINDS = {"english": "English", "": NOTHING}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table for people."""

    name: str
    """As ``--columns`` calls it."""
    title: Callable[[Contrast], str]
    cell: Callable[[ModelRow], str]
    words: bool = False
    """Whether it holds words."""
    score: Callable[[ModelRow], float] | None = None
    """What makes a cell the best of its column, the larger the better; None where no value is better than another."""


def _value(name: str, write: Callable[[float], str] = number) -> Callable[[ModelRow], str]:
    return lambda row: write(row.values[name].value)


def _with_interval(name: str, write: Callable[[float], str]) -> Callable[[ModelRow], str]:
    return lambda row: row.values[name].written(write)


def _balanced(side: str, *, interval: bool = False) -> Callable[[ModelRow], str]:
    name = f"{side}_balanced"
    cell = _with_interval(name, number) if interval else _value(name)

    def written(row: ModelRow) -> str:
        return NOT_MEASURED if row.unmeasured and math.isnan(row.values[name].value) else cell(row)

    return written


def _higher(name: str) -> Callable[[ModelRow], float]:
    return lambda row: row.values[name].value


def _lower(name: str) -> Callable[[ModelRow], float]:
    return lambda row: -row.values[name].value


def _range(row: ModelRow) -> str:
    """From where to where the headline and the rank go with the protocol."""
    spread = row.spread
    if spread is None:
        return NOTHING
    best, worst = spread.ranks or (0, 0)
    ranks = "" if spread.ranks is None else f", rank {best}" + (f"–{worst}" if worst > best else "")
    low, high = number(spread.lowest), number(spread.highest)
    return (low if low == high else f"{low}–{high}") + ranks


def _spread(row: ModelRow) -> str:
    spread = row.spread
    if spread is None:
        return ""
    return f"{number(spread.lowest)} ({spread.lowest_protocol}) to {number(spread.highest)} ({spread.highest_protocol})"


def _rank(row: ModelRow) -> str:
    return NOTHING if row.rank is None else f"{row.rank} {row.ties}"


COLUMNS: tuple[Column, ...] = (
    Column("rank", lambda _: "rank", _rank, words=True),
    Column("model", lambda _: "model", lambda row: row.name, words=True),
    Column("variant", lambda _: "variant", lambda row: row.variant, words=True),
    Column("same_balanced", lambda of: f"balanced, {of.same_name}", _balanced("same"), score=_higher("same_balanced")),
    Column("across_balanced", lambda of: f"balanced, {of.across_name}", _balanced("across"), score=_higher("across_balanced")),
    Column("gap", lambda _: "gap [95 %]", _with_interval("gap", signed)),
    Column("across_recognition", lambda _: "recognition", _value("across_recognition"), score=_higher("across_recognition")),
    Column("across_false_alarm", lambda _: "false alarms", _value("across_false_alarm"), score=_lower("across_false_alarm")),
    Column("unparsed", lambda _: "unparsed", _value("unparsed")),
    Column("failed", lambda _: "failed", _value("failed")),
    Column("across_interval", lambda of: f"balanced, {of.across_name} [95 %]", _balanced("across", interval=True)),
    Column("same_interval", lambda of: f"balanced, {of.same_name} [95 %]", _balanced("same", interval=True)),
    Column("gap_for_new_types", lambda _: "gap [95 %, types like these]", _with_interval("gap_for_new_types", signed)),
    Column("over_protocols", lambda _: "… over protocols", _range),
    Column("same_recognition", lambda of: f"recognition, {of.same_name}", _value("same_recognition")),
    Column("mcnemar", lambda _: "p (McNemar)", lambda row: NOTHING if row.within is None else p_value(row.within.adjusted)),
    Column("given_readable", lambda _: "recognition given readable", _value("across_recognition_given_readable")),
    Column("same_false_alarm", lambda of: f"false alarms, {of.same_name}", _value("same_false_alarm")),
    Column("preference", lambda of: f"prefers {_KINDS.get(of.preference, of.preference)}", _value("preference")),
    Column("log_density_ratio", lambda _: "log_density_ratio", _value("across_log_density_ratio", signed)),
    Column("items", lambda _: "items", lambda row: str(row.items)),
    Column("facts", lambda _: "facts", lambda row: str(row.facts)),
)
"""Those of both tables."""
WHO = ("rank", "model", "variant")
"""At the left of every table."""
FIRST = ("same_balanced", "across_balanced", "gap", "across_recognition", "across_false_alarm", "unparsed", "failed")
"""What people decide by: the first table, beside :data:`WHO`."""

STAMPS: tuple[Column, ...] = (
    Column("model", lambda _: "model", lambda row: row.name, words=True),
    Column("variant", lambda _: "variant", lambda row: row.variant, words=True),
    Column("made_from", lambda _: "made from", lambda row: row.subject.arguments, words=True),
    Column("revision", lambda _: "revision", lambda row: row.subject.revision or NOTHING, words=True),
    Column("dtype", lambda _: "dtype", lambda row: row.subject.dtype, words=True),
    Column("attn_implementation", lambda _: "attn_implementation", lambda row: row.subject.attn_implementation, words=True),
    Column("harness", lambda _: "harness", lambda row: row.subject.harness, words=True),
    Column("package", lambda _: "cmqa-tasks", lambda row: row.subject.package, words=True),
    Column("dates", lambda _: "date (UTC)", lambda row: ", ".join(row.dates), words=True),
    Column("over_protocols", lambda _: "over protocols", _spread, words=True),
    Column("notes", lambda _: "note", lambda row: "; ".join(row.marks), words=True),
)
"""What stands behind each row."""


def views(chosen: Sequence[str] | None = None) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """The columns of the first table, and those of the second.

    Args:
        chosen: names of the columns that the first table is to have beside rank and model, in this order; by default
            :data:`FIRST`.

    Raises:
        ValueError: a name that is not a column's.
    """
    known = {column.name: column for column in COLUMNS}
    names = FIRST if chosen is None else tuple(dict.fromkeys(chosen))
    for name in names:
        if name not in known:
            raise ValueError(f"no column {name!r}; the columns are {', '.join(known.keys() - {*WHO})}")
    rest = [name for name in known if name not in names and name not in WHO]
    first, second = ([known[name] for name in (*WHO, *part) if name in known] for part in (names, rest))
    return tuple(dict.fromkeys(first)), tuple(second)


def filled(columns: Sequence[Column], board: Board) -> list[Column]:
    """The columns that hold anything."""
    return [column for column in columns if any(column.cell(row) for row in board.rows)]


def best(column: Column, board: Board) -> set[int]:
    """The rows whose value is the best of a column: all that cannot be told apart from it, of the headline; of others equal ones.

    Rows without a rank are left out, and there is no best among fewer than two.
    """
    rows = {index: row for index, row in enumerate(board.rows) if row.rank is not None}
    if column.score is None or len(rows) < 2:
        return set()
    scores = {index: column.score(row) for index, row in rows.items() if not math.isnan(column.score(row))}
    if not scores:
        return set()
    top = max(scores, key=lambda index: scores[index])
    if column.name == "across_balanced":
        return {index for index in scores if {*rows[index].ties} & {*rows[top].ties}}
    return {index for index in scores if column.cell(rows[index]) == column.cell(rows[top])}


def flat(board: Board, row: ModelRow) -> dict[str, object]:
    """A row for machines, without nesting: every number, every end of an interval, every part of the stamp."""
    return dict(_flat(board, row))


def _flat(board: Board, row: ModelRow) -> Iterator[tuple[str, object]]:
    yield from (("contrast", board.contrast.name), ("rank", row.rank), ("ties", row.ties), ("model", row.name))
    yield from (("variant", row.variant), ("unmeasured", " ".join(row.unmeasured)))
    for name in _INTERVALS:
        yield from row.values[name].flat(name).items()
    yield from ((name, rounded(row.values[name].value)) for name in _PLAIN)
    yield from (("items", row.items), ("facts", row.facts), ("notes", "; ".join(row.marks)))
    spread = row.spread
    yield "protocols", spread.protocols if spread else 1
    yield "lowest_over_protocols", rounded(spread.lowest) if spread else None
    yield "highest_over_protocols", rounded(spread.highest) if spread else None
    lowest, highest = spread.ranks if spread and spread.ranks else (None, None)
    yield from (("best_rank_over_protocols", lowest), ("worst_rank_over_protocols", highest))
    test = row.within
    yield from (("mcnemar_same", test.same if test else None), ("mcnemar_across", test.across if test else None))
    yield "mcnemar_p", significant(test.p) if test else None
    yield "mcnemar_p_holm", significant(test.adjusted) if test else None
    yield from ((field.name, getattr(board.setting, field.name)) for field in fields(Setting))
    yield from ((field.name, getattr(row.subject, field.name)) for field in fields(ModelStamp) if field.name != "model")
    yield from (("checkpoint", row.subject.model), ("dates", " ".join(row.dates)))


def over_protocols(spread: Spread | None) -> Mapping[str, object] | None:
    """The spread of a row for JSON, by quantity; None where there is one protocol only."""
    if spread is None:
        return None
    return {
        name: {
            "lowest": rounded(ends.lowest),
            "lowest_protocol": ends.lowest_protocol,
            "highest": rounded(ends.highest),
            "highest_protocol": ends.highest_protocol,
        }
        for name, ends in spread.ranges.items()
    }


def grouped(scores: Mapping[str, GroupScore]) -> dict[str, object]:
    """Scores by group for JSON."""
    return {
        group: {"facts": score.facts, "same_balanced": nested(score.same), "across_balanced": nested(score.across)}
        for group, score in scores.items()
    }


def nested(estimate: Estimate) -> dict[str, float | None]:
    """An estimate for JSON."""
    return {"value": rounded(estimate.value), "low": rounded(estimate.low), "high": rounded(estimate.high)}
