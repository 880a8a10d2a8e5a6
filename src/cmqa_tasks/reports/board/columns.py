"""The columns of a board: what each is called, and how its cells are written. All forms are made from this alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields

from cmqa_tasks.reports.board.board import Board, ModelRow
from cmqa_tasks.reports.board.contrasts import Contrast
from cmqa_tasks.reports.board.estimates import Estimate
from cmqa_tasks.reports.board.spread import Spread
from cmqa_tasks.results import ModelStamp, Setting
from cmqa_tasks.writing.numbers import number, p_value, rounded, signed, significant

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
)
_PLAIN = ("readable", "preference", "prefers_first", "unparsed")


_KINDS = {"english": "English", "": "–"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table for people."""

    title: Callable[[Contrast], str]
    cell: Callable[[ModelRow], str]
    words: bool = False
    """Whether it holds words."""


def _value(name: str, write: Callable[[float], str] = number) -> Callable[[ModelRow], str]:
    return lambda row: write(row.values[name].value)


def _with_interval(name: str, write: Callable[[float], str]) -> Callable[[ModelRow], str]:
    def cell(row: ModelRow) -> str:
        one = row.values[name]
        return write(one.value) if math.isnan(one.low) else f"{write(one.value)} [{write(one.low)}, {write(one.high)}]"

    return cell


def _range(row: ModelRow) -> str:
    """From where to where the headline and the rank go with the protocol."""
    one = row.spread
    if one is None:
        return "–"
    ranks = "" if one.ranks is None else f", rank {one.ranks[0]}" + (f"–{one.ranks[1]}" if one.ranks[1] > one.ranks[0] else "")
    low, high = number(one.lowest), number(one.highest)
    return (low if low == high else f"{low}–{high}") + ranks


def _within(row: ModelRow) -> str:
    one = row.within
    return "–" if one is None else p_value(one.adjusted)


def _rank(row: ModelRow) -> str:
    return "–" if row.rank is None else str(row.rank)


def _spread(row: ModelRow) -> str:
    one = row.spread
    return (
        "" if one is None else f"{number(one.lowest)} ({one.lowest_protocol}) to {number(one.highest)} ({one.highest_protocol})"
    )


COLUMNS: tuple[Column, ...] = (
    Column(lambda _: "rank", _rank, words=True),
    Column(lambda _: "ties", lambda row: row.ties, words=True),
    Column(lambda _: "model", lambda row: row.name, words=True),
    Column(lambda one: f"balanced, {one.across_name}", _with_interval("across_balanced", number)),
    Column(lambda _: "… over protocols", _range),
    Column(lambda one: f"balanced, {one.same_name}", _with_interval("same_balanced", number)),
    Column(lambda _: "gap", _with_interval("gap", signed)),
    Column(lambda one: f"recognition, {one.across_name}", _value("across_recognition")),
    Column(lambda one: f"recognition, {one.same_name}", _value("same_recognition")),
    Column(lambda _: "p (McNemar)", _within),
    Column(lambda _: "recognition given readable", _value("across_recognition_given_readable")),
    Column(lambda one: f"false alarms, {one.across_name}", _value("across_false_alarm")),
    Column(lambda one: f"false alarms, {one.same_name}", _value("same_false_alarm")),
    Column(lambda one: f"prefers {_KINDS.get(one.preference, one.preference)}", _value("preference")),
    Column(lambda _: "log_density_ratio", _value("across_log_density_ratio", signed)),
    Column(lambda _: "unparsed", _value("unparsed")),
    Column(lambda _: "items", lambda row: str(row.items)),
    Column(lambda _: "facts", lambda row: str(row.facts)),
)
"""The table for people."""

STAMPS: tuple[Column, ...] = (
    Column(lambda _: "model", lambda row: row.name, words=True),
    Column(lambda _: "made from", lambda row: row.subject.arguments, words=True),
    Column(lambda _: "revision", lambda row: row.subject.revision or "–", words=True),
    Column(lambda _: "dtype", lambda row: row.subject.dtype, words=True),
    Column(lambda _: "attn_implementation", lambda row: row.subject.attn_implementation, words=True),
    Column(lambda _: "harness", lambda row: row.subject.harness, words=True),
    Column(lambda _: "cmqa-tasks", lambda row: row.subject.package, words=True),
    Column(lambda _: "date (UTC)", lambda row: ", ".join(row.dates), words=True),
    Column(lambda _: "over protocols", _spread, words=True),
    Column(lambda _: "note", lambda row: "; ".join(row.marks), words=True),
)
"""What stands behind each row."""


def flat(board: Board, row: ModelRow) -> dict[str, object]:
    """A row for machines, without nesting: every number, every end of an interval, every part of the stamp."""
    return dict(_flat(board, row))


def _flat(board: Board, row: ModelRow) -> Iterator[tuple[str, object]]:
    yield from (("contrast", board.contrast.name), ("rank", row.rank), ("ties", row.ties), ("model", row.name))
    for name in _INTERVALS:
        yield name, rounded(row.values[name].value)
        yield f"{name}_low", rounded(row.values[name].low)
        yield f"{name}_high", rounded(row.values[name].high)
    yield from ((name, rounded(row.values[name].value)) for name in _PLAIN)
    yield from (("items", row.items), ("facts", row.facts), ("notes", "; ".join(row.marks)))
    one = row.spread
    yield from (("protocols", one.protocols if one else 1), ("lowest_over_protocols", rounded(one.lowest) if one else None))
    yield "highest_over_protocols", rounded(one.highest) if one else None
    best, worst = one.ranks if one and one.ranks else (None, None)
    yield from (("best_rank_over_protocols", best), ("worst_rank_over_protocols", worst))
    test = row.within
    yield from (("mcnemar_same", test.same if test else None), ("mcnemar_across", test.across if test else None))
    yield from (
        ("mcnemar_p", significant(test.p) if test else None),
        ("mcnemar_p_holm", significant(test.adjusted) if test else None),
    )
    yield from ((field.name, getattr(board.setting, field.name)) for field in fields(Setting))
    yield from ((field.name, getattr(row.subject, field.name)) for field in fields(ModelStamp) if field.name != "model")
    yield from (("checkpoint", row.subject.model), ("dates", " ".join(row.dates)))


def over_protocols(spread: Spread | None) -> Mapping[str, object] | None:
    """The spread of a row for JSON, by quantity; None where there is one protocol only."""
    if spread is None:
        return None
    return {
        name: {
            "lowest": rounded(one.lowest),
            "lowest_protocol": one.lowest_protocol,
            "highest": rounded(one.highest),
            "highest_protocol": one.highest_protocol,
        }
        for name, one in spread.ranges.items()
    }


def nested(estimate: Estimate) -> dict[str, float | None]:
    """An estimate for JSON."""
    return {"value": rounded(estimate.value), "low": rounded(estimate.low), "high": rounded(estimate.high)}
