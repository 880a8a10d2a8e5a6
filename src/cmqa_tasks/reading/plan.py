"""What to look for in the responses about one fact, prepared once and kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from cmqa_tasks.facts.records import SIDES, Fact, Kind, Side
from cmqa_tasks.reading.han import fold_han, has_han
from cmqa_tasks.reading.mention import BARE, TYPED, Mention
from cmqa_tasks.reading.mentions import read_kind
from cmqa_tasks.reading.moments import longest
from cmqa_tasks.reading.names import must_hold, own_part, tolerant
from cmqa_tasks.reading.normalise import fold
from cmqa_tasks.reading.units import CURRENCIES, DOLLARS, SCALES
from cmqa_tasks.reading.winners import Teams, home_first, teams_of

FACTS_KEPT = 4096
"""How many facts' plans are kept; a release has a few hundred facts, so this bounds memory, not speed."""

_NEVER_NEUTRAL = frozenset(["no", "not", "never", "nor", "neither", "without"])
OTHER = ""
AMBIGUOUS = "?"


@dataclass(frozen=True, slots=True)
class Literal:
    """A written form of one side that is looked for as such."""

    text: str
    side: Side
    pattern: re.Pattern[str] | None
    """A tolerant pattern (names); ``text`` is then a part that must be present."""
    level: int = TYPED


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a fact that reading a response needs."""

    kind: Kind
    canonical: dict[Side, str]
    exact: dict[str, Side]
    """Whole responses that are one side's value, in lower case."""
    targets: dict[str, str]
    """Reading of a mention → side, or :data:`AMBIGUOUS`."""
    literals: tuple[Literal, ...]
    amounts: dict[Side, tuple[float, str]]
    tolerance: float
    masks: tuple[str, ...]
    """Phrases of the question's subject that look like values themselves and are blanked before reading."""
    subject: frozenset[str] | None
    """Words of the question's subject; None where it looks like a value itself."""
    asked: frozenset[str]
    """Words of the question and of its subject in any language with letters."""
    longest_first: tuple[tuple[str, Side], ...]
    """The ASCII forms of ``exact``, longest first, so that no form hides in another."""

    teams: tuple[Teams, ...]
    """The sides of a match, per language; empty for other kinds."""

    def side_of(self, mention: Mention) -> str:
        """The side that a mention means: ``'a'``, ``'b'``, :data:`OTHER` or :data:`AMBIGUOUS`."""
        hit = OTHER
        for reading in mention.readings:
            side = self.targets.get(reading)
            if side is not None and side != hit:
                hit = side if hit == OTHER else AMBIGUOUS
        if hit == OTHER and self.amounts:
            return self._nearest(mention)
        return hit

    def _nearest(self, mention: Mention) -> str:
        """The side whose amount is nearest and within tolerance, units converted."""
        best, hit = -1.0, OTHER
        for reading in mention.readings:
            figure, _, unit = reading.partition(" ")
            for side, (expected, own) in self.amounts.items():
                value, slack = _converted(figure, unit or own, own)
                if value is None:
                    continue
                error = abs(value - expected)
                if error <= max(self.tolerance, slack, 1e-9 * abs(expected)) and (hit == OTHER or error < best):
                    best, hit = error, side
        return hit


def _converted(figure: str, unit: str, own: str) -> tuple[float | None, float]:
    """A figure in the unit of the fact, and how far rounding may have moved it when the systems differ.

    Half of the last written digit, but at most 2 %: *1.5 miles* is 2.4 km, *1 mile* is not.
    """
    try:
        value = float(figure)
    except ValueError:
        return None, 0.0
    if unit == own:
        return value, 0.0
    if unit not in SCALES or own not in SCALES:
        return None, 0.0
    (system, scale), (own_system, own_scale) = SCALES[unit], SCALES[own]
    if system == own_system:
        return value * scale / own_scale, 0.0
    if {system, own_system} != {"length", "imperial"}:
        return None, 0.0
    decimals = len(figure.partition(".")[2])
    converted = value * scale / own_scale
    return converted, min(0.5 * 10.0**-decimals * scale / own_scale, 0.02 * abs(converted))


