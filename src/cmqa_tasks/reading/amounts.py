"""The kinds that are a number with a unit: which of the numbers of a text are a count, a share, a dose, marks out of ten."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention, clear_of, longest
from cmqa_tasks.reading.money import currency_before, money
from cmqa_tasks.reading.numbers import Number, scan
from cmqa_tasks.reading.numerals import LABEL, SCALES, chinese, english, known_units, quantity, value_of
from cmqa_tasks.reading.plain import in_date_or_time, labelled, plain, previous_word


def counts_nothing(low: str, number: Number) -> bool:
    """Whether a one in words is an article or a pronoun: *one is*, *一个*."""
    if not number.spelled or number.values != (1.0,):
        return False
    if number.han:  # 一个 is hardly ever a count
        return len(low) > 12 and number.unit not in known_units()
    alone = not number.start and number.end >= len(low.rstrip(". "))
    return not alone and (number.unit in english().function_words or number.unit in ("", "other"))


def count(low: str) -> list[Mention]:
    """Whole numbers, whatever noun they count, unless they belong to another kind."""
    mentions: list[Mention] = []
    for number in scan(low):
        values = tuple(value for value in number.values if value == int(value))
        if not values or number.unit == LABEL or currency_before(number.low, number)[0]:
            continue
        if counts_nothing(low, number):
            continue
        if number.unit in known_units():
            mentions.append(Mention(number.start, number.unit_end, (f"{quantity(number.values[0])} {number.unit}",), FOREIGN))
        elif number.han or not (
            labelled(number.low, number)
            or in_date_or_time(number.low, number)
            or "/" in low[max(0, number.start - 1) : number.end + 1]
        ):
            mentions.append(Mention(number.start, number.end, tuple(map(quantity, values)), BARE))
    return mentions


def _shares(low: str) -> list[tuple[int, int, float, float]]:
    """Fractions as *A分之B*: where each begins and ends, A and B."""
    parts: list[tuple[int, int, float, float]] = []
    sizes = {**chinese().numerals.tens, **chinese().numerals.scales}
    for match in chinese().patterns["share"].finditer(low) if "分之" in low else ():
        whole, part = sizes.get(match["of"]) or value_of(match["of"]), value_of(match["part"])
        if whole and part is not None:
            parts.append((match.start(), match.end(), whole, part + 0.5 * match[0].endswith("半")))
    return parts


def _instead(mentions: list[Mention], spans: list[Mention]) -> list[Mention]:
    """Some mentions, and others which take the place of those that they overlap."""
    return sorted([*clear_of(mentions, spans), *spans]) if spans else mentions


def percent(low: str) -> list[Mention]:
    """Percentages: *40%*, *百分之四十*, *四成五*, *three quarters*; a bare decimal up to one may also be a share."""
    mentions: list[Mention] = []
    for number in scan(low):
        if number.unit == "percent":
            mentions.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif number.unit == "tenths":
            tail, end = low[number.unit_end : number.unit_end + 1], number.unit_end
            tenth = (
                5 if tail == "半" else chinese().numerals.ones.get(tail, int(tail) if tail.isdigit() and tail.isascii() else 0)
            )
            mentions.append(Mention(number.start, end + bool(tenth), (quantity(round(number.values[0] * 10 + tenth, 6)),), TYPED))
        elif (mentions and number.start < mentions[-1].end) or currency_before(number.low, number)[0]:  # the 五 of 四成五
            continue
        elif (mention := plain(number.low, number)) is not None:
            if mention.level == BARE and 0 < number.values[0] < 1 and not number.han:
                mention = mention._replace(readings=(*mention.readings, quantity(round(number.values[0] * 100, 6))))
            mentions.append(mention)
    spans = [
        Mention(start, end, (quantity(round(100 * part / whole, 6)),), TYPED if whole == 100 else BARE)
        for start, end, whole, part in _shares(low)
    ]
    for words in (english(), chinese()):
        for match in words.patterns["part_of_whole"].finditer(low):
            share = "75" if match["three"] else "25" if match["one"] else "5" if match["little"] else "50"
            spans.append(Mention(*match.span(), (share,), TYPED if match["little"] else BARE))
    return _instead(mentions, longest(spans))


def _scaled(number: Number, start: int, end: int, factor: float) -> Mention:
    return Mention(start, end, tuple(quantity(round(value * factor, 6)) for value in number.values), TYPED)


def _marks(low: str, top: float, units: tuple[str, ...]) -> list[Mention]:
    """Marks out of ``top``; marks on another scale are converted, since the picture may suggest either."""
    mentions: list[Mention] = []
    behind = 0
    of_top, patterns = english().patterns["out_of"], chinese().patterns
    tops = {**english().numerals.tops, **chinese().numerals.tops}
    for number in scan(low):
        if number.start < behind or number.unit == LABEL:
            continue
        scale = of_top.match(low, number.end)
        if scale is None and number.unit in ("", *units, "points", "stars"):
            scale = patterns["scale"].match(low, number.unit_end)
        if scale is not None:
            behind = scale.end()
            mentions.append(_scaled(number, number.start, behind, top / tops[next(filter(None, scale.groupdict().values()))]))
            continue
        if number.han and number.unit in ("", *units, "points", "stars"):
            before = patterns["scale_before"].search(low, max(0, number.start - 20), number.start)
            if before is not None:
                while mentions and mentions[-1].end > before.start():
                    mentions.pop()
                mentions.append(_scaled(number, before.start(), number.unit_end, top / tops[before["top"]]))
                continue
            full = patterns["full_marks"].search(low, max(0, number.start - 4), number.start)
            beside = "" if full is None else f"{low[: full.start()]}{low[number.unit_end :]}"
            if beside.strip(' 评分星级答案是为给了:，,。.!"*') or low[number.unit_end : number.unit_end + 1] == "制":
                continue
        if number.unit in units and (number.unit != "points" or number.han):
            mentions.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif not currency_before(number.low, number)[0] and (mention := plain(number.low, number)) is not None:
            named = mention.level == BARE and previous_word(low, number.start) == units[0]
            mentions.append(mention._replace(level=TYPED) if named else mention)
    spans = [
        Mention(start, end, (quantity(round(part * top / whole, 6)),), TYPED)
        for start, end, whole, part in _shares(low)
        if whole in (5.0, 10.0)
    ]
    return _instead(mentions, spans)


_STAR = "\u2605\u2b50\U0001f31f"


def rating(low: str) -> list[Mention]:
    """Stars out of five, in figures, words or drawn stars: *3.5 out of 5*, *三颗半星*, ★★★½."""
    drawn = [
        Mention(*match.span(), (quantity(sum(map(match[0].count, _STAR)) + 0.5 * bool(re.search("[½⯪⯖]|1/2", match[0]))),), TYPED)
        for match in english().patterns["drawn_stars"].finditer(low)
        if not (match.start() and low[max(0, match.start() - 2) : match.start()].rstrip()[-1:].isdigit())
    ]
    return sorted([*_marks(low, 5.0, ("stars", "points")), *drawn])


def level(low: str) -> list[Mention]:
    """Marks out of ten: *7/10*, *level 7*, *十分之七*, *7级*."""
    return _marks(low, 10.0, ("level", "points", "级"))


def rate(low: str) -> list[Mention]:
    """Beats per minute: *80 bpm*, *80次/分*, *每分钟八十次*."""
    mentions: list[Mention] = []
    for number in scan(low):
        readings = tuple(map(quantity, number.values))
        minute = chinese().patterns["each_minute"].search(low, max(0, number.start - 12), number.start)
        beats = number.unit in ("次", "下", "跳", "拍")
        if minute is not None and (beats or number.unit in ("", "bpm")):
            while mentions and mentions[-1].end > minute.start():
                mentions.pop()
            mentions.append(Mention(minute.start(), number.unit_end, readings, TYPED))
        elif number.unit == "bpm":
            mentions.append(Mention(number.start, number.unit_end, readings, TYPED))
        elif beats and number.values[0] >= 20:
            mentions.append(Mention(number.start, number.unit_end, readings, BARE))
        elif low[number.end : number.end + 4] == "/min":
            mentions.append(Mention(number.start, number.end + 4, readings, TYPED))
        elif not currency_before(number.low, number)[0] and (mention := plain(number.low, number)) is not None:
            mentions.append(mention)
    return mentions


def measured(low: str, numbers: Sequence[Number], systems: tuple[str, ...]) -> list[Mention]:
    """Numbers of which the units are of some systems of :data:`SCALES`, and those without a unit."""
    mentions: list[Mention] = []
    last: Number | None = None
    for number in numbers:
        if SCALES.get(number.unit, ("", 0.0))[0] not in systems:
            if not currency_before(number.low, number)[0] and (mention := plain(number.low, number)) is not None:
                mentions.append(mention)
            last = None
            continue
        gap = "?" if last is None else low[last.unit_end : number.start]
        if last is not None and gap in ("", " ", " and ") and _smaller(number, last):  # 2公里400米, 5 lb 3 oz
            total = quantity(round(last.values[0] + number.values[0] * SCALES[number.unit][1] / SCALES[last.unit][1], 6))
            mentions[-1] = Mention(last.start, number.unit_end, (f"{total} {last.unit}",), TYPED)
        else:
            readings = tuple(f"{quantity(value)} {number.unit}" for value in number.values)
            mentions.append(Mention(number.start, number.unit_end, readings, TYPED))
        last = number
    return mentions


def _smaller(number: Number, than: Number) -> bool:
    (system, scale), (own_system, own) = SCALES[number.unit], SCALES[than.unit]
    return system == own_system and number.values[0] * scale < own


def distance(low: str) -> list[Mention]:
    """Lengths, metric or imperial: *2.4 km*, *两千四百米*, *2公里400米*."""
    return measured(low, scan(low), ("length", "imperial"))


def dose(low: str) -> list[Mention]:
    """Masses and volumes: *500 mg*, *半克*."""
    return measured(low, scan(low), ("mass", "volume"))


READERS: Mapping[str, Callable[[str], list[Mention]]] = {
    "money": money,
    "count": count,
    "percent": percent,
    "rating": rating,
    "level": level,
    "rate": rate,
    "distance": distance,
    "dose": dose,
}
