"""Chinese readers of the kinds that are a number with a unit: money, count, percent, rating, level, rate, distance, dose.

They read the numbers that Chinese characters touch; a number that is none of the kind's is claimed all the same
(:data:`CLAIMED`), lest the English reader takes the bare figures of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention
from cmqa_tasks.reading.numbers import Number
from cmqa_tasks.reading.numbers_zh import DIGIT, LABEL, NUMERAL, scan_zh, value_of
from cmqa_tasks.reading.spans import clear_of
from cmqa_tasks.reading.units import CURRENCIES, DOLLARS, SCALES, amount, quantity
from cmqa_tasks.reading.units_zh import KNOWN_ZH

CLAIMED = -1
"""The level of a span that holds no value, and in which no other reader may find one."""

_CURRENCIES = CURRENCIES | DOLLARS | {"TWD"}
_CENTS = {"usd_cents": ("USD",), "eur_cents": ("EUR",), "pence": ("GBP",)}
_CURRENCY_BEFORE = re.compile(
    r"(?:(?P<USD>美元|美金|us\$)|(?P<EUR>欧元)|(?P<GBP>英镑)|(?P<CNY>人民币|rmb)|(?P<JPY>日元|日圆)|(?P<HKD>港元|港币"
    r"|hk\$)|(?P<TWD>新台币|台币|nt\$))"
    r"(?:约|为|是|:)? ?$"
)
_CURRENCY_AFTER = re.compile(r" ?(?:钱|\()?(?:(?P<USD>美元|美金|美刀)|(?P<EUR>欧元)|(?P<GBP>英镑)|(?P<CNY>人民币))")


def claimed(number: Number) -> Mention:
    """The span of a number that is no value."""
    return Mention(number.start, max(number.end, number.unit_end), (), CLAIMED)


def _plain(number: Number) -> Mention:
    """The mention of a number that carries no unit of the kind."""
    article = number.spelled and number.values == (1.0,) and number.unit not in KNOWN_ZH and bool(number.unit)
    if number.unit == LABEL or article:  # 一个 counts nothing
        return claimed(number)
    if number.unit:
        return Mention(number.start, number.unit_end, (f"{quantity(number.values[0])} {number.unit}",), FOREIGN)
    return Mention(number.start, number.end, tuple(map(quantity, number.values)), BARE)


def _currency_before(low: str, start: int) -> tuple[str, int]:
    match = _CURRENCY_BEFORE.search(low, max(0, start - 6), start)
    if match is not None:
        return match.lastgroup or "", match.start()
    symbol = low[start - 1 : start] if low[start - 1 : start] != " " else low[start - 2 : start - 1]
    known = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "CNY"}
    return (known[symbol], low.rfind(symbol, 0, start)) if symbol in known else ("", start)


def money(low: str) -> list[Mention]:
    """Sums of money: *24.99美元*, *24美元99美分*, *二十四块九毛九*. *块* alone names no currency, *元* is the Chinese one."""
    found: list[Mention] = []
    numbers = scan_zh(low)
    index = 0
    while index < len(numbers):
        number = numbers[index]
        index += 1
        unit, values, end = number.unit, number.values, number.unit_end
        if unit in _CENTS:
            found.append(Mention(number.start, end, tuple(amount(values[0] / 100, name) for name in _CENTS[unit]), TYPED))
            continue
        if unit == "jiao":
            found.append(Mention(number.start, end, (amount(values[0] / 10, "CNY"),), TYPED))
            continue
        if unit not in _CURRENCIES and unit != "kuai":
            currency, start = _currency_before(low, number.start)
            if currency and unit not in KNOWN_ZH and unit != LABEL:
                found.append(Mention(start, number.end, tuple(amount(value, currency) for value in values), TYPED))
            else:
                found.append(_plain(number))
            continue
        place, whole = 1.0, values[0] == int(values[0])
        while whole and index < len(numbers) and numbers[index].start - end in (0, 1):
            share = _share(low, numbers[index], place)
            if share is None:
                break
            values, end, place = (round(values[0] + share[0], 2),), share[1], place / 10
            index += 1
        currency = "" if unit == "kuai" else unit
        after = _CURRENCY_AFTER.match(low, end)
        if after is not None and not currency:
            currency, end = after.lastgroup or "", after.end()
        before, start = _currency_before(low, number.start)
        if before and currency in ("", "CNY"):
            currency = before
        else:
            start = number.start
        if currency:
            found.append(Mention(start, end, tuple(amount(value, currency) for value in values), TYPED))
        else:
            found.append(Mention(start, end, tuple(map(quantity, values)), BARE))
    return found


def _share(low: str, part: Number, place: float) -> tuple[float, int] | None:
    """What a number behind a whole sum adds to it, and where it ends: *99美分*, *九毛*, *九*."""
    if part.values[0] >= 100 or part.values[0] != int(part.values[0]):
        return None
    figure = part.values[0]
    if part.unit in _CENTS or part.unit == "points":
        return figure / 100, part.unit_end
    if part.unit == "jiao":
        return figure / 10, part.unit_end
    if part.unit and (part.unit not in _CURRENCIES or place == 1.0):
        return None
    written = low[part.start : part.end]
    if len(written) == 1:
        return (figure / 10 if place == 1.0 else figure / 100), part.end
    return (figure / 100, part.end) if place == 1.0 else None


def count(low: str) -> list[Mention]:
    """Whole numbers, whatever they count, unless they belong to another kind."""
    found: list[Mention] = []
    for number in scan_zh(low):
        whole = tuple(value for value in number.values if value == int(value))
        if number.unit == LABEL or not whole or _currency_before(low, number.start)[0]:
            found.append(claimed(number))
        elif number.unit in KNOWN_ZH:
            found.append(Mention(number.start, number.unit_end, (f"{quantity(number.values[0])} {number.unit}",), FOREIGN))
        elif number.spelled and whole == (1.0,) and len(low) > 12:  # 一个 is hardly ever a count
            found.append(claimed(number))
        else:
            found.append(Mention(number.start, number.end, tuple(map(quantity, whole)), BARE))
    return found


_SHARE = re.compile(
    rf"(?P<of>[{NUMERAL}0-9]{{1,4}})分之 ?(?P<n>[0-9]+(?:\.[0-9]+)?|[{NUMERAL}]{{1,4}}(?:点[{NUMERAL}]{{1,4}})?)半?"
)
_HALF = re.compile(r"(?<![多过])(?:一半|半数|对半)(?![天年])")


_PARTS = {"百": 100.0, "千": 1000.0, "万": 10000.0}


def shares(low: str) -> list[tuple[int, int, float, float]]:
    """Fractions as *A分之B*: where each begins and ends, A and B."""
    found: list[tuple[int, int, float, float]] = []
    if "分之" not in low:
        return found
    for match in _SHARE.finditer(low):
        whole, part = _PARTS.get(match["of"]) or value_of(match["of"]), value_of(match["n"])
        if whole and part is not None:
            found.append((match.start(), match.end(), whole, part + 0.5 * match[0].endswith("半")))
    return found


def _outside(found: list[Mention], spans: list[Mention]) -> list[Mention]:
    """The mentions that do not overlap some spans, and those spans."""
    return sorted([*clear_of(found, spans), *spans])


def _cut(found: list[Mention], at: int) -> None:
    """Drop the mentions that reach beyond a position."""
    while found and found[-1].end > at:
        found.pop()


def percent(low: str) -> list[Mention]:
    """Percentages: *40%*, *百分之四十*, *四成五*; *一半* is fifty."""
    found: list[Mention] = []
    for number in scan_zh(low):
        if number.unit == "percent":
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif number.unit == "tenths":
            tail, end = low[number.unit_end : number.unit_end + 1], number.unit_end
            rest = 5 if tail == "半" else DIGIT.get(tail, int(tail) if tail.isdigit() and tail.isascii() else 0)
            found.append(Mention(number.start, end + bool(rest), (quantity(round(number.values[0] * 10 + rest, 6)),), TYPED))
        elif found and number.start < found[-1].end:  # the 五 of 四成五
            continue
        else:
            found.append(_plain(number))
    if "半成" in low:
        at = low.find("半成")
        found = _outside(found, [Mention(at, at + 2, ("5",), TYPED)])
    parts = [
        Mention(start, end, (quantity(round(100 * part / whole, 6)),), TYPED if whole == 100 else BARE)
        for start, end, whole, part in shares(low)
    ]
    if parts:
        found = _outside(found, parts)
    if "半" in low:
        found = _outside(found, [Mention(match.start(), match.end(), ("50",), BARE) for match in _HALF.finditer(low)])
    return found


_SCALE = re.compile(
    r" ?[(,，]? ?(?:满分|总分)(?:为|是)? ?(?P<full>5|10|100|五|十|一百)(?:\.0)? ?(?:分|颗?星)?"
    r"|(?: ?/ ?|\(?共)(?P<slash>5|10|100|五|十)(?:\.0)?(?![0-9]) ?(?:分|颗?星)?"
    r"|\(?(?P<system>5|10|100|五|十|百)分制\)?"
)
_SCALE_BEFORE = re.compile(
    r"(?:(?:满分|总分)(?:为|是)? ?)?(?P<top>5|10|100|五|十|一百)(?:\.0)? ?(?:分|颗?星)(?:制|满分)?(?:里面?|中间?|之中|当中|内)"
    r"[,，]?(?:的|得了?|给了?|打了?|获得|拿了?|有|为|是|评了?|约)* ?$"
)
_FULL_MARKS = re.compile(r"(?:满分|总分)(?:为|是|:)? ?$")
_TOP = {"5": 5.0, "五": 5.0, "10": 10.0, "十": 10.0, "100": 100.0, "一百": 100.0, "百": 100.0}


def _marks(low: str, top: float, units: tuple[str, ...]) -> list[Mention]:
    """Marks out of ``top``; marks on another scale are converted."""
    found: list[Mention] = []
    behind = 0
    for number in scan_zh(low):
        if number.start < behind:
            continue
        if number.unit != LABEL and (number.unit in ("", *units, "points", "stars")):
            scale = _SCALE.match(low, number.unit_end)
            if scale is not None:
                behind = scale.end()
                factor = top / _TOP[scale["full"] or scale["slash"] or scale["system"]]
                found.append(_scaled(number, number.start, behind, factor))
                continue
            before = _SCALE_BEFORE.search(low, max(0, number.start - 20), number.start)
            if before is not None:
                _cut(found, before.start())
                found.append(_scaled(number, before.start(), number.unit_end, top / _TOP[before["top"]]))
                continue
            full = _FULL_MARKS.search(low, max(0, number.start - 4), number.start)
            if full and not _nothing_else(low, full.start(), number.unit_end):
                found.append(claimed(number))
                continue
            if low[number.unit_end : number.unit_end + 1] == "制":
                found.append(claimed(number))
                continue
        if number.unit in units:
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        else:
            found.append(_plain(number))
    parts = [
        Mention(start, end, (quantity(round(part * top / whole, 6)),), TYPED)
        for start, end, whole, part in shares(low)
        if whole in (5.0, 10.0)
    ]
    return _outside(found, parts) if parts else found


def _nothing_else(low: str, start: int, end: int) -> bool:
    """Whether a text is nothing but full marks (*评分：满分5星*)."""
    return not f"{low[:start]}{low[end:]}".strip(' 评分星级答案是为给了:，,。.!"*')


def _scaled(number: Number, start: int, end: int, factor: float) -> Mention:
    return Mention(start, end, tuple(quantity(round(value * factor, 6)) for value in number.values), TYPED)


def rating(low: str) -> list[Mention]:
    """Stars out of five: *三星半*, *三颗半星*, *3.5分（满分5分）*."""
    return _marks(low, 5.0, ("stars", "points"))


def level(low: str) -> list[Mention]:
    """Marks out of ten: *7分*, *十分之七*, *10分中的7分*, *7级*."""
    return _marks(low, 10.0, ("points", "级"))


_EACH_MINUTE = re.compile(r"每(?:一|1)?分钟?(?:[心脉搏跳动率约为是大概的有]|:)* ?$|一分钟(?:[心脉搏跳动率约为是大概的有]|:)* ?$")


def rate(low: str) -> list[Mention]:
    """Beats per minute: *80次/分*, *每分钟八十次*, *一分钟跳八十下*."""
    found: list[Mention] = []
    for number in scan_zh(low):
        minute = _EACH_MINUTE.search(low, max(0, number.start - 12), number.start)
        if minute is not None and number.unit in ("", "次", "下", "跳", "拍", "bpm"):
            _cut(found, minute.start())
            found.append(Mention(minute.start(), number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif number.unit == "bpm":
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), TYPED))
        elif number.unit in ("次", "下", "跳", "拍") and number.values[0] >= 20:
            found.append(Mention(number.start, number.unit_end, tuple(map(quantity, number.values)), BARE))
        else:
            found.append(_plain(number))
    return found


_LENGTHS = frozenset(unit for unit, (system, _) in SCALES.items() if system in ("length", "imperial"))
_DOSES = frozenset(unit for unit, (system, _) in SCALES.items() if system in ("mass", "volume"))


def _measured(low: str, units: frozenset[str]) -> list[Mention]:
    found: list[Mention] = []
    last: Number | None = None
    for number in scan_zh(low):
        if number.unit in units:
            if last is not None and last.unit_end == number.start and _smaller(number, last):  # 2公里400米
                ratio = SCALES[number.unit][1] / SCALES[last.unit][1]
                total = quantity(round(last.values[0] + number.values[0] * ratio, 6))
                found[-1] = Mention(last.start, number.unit_end, (f"{total} {last.unit}",), TYPED)
            else:
                readings = tuple(f"{quantity(value)} {number.unit}" for value in number.values)
                found.append(Mention(number.start, number.unit_end, readings, TYPED))
            last = number
            continue
        found.append(_plain(number))
        last = None
    return found


def _smaller(number: Number, than: Number) -> bool:
    (system, scale), (own_system, own) = SCALES[number.unit], SCALES[than.unit]
    return system == own_system and number.values[0] * scale < own


def distance(low: str) -> list[Mention]:
    """Lengths: *2.4公里*, *两千四百米*, *两公里半*, *2公里400米*."""
    return _measured(low, _LENGTHS)


def dose(low: str) -> list[Mention]:
    """Masses and volumes: *500毫克*, *半克*."""
    return _measured(low, _DOSES)


READERS_ZH: dict[str, Callable[[str], list[Mention]]] = {
    "money": money,
    "count": count,
    "percent": percent,
    "rating": rating,
    "level": level,
    "rate": rate,
    "distance": distance,
    "dose": dose,
}
