"""A response to its :class:`Reading`: the stages put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cmqa_tasks.facts.records import Fact, Side
from cmqa_tasks.reading.han import has_han, windows_han
from cmqa_tasks.reading.normalise import LIMIT, WINDOW, visible, windows
from cmqa_tasks.reading.plainly import LONGEST, stated_plainly
from cmqa_tasks.reading.plan import Plan, plan_for
from cmqa_tasks.reading.plan_zh import han_plan_for
from cmqa_tasks.reading.texts import EnglishText, MixedText, Text
from cmqa_tasks.reading.verdict import expected, other_value

_DRESSING = " \n\t.!\"'`*"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a response says about a fact."""

    conflict: bool
    """It states that the pieces of evidence contradict each other."""
    sides: tuple[Side, ...]
    """The expected values that it settles on, in order of mention, without those it rejects or only reports before
    choosing; of a stated conflict, all that it mentions."""
    other: str | None
    """The value of the right kind, neither of the expected ones, that it answers instead."""
    abstained: bool
    """It says that it cannot tell, or refuses, and settles on nothing."""
    parsed: str | None
    """All of this for a human reader; ``None`` when nothing was recognised."""


NOTHING = Reading(conflict=False, sides=(), other=None, abstained=False, parsed=None)
ABSTAINED = Reading(conflict=False, sides=(), other=None, abstained=True, parsed="abstained")


@lru_cache(maxsize=16384)
def _of_sides(conflict: bool, sides: tuple[Side, ...], a: str, b: str) -> Reading:
    values = " | ".join(a if side == "a" else b for side in sides)
    parsed = f"conflict: {values}".rstrip(": ") if conflict else values
    return Reading(conflict, sides, None, False, parsed)


def _values(text: Text, plan: Plan, conflict: bool) -> Reading:
    """The values that a text settles on, its stance left aside.

    Where a conflict is stated already, all values that it mentions are kept: neither choosing nor giving up changes the outcome.
    """
    kept = text.find()
    gave_up = False
    if kept and not conflict:
        kept = text.keep(kept)
    if not conflict:
        gave_up, kept = text.undecided(kept)
    wanted = expected(kept)
    if wanted:
        choosing = len(wanted) > 1 and not conflict
        sides = text.settle(wanted) if choosing else list(dict.fromkeys(one.side for one in wanted))
        if gave_up and len(sides) > 1:
            return ABSTAINED
        return _of_sides(False, tuple("a" if side == "a" else "b" for side in sides), plan.canonical["a"], plan.canonical["b"])
    if gave_up:
        return ABSTAINED
    other = other_value(kept, len(text.low))
    if other is not None:
        written: str | None = other.readings[0]
    else:
        written = text.bare_name() if plan.kind == "name" and not kept else None
    return NOTHING if written is None else Reading(False, (), written, False, f"other: {written}")


def _read(text: Text, final: int, plan: Plan, answered: bool) -> Reading:
    """A reading of visible text; of reasoning that never ended, only what it marks as its answer."""
    if not answered:
        if final < 0:
            return NOTHING
        text, final = text.part(final, len(text.low)), -1
    conflict = text.stance() > 0
    values = _final(text, final, plan, conflict) if final >= 0 else _headline(text, plan)
    if values is NOTHING:
        values = _values(text, plan, conflict)
    if not conflict:
        return values
    return _of_sides(True, values.sides, plan.canonical["a"], plan.canonical["b"])


def _headline(text: Text, plan: Plan) -> Reading:
    """The value that stands alone in the first line, explained below; nothing when another line is a value too."""
    if "\n" not in text.low:
        return NOTHING
    sides = [side for line in text.low.split("\n") if (side := text.exact(line)) is not None]
    first = text.exact(text.low.lstrip().split("\n", 1)[0])
    if len(sides) != 1 or first is None:
        return NOTHING
    return _of_sides(False, (first,), plan.canonical["a"], plan.canonical["b"])


def _final(text: Text, final: int, plan: Plan, conflict: bool) -> Reading:
    """What the marked answer says: its first line, or all that follows when that line holds nothing."""
    stop = text.low.find("\n", final)
    for end in dict.fromkeys((stop if stop >= 0 else len(text.low), len(text.low))):
        part = text.part(final, end)
        side = text.exact(part.low)
        if side is not None:
            return _of_sides(False, (side,), plan.canonical["a"], plan.canonical["b"])
        values = _values(part, plan, conflict)
        if values is not NOTHING:
            return values
    return NOTHING


def _merge(head: Reading, tail: Reading) -> Reading:
    """One reading from both ends of a long response; nothing when they differ, for there is no telling which counts."""
    if head is NOTHING or head == tail:
        return tail
    if tail is NOTHING:
        return head
    if head.conflict:
        return head if not tail.sides else Reading(True, tail.sides, None, False, tail.parsed)
    if tail.conflict:
        return tail
    return Reading(False, (), None, False, f"too long to read whole; head {head.parsed}, tail {tail.parsed}")


def _shown(shown: str, fact: Fact, plan: Plan, answered: bool) -> Reading:
    """A reading of what a response shows, in the way of its script."""
    if shown.isascii() or not has_han(shown):
        cased, low, final = EnglishText.parts(shown)
        return _read(EnglishText(cased, low, plan), final, plan, answered)
    cased, low, final = MixedText.parts(shown)
    return _read(MixedText(cased, low, han_plan_for(fact)), final, plan, answered)


def extract(response: str, fact: Fact) -> Reading:
    """Read an English, Chinese or mixed response to a question about a fact.

    Args:
        response: what the model wrote, reasoning and markup included.
        fact: the question's fact; its values' surface forms, in whatever language, always count as that value.
    """
    plan = plan_for(fact)
    side = plan.exact.get(response)
    if side is None and len(response) < LONGEST:
        low = response.lower()
        side = plan.exact.get(low.strip(_DRESSING))
        if side is None and low.isascii():
            side = stated_plainly(low, plan)
    if side is not None:
        return _of_sides(False, (side,), plan.canonical["a"], plan.canonical["b"])
    shown, answered = visible(response)
    shown = shown.strip()
    if not shown:
        return NOTHING
    if len(shown) <= LIMIT:
        return _shown(shown, fact, plan, answered)
    head, tail = windows_han(shown) if has_han(shown[:WINDOW]) else windows(shown)
    return _merge(_shown(head, fact, plan, answered), _shown(tail, fact, plan, answered))
