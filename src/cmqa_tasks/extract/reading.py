"""A response to its :class:`Reading`: the stages put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cmqa_tasks.extract.clauses import Sentences
from cmqa_tasks.extract.cues import AnswerCues, Cues, holds
from cmqa_tasks.extract.cues_en import ENGLISH
from cmqa_tasks.extract.normalise import LIMIT, plain, visible, windows
from cmqa_tasks.extract.plainly import LONGEST, stated_plainly
from cmqa_tasks.extract.plan import Found, Plan, find, plan_for
from cmqa_tasks.extract.stance import stance
from cmqa_tasks.extract.verdict import bare_name, drop_rejected, expected, other_value, settle
from cmqa_tasks.records import Fact, Side

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


def _undecided(low: str, found: list[Found], sentences: Sentences, cues: AnswerCues) -> tuple[bool, list[Found]]:
    """Whether a text gives up, and the values left when those that it is undecided about are dropped."""
    if not holds(low, cues.abstain_stems) or cues.abstain.search(low) is None:
        return False, found
    undecided = cues.undecided.search(low)
    if undecided is not None and found:
        _, end = sentences.around(undecided.start())
        found = [one for one in found if not undecided.end() <= one.start < end]
    return True, found


def _values(cased: str, low: str, plan: Plan, sentences: Sentences, conflict: bool, cues: AnswerCues) -> Reading:
    """The values that a text settles on, its stance left aside.

    Where a conflict is stated already, all values that it mentions are kept: neither choosing nor giving up changes the outcome.
    """
    kept = find(cased, low, plan)
    gave_up = False
    if kept and not conflict:
        kept = drop_rejected(low, kept, cues)
    if not conflict:
        gave_up, kept = _undecided(low, kept, sentences, cues)
    wanted = expected(kept)
    if wanted:
        choosing = len(wanted) > 1 and not conflict
        sides = settle(low, wanted, sentences, cues) if choosing else list(dict.fromkeys(one.side for one in wanted))
        if gave_up and len(sides) > 1:
            return ABSTAINED
        return _of_sides(False, tuple("a" if side == "a" else "b" for side in sides), plan.canonical["a"], plan.canonical["b"])
    if gave_up:
        return ABSTAINED
    other = other_value(kept, len(low))
    if other is not None:
        written: str | None = other.readings[0]
    else:
        written = bare_name(cased) if plan.kind == "name" and not kept else None
    return NOTHING if written is None else Reading(False, (), written, False, f"other: {written}")


def _read(text: str, plan: Plan, cues: Cues, answered: bool) -> Reading:
    """A reading of visible text; of reasoning that never ended, only what it marks as its answer."""
    cased, low, final = plain(text)
    if not answered:
        if final < 0:
            return NOTHING
        cased, low, final = cased[final:], low[final:], -1
    sentences = Sentences(cased, cues)
    conflict = stance(low, sentences, cues.stance) > 0
    values = _final(cased, low, final, plan, conflict, cues) if final >= 0 else _headline(low, plan)
    if values is NOTHING:
        values = _values(cased, low, plan, sentences, conflict, cues.answer)
    if not conflict:
        return values
    return _of_sides(True, values.sides, plan.canonical["a"], plan.canonical["b"])


def _headline(low: str, plan: Plan) -> Reading:
    """The value that stands alone in the first line, explained below; nothing when another line is a value too."""
    if "\n" not in low:
        return NOTHING
    sides = [plan.exact[line] for part in low.split("\n") if (line := part.strip(_DRESSING)) in plan.exact]
    first = low.lstrip().split("\n", 1)[0].strip(_DRESSING)
    if len(sides) != 1 or first not in plan.exact:
        return NOTHING
    return _of_sides(False, (sides[0],), plan.canonical["a"], plan.canonical["b"])


def _final(cased: str, low: str, final: int, plan: Plan, conflict: bool, cues: Cues) -> Reading:
    """What the marked answer says: its first line, or all that follows when that line holds nothing."""
    stop = low.find("\n", final)
    for end in dict.fromkeys((stop if stop >= 0 else len(low), len(low))):
        part = cased[final:end].strip(_DRESSING)
        part_low = part.lower()
        side = plan.exact.get(part_low)
        if side is not None:
            return _of_sides(False, (side,), plan.canonical["a"], plan.canonical["b"])
        values = _values(part, part_low, plan, Sentences(part, cues), conflict, cues.answer)
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


def extract(response: str, fact: Fact) -> Reading:
    """Read an English response to a question about a fact.

    Args:
        response: what the model wrote, reasoning and markup included.
        fact: the question's fact; its values' English surface forms always count as that value.
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
        return _read(shown, plan, ENGLISH, answered)
    head, tail = windows(shown)
    return _merge(_read(head, plan, ENGLISH, answered), _read(tail, plan, ENGLISH, answered))
