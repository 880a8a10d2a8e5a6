"""What to look for in the responses about one fact, and where it stands: known written forms first, then values of the kind."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import cmqa_tasks.reading.amounts as amounts
import cmqa_tasks.reading.moments as moments
import cmqa_tasks.reading.own_kinds as own_kinds
import cmqa_tasks.reading.scores as scores
from cmqa_tasks.facts.records import SIDES, Fact, Kind, Side
from cmqa_tasks.reading.lexicon import Lexicon
from cmqa_tasks.reading.matter import Matter
from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention, clear_of, longest
from cmqa_tasks.reading.numerals import CURRENCIES, DOLLARS, SCALES, known_units, quantity
from cmqa_tasks.reading.text import HAN, fold, has_han
from cmqa_tasks.reading.words import own_part, read_words, tolerant

FACTS_KEPT = 4096
"""How many facts are kept prepared; a release has a few hundred, so this bounds memory, not speed."""
OTHER = ""
AMBIGUOUS = "?"
DRESSING = " \n\t.。!！,，\"'`*:"
"""What may stand around a value that is a whole answer."""
_MEASURED = ("money", "count", "percent", "rating", "level", "rate", "distance", "dose", "number", "temperature", "weight")
_WITH_UNITS = ("distance", "dose", "temperature", "weight")
_WORDS = re.compile(r"[a-z]{2,}")
_NO_LETTER_BEFORE, _NO_LETTER_BEHIND = r"(?<![^\W\u3400-\u9fff])", r"(?![^\W\u3400-\u9fff])"
_NEUTRAL = frozenset(["no", "not", "never", "nor", "neither", "without"])


READERS = {**amounts.READERS, **moments.READERS, **scores.READERS, **own_kinds.READERS}


def read_kind(cased: str, kind: Kind) -> list[Mention]:
    """All values of a kind in a folded text whose letter case is kept, in order."""
    reader = READERS.get(kind)
    return read_words(cased, kind) if reader is None else reader(cased.lower())


def mentions(text: str, kind: Kind) -> tuple[Mention, ...]:
    """All values of a kind in an English, Chinese or mixed text, in order, with spans into that text.

    >>> [(m.start, m.readings) for m in mentions("Was $1,299.00, now $999.", "money")]
    [(4, ('1299.00 USD',)), (19, ('999.00 USD',))]
    >>> [m.readings for m in mentions("原价三十美元，现价２４．９９美元。", "money")]
    [('30.00 USD',), ('24.99 USD',)]
    """
    return tuple(read_kind(fold(text), kind))


class SidedMention(NamedTuple):
    """A mention together with the side it means."""

    start: int
    end: int
    readings: tuple[str, ...]
    level: int
    side: str


class _Literal(NamedTuple):
    """A written form of one side that is looked for as such."""

    text: str
    side: Side
    pattern: re.Pattern[str]
    level: int


@dataclass(frozen=True, slots=True)
class Sought:
    """Everything about a fact that reading a response needs."""

    kind: Kind
    canonical: Mapping[Side, str]
    exact: Mapping[str, Side]
    """Whole responses that are one side's value, as :func:`clean` leaves them."""
    targets: Mapping[str, str]
    """Reading of a mention → side, or :data:`AMBIGUOUS`."""
    literals: tuple[_Literal, ...]
    amounts: Mapping[Side, tuple[float, str]]
    tolerance: float
    masks: tuple[str, ...]
    """Phrases of the question's subject that look like values themselves and are blanked before reading."""
    subject: frozenset[str]
    """Words of the question's subject."""
    asked: frozenset[str]
    """Words of the question and of its subject in any language with letters."""
    figures: frozenset[str]
    """Numbers in the question: an answer may repeat them."""
    teams: tuple[scores.Teams, ...]
    """The sides of a match, per language; empty for other kinds."""
    currencies: tuple[str, ...]
    """The codes of both sums of money; empty for other kinds."""
    forms: re.Pattern[str] | None
    """The written forms of both values."""

    def matter(self, lexicon: Lexicon) -> Matter:
        """What was asked, as one language speaks of it."""
        return Matter(lexicon, self.kind, self.subject, self.asked, self.forms)

    def exactly(self, text: str) -> Side | None:
        """The side whose value a text is, as a whole."""
        return self.exact.get(text.lower().strip(DRESSING))

    def side_of(self, mention: Mention) -> str:
        """The side that a mention means: ``'a'``, ``'b'``, :data:`OTHER` or :data:`AMBIGUOUS`."""
        hit = OTHER
        for reading in mention.readings:
            side = self.targets.get(reading)
            if side is not None and side != hit:
                hit = side if hit == OTHER else AMBIGUOUS
        if hit == OTHER and self.kind == "range" and mention.readings and self._no_units():
            hit = self.targets.get(_unitless(mention.readings[0]), OTHER)
        return self._nearest(mention) if hit == OTHER and self.amounts else hit

    def _no_units(self) -> bool:
        """Whether both values are ranges without a unit, which an answer may add."""
        return all(canonical == _unitless(canonical) for canonical in self.canonical.values())

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