def _amount(kind: Kind, canonical: str) -> tuple[float, str] | None:
    figure, _, unit = canonical.partition(" ")
    if kind not in ("money", "count", "percent", "rating", "level", "rate", "distance", "dose"):
        return None
    return float(figure), unit


def _readings(kind: Kind, canonical: str) -> list[str]:
    """Every reading of a mention that equals a canonical form."""
    forms = [canonical, canonical.lower()]
    amount = _amount(kind, canonical)
    if amount is not None:
        value, unit = amount
        bare = f"{value:.6f}".rstrip("0").rstrip(".")
        forms.append(f"{bare} {unit}".strip())
        forms.append(bare)
        if unit in CURRENCIES | DOLLARS:
            forms.append(f"{value:.2f} {unit}")
            if unit in DOLLARS:
                forms.append(f"{value:.2f} USD")
    if kind == "date":
        forms += [f"--{canonical[5:]}", f"---{canonical[8:]}"]
    if kind == "weather" and canonical == "sunny":
        forms.append("clear")
    return forms


def _clean(text: str) -> str:
    return fold(text).lower().strip(" \n\t.!\"'`*")


def _literals(kind: Kind, surfaces: dict[Side, list[str]], targets: dict[str, str]) -> list[Literal]:
    """Written forms in alphabetic scripts, of any language, that the reader of the kind does not read by itself."""
    found: list[Literal] = []
    for side, forms in surfaces.items():
        for form in forms:
            if has_han(form):
                continue
            cased, low = fold(form), fold(form).lower()
            if kind == "name":
                found.append(Literal(must_hold(low), side, tolerant(low)))
                continue
            read = read_kind(cased, low, kind)
            whole = len(read) == 1 and (read[0].start, read[0].end) == (0, len(low))
            if whole and [targets.get(reading) for reading in read[0].readings][:1] == [side]:
                continue
            found.append(Literal(low, side, None))
    if kind == "name":
        spelled = {side: [form for form in forms if not has_han(form)] for side, forms in surfaces.items()}
        own = {side: own_part(forms[0]) for side, forms in spelled.items() if forms}
        if len(set(own.values())) == 2:
            found += [Literal(part, side, tolerant(part), BARE) for side, part in own.items() if len(part) > 2]
    return found


def _teams(entities: tuple[str, ...]) -> tuple[Teams, ...]:
    """The sides of a match by its names."""
    return tuple(teams for name in entities if (teams := teams_of(fold_han(name).lower())) is not None)


_WORDS = re.compile(r"[a-z]{2,}")
Forms = tuple[tuple[str, ...], ...]
"""The written forms of a value, language by language."""


@lru_cache(maxsize=FACTS_KEPT)
def _plan(
    kind: Kind,
    a: str,
    b: str,
    forms_a: Forms,
    forms_b: Forms,
    tolerance: float,
    entities: tuple[str, ...],
    questions: tuple[str, ...],
) -> Plan:
    canonical: dict[Side, str] = {"a": a, "b": b}
    written: dict[Side, list[str]] = {"a": [*chain(*forms_a)], "b": [*chain(*forms_b)]}
    targets: dict[str, str] = {}
    for side in SIDES:
        for reading in _readings(kind, canonical[side]):
            targets[reading] = side if targets.get(reading, side) == side else AMBIGUOUS
    if kind == "blood_group":  # a group without its sign equals neither, and is no other group either
        targets.update({canonical[side].rstrip("+-"): AMBIGUOUS for side in SIDES})
    exact: dict[str, Side] = {}
    for side in SIDES:
        other = {_clean(form) for form in written["b" if side == "a" else "a"]}
        for form in [*written[side], canonical[side]]:
            clean = _clean(form)
            if clean and clean not in other and exact.get(clean, side) == side:
                exact[clean] = side
    surfaces: dict[Side, list[str]] = {
        side: list(dict.fromkeys([*written[side], canonical[side]] if kind in ("name", "allergen", "colour") else written[side]))
        for side in SIDES
    }
    shared = {form.lower() for form in surfaces["a"]} & {form.lower() for form in surfaces["b"]}
    surfaces = {side: [form for form in forms if form.lower() not in shared] for side, forms in surfaces.items()}
    amounts: dict[Side, tuple[float, str]] = {}
    for side in SIDES:
        amount = _amount(kind, canonical[side])
        if amount is not None:
            amounts[side] = amount
    names = [fold(entity) for entity in entities if not has_han(entity)]
    masks = tuple(name.lower() for name in names if len(name) > 3 and read_kind(name, name.lower(), kind))
    return Plan(
        kind=kind,
        canonical=canonical,
        exact=exact,
        targets=targets,
        literals=tuple(_literals(kind, surfaces, targets)),
        amounts=amounts if tolerance or kind in ("distance", "dose") else {},
        tolerance=tolerance,
        masks=masks,
        subject=None if masks else frozenset(_WORDS.findall(" ".join(names).lower())) - _NEVER_NEUTRAL,
        asked=frozenset(_WORDS.findall(" ".join((*names, *map(fold, questions))).lower())),
        teams=_teams(entities) if kind == "score" else (),
        longest_first=tuple(sorted((item for item in exact.items() if item[0].isascii()), key=lambda item: -len(item[0]))),
    )


