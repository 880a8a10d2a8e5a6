"""What to look for in mixed and Chinese responses about one fact, beside what its plan holds already."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from cmqa_tasks.facts.records import SIDES, Fact, Kind, Side
from cmqa_tasks.reading.han import HAN, fold_han, has_han, islands
from cmqa_tasks.reading.mention import BARE, TYPED, Mention
from cmqa_tasks.reading.mentions import read_chinese
from cmqa_tasks.reading.names_zh import own_part_zh
from cmqa_tasks.reading.plan import FACTS_KEPT, Forms, Found, Plan, find, plan_for
from cmqa_tasks.reading.quantities_zh import CLAIMED
from cmqa_tasks.reading.spans import clear_of, rivals
from cmqa_tasks.reading.winners import home_first

DRESSING = " \n\t.。!！,，\"'`*:"
_OTHER_NAME = frozenset("新老小东西南北")
"""Before a name, these make it the name of something else."""


@dataclass(frozen=True, slots=True)
class HanLiteral:
    """A written form with Chinese characters that is looked for as such."""

    text: str
    side: Side
    level: int


@dataclass(frozen=True, slots=True)
class HanPlan:
    """A fact's plan for text with Chinese characters."""

    plan: Plan
    exact: dict[str, Side]
    """Whole answers that are one side's value, folded as Chinese text is."""
    literals: tuple[HanLiteral, ...]
    masks: tuple[str, ...]


def clean_han(text: str) -> str:
    """An answer as the keys of :attr:`HanPlan.exact` are written."""
    return fold_han(text).lower().strip(DRESSING)


@lru_cache(maxsize=FACTS_KEPT)
def _forms(
    kind: Kind, forms_a: Forms, forms_b: Forms, targets: tuple[tuple[str, str], ...]
) -> tuple[dict[str, Side], tuple[HanLiteral, ...]]:
    written: dict[Side, list[str]] = {
        "a": list(dict.fromkeys(clean_han(form) for form in chain(*forms_a))),
        "b": list(dict.fromkeys(clean_han(form) for form in chain(*forms_b))),
    }
    exact: dict[str, Side] = {}
    literals: list[HanLiteral] = []
    sides = dict(targets)
    for side in SIDES:
        others = written["b" if side == "a" else "a"]
        for form in written[side]:
            if not form or form in others:
                continue
            exact[form] = side
            if not has_han(form):
                continue
            read = read_chinese(form, form, kind)
            whole = len(read) == 1 and (read[0].start, read[0].end) == (0, len(form))
            if kind == "name" or not (whole and sides.get(read[0].readings[0] if read[0].readings else "") == side):
                literals.append(HanLiteral(form, side, TYPED))
    if kind == "name":
        own = {side: own_part_zh(next(filter(has_han, written[side]), "")) for side in SIDES}
        if own["a"] and own["b"] and own["a"] not in own["b"] and own["b"] not in own["a"]:
            literals += [HanLiteral(part, side, BARE) for side, part in own.items()]
    return exact, tuple(literals)


@lru_cache(maxsize=FACTS_KEPT)
def _masks(kind: Kind, entities: tuple[str, ...]) -> tuple[str, ...]:
    names = [fold_han(entity).lower() for entity in entities if has_han(entity)]
    return tuple(name for name in names if len(name) > 1 and any(one.level != CLAIMED for one in read_chinese(name, name, kind)))


def han_plan_for(fact: Fact) -> HanPlan:
    """The plan of a fact for text with Chinese characters."""
    plan = plan_for(fact)
    forms = tuple(fact.a.surface.values()), tuple(fact.b.surface.values())
    exact, literals = _forms(fact.kind, *forms, tuple(plan.targets.items()))
    masks = _masks(fact.kind, tuple(fact.entity.values())) if fact.kind != "name" else ()
    return HanPlan(plan, exact, literals, masks)


def _literals(low: str, han: HanPlan) -> list[tuple[Mention, Side]]:
    """Where the fact's own written forms stand, the longest first."""
    found: list[tuple[Mention, Side]] = []
    for form in han.literals:
        at = low.find(form.text)
        while at >= 0:
            end = at + len(form.text)
            if _stands(low, at, end, form, han.plan.kind):
                found.append((Mention(at, end, (han.plan.canonical[form.side],), form.level), form.side))
            at = low.find(form.text, end)
    return longest_of(found)


def longest_of(found: list[tuple[Mention, Side]]) -> list[tuple[Mention, Side]]:
    """In order of position, the longest of those that overlap."""
    kept: list[tuple[Mention, Side]] = []
    for one in sorted(found, key=lambda item: (item[0].start, -item[0].end)):
        if kept and one[0].start < kept[-1][0].end:
            if one[0].end - one[0].start > kept[-1][0].end - kept[-1][0].start:
                kept[-1] = one
            continue
        kept.append(one)
    return kept


def _stands(low: str, at: int, end: int, form: HanLiteral, kind: Kind) -> bool:
    """Whether a form stands by itself: its Latin ends as whole words, a single character at an end or between such."""
    before, after = low[at - 1 : at], low[end : end + 1]
    first, last = form.text[0], form.text[-1]
    if (first.isascii() and first.isalnum() and before.isascii() and before.isalnum()) or (
        last.isascii() and last.isalnum() and after.isascii() and after.isalnum()
    ):
        return False
    if kind == "name":
        return not (before and before in _OTHER_NAME)
    return len(form.text) > 1 or not (HAN.match(before) or HAN.match(after))


def find_mixed(cased: str, low: str, han: HanPlan) -> list[Found]:
    """All mentions of the fact's kind in a folded text with Chinese characters, with their sides, in order."""
    for mask in han.masks:
        at = low.find(mask)
        while at >= 0:
            blank = "~" * len(mask)
            cased, low = cased[:at] + blank + cased[at + len(mask) :], low[:at] + blank + low[at + len(mask) :]
            at = low.find(mask)
    plan = han.plan
    apart = islands(cased)
    english = find(apart, apart.lower(), plan)
    chinese = read_chinese(cased, low, plan.kind)
    if plan.teams:
        chinese = [home_first(low, one, plan.teams) if one.level != CLAIMED else one for one in chinese]
    literal = _literals(low, han) if han.literals else []
    found: list[Found] = []
    if literal:
        starts = [one.start for one in chinese]
        for mention, side in literal:
            longer = [one for one in rivals(mention, chinese, starts) if one.start <= mention.start and mention.end < one.end]
            if not (mention.level == BARE and any(one.level != CLAIMED for one in longer)):
                found.append(Found(mention.start, mention.end, mention.readings, mention.level, side))
    for one in clear_of(chinese, found) if found else chinese:
        found.append(Found(one.start, one.end, one.readings, one.level, plan.side_of(one) if one.level != CLAIMED else ""))
    found.sort(key=_start)
    if english:
        starts = [one.start for one in found]
        kept = [latin for latin in english if all(_yields(one, latin) for one in rivals(latin, found, starts))]
        found = sorted([*kept, *clear_of(found, kept)], key=_start)
    return [one for one in found if one.level != CLAIMED]


def _yields(one: Found, longer: Found) -> bool:
    return one.level != CLAIMED and one.end - one.start < longer.end - longer.start


def _start(one: Found) -> int:
    return one.start