_CONVERTED = ({"length", "imperial"}, {"mass", "pounds"})
"""Systems of units between which figures are converted."""


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
    step = 0.5 * 10.0 ** -len(figure.partition(".")[2])
    if {unit, own} == {"C", "F"}:
        return ((value - 32) / 1.8, step / 1.8) if own == "C" else (value * 1.8 + 32, step * 1.8)
    if unit not in SCALES or own not in SCALES:
        return None, 0.0
    (system, scale), (own_system, own_scale) = SCALES[unit], SCALES[own]
    converted = value * scale / own_scale
    if system == own_system:
        return converted, 0.0
    if {system, own_system} not in _CONVERTED:
        return None, 0.0
    return converted, min(step * scale / own_scale, 0.02 * abs(converted))


def clean(text: str) -> str:
    """An answer as the keys of :attr:`Sought.exact` are written."""
    return fold(text).lower().strip(DRESSING)


def _amount(kind: Kind, canonical: str) -> tuple[float, str] | None:
    figure, _, unit = canonical.partition(" ")
    return (float(figure), unit) if kind in _MEASURED else None


def _unitless(written: str) -> str:
    """A range without its unit."""
    return " ".join(written.split()[:3])


def _readings(kind: Kind, canonical: str) -> list[str]:
    """Every reading of a mention that equals a canonical form."""
    forms = [canonical, canonical.lower()]
    amount = _amount(kind, canonical)
    if amount is not None:
        value, unit = amount
        forms += [f"{quantity(value)} {unit}".strip(), quantity(value)]
        if unit in CURRENCIES:
            forms += [f"{value:.2f} {unit}", *([f"{value:.2f} USD"] if unit in DOLLARS else [])]
    if kind == "date":
        forms += [f"--{canonical[5:]}", f"---{canonical[8:]}"]
    if kind == "range":
        forms.append(_unitless(canonical))
    return [*forms, "clear"] if kind == "weather" and canonical == "sunny" else forms


def _standing(form: str, kind: Kind) -> re.Pattern[str]:
    """A written form that stands by itself: its Latin ends as whole words, its figures as whole numbers."""
    first, last = (form[at].isascii() and form[at] for at in (0, -1))
    before = _NO_LETTER_BEFORE if first and first.isalnum() else ""
    after = _NO_LETTER_BEHIND if last and last.isalnum() else ""
    if first and first.isdigit():
        before += r"(?<![0-9][.,:/])"
    if last and last.isdigit():
        after += r"(?![.,:/]?[0-9])"
    if has_han(form) and kind == "name":
        before += "(?<![新老小东西南北])"  # they make it the name of something else
    elif has_han(form) and len(form) == 1:
        before, after = f"(?<!{HAN.pattern})", f"(?!{HAN.pattern})"
    return re.compile(before + re.escape(form) + after)


def _literals(kind: Kind, forms: Mapping[Side, Sequence[str]], targets: Mapping[str, str]) -> list[_Literal]:
    """Written forms that the reader of the kind does not read by itself as their side."""
    literals: list[_Literal] = []
    for side in SIDES:
        for form in forms[side]:
            low = form.lower()
            if kind == "name":
                literals.append(_Literal(low, side, _standing(low, kind) if has_han(form) else tolerant(low), TYPED))
                continue
            read = read_kind(form, kind)
            whole = len(read) == 1 and (read[0].start, read[0].end) == (0, len(form))
            if not whole or [targets.get(reading) for reading in read[0].readings[:1]] != [side]:
                literals.append(_Literal(low, side, _standing(low, kind), TYPED))
    if kind == "name":
        for han in (False, True):
            own = {side: own_part(next((form for form in forms[side] if has_han(form) == han), "").lower()) for side in SIDES}
            if all(own.values()) and own["a"] not in own["b"] and own["b"] not in own["a"]:
                literals += [
                    _Literal(part, side, _standing(part, kind) if han else tolerant(part), BARE)
                    for side, part in own.items()
                    if han or len(part) > 2
                ]
    return literals


Forms = tuple[tuple[str, ...], ...]
"""The written forms of a value, language by language."""