_RECENT: dict[int, tuple[Fact, Plan]] = {}
"""Plans by the identity of their fact, which is kept beside so that no other fact can take its place."""


def plan_for(fact: Fact) -> Plan:
    """The plan of a fact. Keyed by what it is made of rather than by the fact's id, which a user may have chosen badly."""
    recent = _RECENT.get(id(fact))
    if recent is not None:
        return recent[1]
    a, b = fact.a, fact.b
    plan = _plan(
        fact.kind,
        a.canonical,
        b.canonical,
        tuple(a.surface.values()),
        tuple(b.surface.values()),
        fact.tolerance,
        tuple(fact.entity.values()),
        tuple(fact.question.values()),
    )
    if len(_RECENT) >= FACTS_KEPT:
        _RECENT.clear()
    _RECENT[id(fact)] = (fact, plan)
    return plan


def bounded(text: str, start: int, end: int) -> bool:
    """Whether a literal stands as whole words, and a number in it as a whole number."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if (before.isalnum() and text[start].isalnum()) or (after.isalnum() and text[end - 1].isalnum()):
        return False
    if text[start].isdigit() and before in ".,:/" and start > 1 and text[start - 2].isdigit():
        return False
    return not (text[end - 1].isdigit() and after in ".,:/" and text[end + 1 : end + 2].isdigit())


class Found:
    """A mention together with the side it means."""

    __slots__ = ("end", "level", "readings", "side", "start")

    def __init__(self, start: int, end: int, readings: tuple[str, ...], level: int, side: str) -> None:
        self.start, self.end, self.readings, self.level, self.side = start, end, readings, level, side


def find(cased: str, low: str, plan: Plan) -> list[Found]:
    """All mentions of the fact's kind with their sides, in order; longer ones hide those inside them."""
    for mask in plan.masks:
        if mask in low:
            blank = "~" * len(mask)
            at = low.find(mask)
            while at >= 0:
                cased, low = cased[:at] + blank + cased[at + len(mask) :], low[:at] + blank + low[at + len(mask) :]
                at = low.find(mask)
    read = read_kind(cased, low, plan.kind)
    if plan.teams:
        read = [home_first(low, one, plan.teams) for one in read]
    literal: list[tuple[Mention, Side]] = []
    for form in plan.literals:
        if form.text not in low:
            continue
        if form.pattern is not None:
            for match in form.pattern.finditer(low):
                if match.start() and low[match.start() - 1].isalnum():
                    continue
                literal.append((Mention(match.start(), match.end(), (plan.canonical[form.side],), form.level), form.side))
            continue
        at = low.find(form.text)
        while at >= 0:
            if bounded(low, at, at + len(form.text)):
                span = Mention(at, at + len(form.text), (plan.canonical[form.side],), form.level)
                literal.append((span, form.side))
            at = low.find(form.text, at + 1)
    if not literal:
        return [Found(m.start, m.end, m.readings, m.level, plan.side_of(m)) for m in read]
    # A literal beats a reading of the same length: sort is stable and `longest` keeps the first of equals.
    sides = {id(mention): side for mention, side in literal}
    kept = longest([*(mention for mention, _ in literal), *read])
    return [Found(m.start, m.end, m.readings, m.level, sides.get(id(m)) or plan.side_of(m)) for m in kept]