@lru_cache(maxsize=FACTS_KEPT)
def _sought(
    kind: Kind,
    a: str,
    b: str,
    forms_a: Forms,
    forms_b: Forms,
    tolerance: float,
    entities: tuple[str, ...],
    questions: tuple[str, ...],
) -> Sought:
    canonical: dict[Side, str] = {"a": a, "b": b}
    written: dict[Side, list[str]] = {"a": list(map(fold, chain(*forms_a))), "b": list(map(fold, chain(*forms_b)))}
    targets: dict[str, str] = {}
    for side in SIDES:
        for reading in _readings(kind, canonical[side]):
            targets[reading] = side if targets.get(reading, side) == side else AMBIGUOUS
    if kind == "blood_group":  # a group without its sign equals neither, and is no other group either
        targets.update({canonical[side].rstrip("+-"): AMBIGUOUS for side in SIDES})
    if kind in ("name", "allergen", "colour"):
        for side in SIDES:
            written[side].append(fold(canonical[side]))
    cleaned = {side: {clean(form) for form in (*written[side], canonical[side])} - {""} for side in SIDES}
    shared = cleaned["a"] & cleaned["b"]
    exact: dict[str, Side] = {form: side for side in SIDES for form in cleaned[side] - shared}
    forms: dict[Side, list[str]] = {
        side: [form for form in dict.fromkeys(written[side]) if clean(form) not in shared and clean(form)] for side in SIDES
    }
    measures = {side: pair for side in SIDES if (pair := _amount(kind, canonical[side])) is not None}
    names = [fold(entity) for entity in entities]
    masks = tuple(
        name.lower() for name in names if len(name) > (1 if has_han(name) else 3) and kind != "name" and read_kind(name, kind)
    ) + tuple(name.lower() for name in names if kind == "name" and not has_han(name) and len(name) > 3 and read_kind(name, kind))
    latin = " ".join(name for name in names if not has_han(name)).lower()
    asked = " ".join([latin, *map(fold, questions)]).lower()
    alternatives = "|".join(re.escape(form) for form in sorted(exact, key=len, reverse=True))
    return Sought(
        kind=kind,
        canonical=canonical,
        exact=exact,
        targets=targets,
        literals=tuple(_literals(kind, forms, targets)),
        amounts=measures if tolerance or kind in _WITH_UNITS else {},
        tolerance=tolerance,
        masks=masks,
        subject=frozenset(_WORDS.findall(latin)) - _NEUTRAL,
        asked=frozenset(_WORDS.findall(asked)),
        figures=frozenset(re.findall(r"[0-9]+(?:[.,][0-9]+)*", " ".join(map(fold, questions)))),
        teams=tuple(teams for name in names if (teams := scores.teams_of(name.lower()))) if kind == "score" else (),
        currencies=tuple({canonical[side].split()[-1]: None for side in SIDES}) if kind == "money" else (),
        forms=re.compile(rf"(?<![a-z0-9])(?:{alternatives})(?![a-z0-9])") if alternatives and kind != "yes_no" else None,
    )


def sought(fact: Fact) -> Sought:
    """What to look for. Keyed by what a fact is made of rather than by its id, which a user may have chosen badly."""
    return _sought(
        fact.kind,
        fact.a.canonical,
        fact.b.canonical,
        tuple(fact.a.surface.values()),
        tuple(fact.b.surface.values()),
        fact.tolerance,
        tuple(fact.entity.values()),
        tuple(fact.question.values()),
    )


def _masked(cased: str, masks: Sequence[str]) -> str:
    low = cased.lower()
    for mask in masks:
        at = low.find(mask)
        while at >= 0:
            blank = "~" * len(mask)
            cased, low = cased[:at] + blank + cased[at + len(mask) :], low[:at] + blank + low[at + len(mask) :]
            at = low.find(mask)
    return cased


def find(cased: str, wanted: Sought) -> list[SidedMention]:
    """All mentions of the fact's kind in a folded text with their sides, in order; longer ones hide those inside them."""
    cased = _masked(cased, wanted.masks)
    low = cased.lower()
    read = read_kind(cased, wanted.kind)
    if wanted.kind == "percent" and any(canonical[0] == "-" for canonical in wanted.canonical.values()):
        read = [own_kinds.with_sign(low, mention) for mention in read]
    if wanted.kind == "money":
        read = longest([*own_kinds.sums_in(low, wanted.currencies), *read])
    if wanted.teams:
        read = [scores.home_first(low, mention, wanted.teams) for mention in read]
    literals = longest(
        SidedMention(match.start(), match.end(), (wanted.canonical[literal.side],), literal.level, literal.side)
        for literal in wanted.literals
        if literal.text[:3] in low or wanted.kind == "name"
        for match in literal.pattern.finditer(low)
    )
    known = [literal for literal in literals if literal.level == TYPED]
    # of an open class the known names count, whatever a reader of shapes makes of their neighbourhood
    kept = [
        mention for mention in read if wanted.kind != "name" or mention.level == TYPED or mention in clear_of([mention], known)
    ]
    return longest([*literals, *(SidedMention(*mention, wanted.side_of(mention)) for mention in kept)])


def other_value(mentions: Sequence[SidedMention], length: int) -> SidedMention | None:
    """The value that is neither expected one and that the answer most likely gives."""
    for level in (TYPED, BARE, *([FOREIGN] if length <= 40 else [])):
        for mention in mentions:
            counts = level == FOREIGN and mention.readings[0].partition(" ")[2] not in known_units()  # 两件商品
            if mention.level == level and mention.side == OTHER and not counts:
                return mention
    return None


def expected(mentions: Sequence[SidedMention]) -> list[SidedMention]:
    """The mentions that mean one expected side."""
    return [mention for mention in mentions if mention.side in SIDES and mention.level != FOREIGN]
