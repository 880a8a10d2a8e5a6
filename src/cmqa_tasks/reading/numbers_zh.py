"""Numbers in Chinese text, in digits or characters, with the unit or measure word that follows each.

Only numbers that Chinese characters touch are found here, on either side; ``$24.99`` between them is read as in English.

    >>> [(n.values, n.unit) for n in scan_zh("一千二百个座位，1.2万元，两公里半")]
    [((1200.0,), '个'), ((12000.0,), 'CNY'), ((2.5,), 'km')]
"""

from __future__ import annotations

import re

from cmqa_tasks.reading.listing import marks_item
from cmqa_tasks.reading.numbers import MAX_DIGITS, Number, parse_digits, unit_after
from cmqa_tasks.reading.units_zh import (
    KNOWN_ZH,
    MEASURES,
    ORDINAL_BEFORE,
    PAIR,
    SOURCE_BEFORE,
    SOURCES_COUNTED,
    STANDING,
    UNIT_WORDS,
)

DIGIT = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
NUMERAL = "零〇一二两三四五六七八九十百千万亿"
LONGEST = 24
"""Characters of the longest run that is still a number."""
LABEL = "label"
"""The unit of a number that numbers something (*图1*, *第三*) or counts the evidence itself (*两份资料*)."""
_RUN = re.compile(rf"[0-9{NUMERAL}](?:[0-9{NUMERAL}]|[.,](?=[0-9])|点(?=[0-9零〇一二三四五六七八九])| (?=[百千万亿]))*")
_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|.")
_HALF_BEFORE = re.compile(r"半[个颗]?")
_MORE = re.compile(r"[多余来几](?![0-9])")
_WORDS = frozenset(["万一", "千万", "一一", "百万", "千百", "百十", "十万", "百千"])
"""Runs of numerals that are words."""
_AFTER_ONE = frozenset("些样般定旦直起下共律切向贯同经来时度面概览带边")
_BEFORE_BARE = frozenset("是为有约共达到打给得评值选取即写说示计加和与或而非")


def value_of(run: str) -> float | None:
    """The value of a run of digits and numerals; None when it is no number (*三五*, *百* without a digit before it).

    >>> [value_of(run) for run in ("一千二百", "两万五", "1.24万", "二〇二六", "三五")]
    [1200.0, 25000.0, 12400.0, 2026.0, None]
    """
    run = run.replace(" ", "")
    if len(run) > LONGEST:
        return None
    if run.isascii():
        values = parse_digits(run)
        return values[0] if values else None
    whole, mark, fraction = run.partition("点")
    if mark:
        value, figures = value_of(whole), "".join(str(DIGIT.get(char, char)) for char in fraction)
        if value is None or value != int(value) or not (figures.isdigit() and figures.isascii()):
            return None
        return float(f"{int(value)}.{figures}")
    if all(char in DIGIT for char in run):
        if len(run) == 1:
            return float(DIGIT[run])
        return float("".join(str(DIGIT[char]) for char in run)) if len(run) > 2 or "〇" in run or run[1] == "零" else None
    return _composed(run)


def _composed(run: str) -> float | None:
    """The value of a number with units of ten: *一万二千*, *3千5*, *一百零五*."""
    total, section, current, unit, large = 0.0, 0.0, -1.0, 1e12, 1e12
    gap = short = False
    for token in _TOKEN.findall(run):
        if token in _SMALL:
            size = _SMALL[token]
            if size >= unit or (current < 0 and size > 10):
                return None
            section += (1.0 if current < 0 else current) * size
            current, unit, gap = -1.0, float(size), False
        elif token in _LARGE:
            size = _LARGE[token]
            section += max(current, 0.0)
            if not section or size >= large:
                return None
            total += section * size
            section, current, unit, large, gap = 0.0, -1.0, float(size), float(size), False
        elif token in "零〇":
            gap = True
        elif current >= 0:
            return None
        elif token in DIGIT:
            current, short = float(DIGIT[token]), True
        else:
            values = parse_digits(token) if token[0].isdigit() else ()
            if not values:
                return None
            current, short = values[0], len(token) == 1
    if current >= 0:
        section += current * unit / 10 if short and not gap and 100 <= unit < 1e12 else current  # 两万五 is 25,000
    return round(total + section, 6)


def is_han(char: str) -> bool:
    """Whether a character is a Chinese one; false for none at all."""
    return "\u3400" <= char <= "\u9fff"


def _unit(low: str, end: int) -> tuple[str, int]:
    """The unit or measure word that follows a number, canonical where it is known, and where it ends."""
    at = end + 1 if low[end : end + 1] == " " else end
    match = UNIT_WORDS.match(low, at)
    if match is not None:
        return match.lastgroup or "", match.end()
    char = low[at : at + 1]
    if char in MEASURES:
        return char, at + 1
    if char.isascii() and (char.isalpha() or char == "$"):
        unit, unit_end = unit_after(low, end)
        return (unit, unit_end) if unit in KNOWN_ZH else ("", end)
    return "", end


def _in_word(low: str, start: int, end: int, unit: str, value: float) -> bool:
    """Whether numerals are part of a word (*一致*, *三明治*, *十分可信*)."""
    before, after = low[start - 1 : start], low[end : end + 1]
    if not unit and is_han(after) and after not in STANDING:
        return True
    if end - start > 1:
        return low[start:end] in _WORDS
    if value == 1 and (after in _AFTER_ONE or (before and before in "进下上唯统单")):
        return True
    if not unit and is_han(before) and before not in _BEFORE_BARE:
        return True
    return low[start] == "十" and unit == "points" and is_han(low[end + 1 : end + 2]) and low[end + 1] not in "中制满里"


def _labels(low: str, start: int, end: int, value: float, unit: str) -> bool:
    """Whether a number numbers something, or counts the evidence itself."""
    if ORDINAL_BEFORE.search(low, max(0, start - 6), start):
        return True
    if value in (1.0, 2.0) and not unit and SOURCE_BEFORE.search(low, max(0, start - 5), start):
        return True
    if SOURCES_COUNTED.match(low, end) or (value == 2 and PAIR.match(low, end)):
        return True
    if low[end : end + 1] in (".", "、", ")") and low[end + 1 : end + 2] and not low[end + 1].isdigit():
        return marks_item(low, start, end)
    return False


def _embedded(low: str, start: int, ascii_only: bool) -> bool:
    """Whether what stands before a run makes it a piece of something else: ``A4``, ``8:30``, ``3.5/5``."""
    before = low[start - 1 : start]
    if not before or not before.isascii():
        return False
    if before.isalpha() or (before.isdigit() and ascii_only):
        return True
    return ascii_only and before in ".,/:-" and low[start - 2 : start - 1].isdigit()


def scan_zh(low: str) -> list[Number]:
    """All numbers of a folded, lower-case text that touch Chinese characters, in order.

    Those that number something, or count the evidence, have the unit :data:`LABEL`.
    """
    found: list[Number] = []
    for match in _RUN.finditer(low):
        start, end = match.span()
        run = match[0]
        ascii_only = run.isascii()
        if end - start > LONGEST or _embedded(low, start, ascii_only):
            continue
        if run[-1] == "千" and low[end : end + 1] in ("米", "克") and (run[:-1].isascii() or value_of(run) is None):
            run, end = run[:-1], end - 1
            if not run:
                continue  # 千米, 千克: a unit without a number before it
            ascii_only = run.isascii()  # 2.4千米 are kilometres
        values, end = _values(run, start, end, ascii_only)
        if not values:
            continue
        more = _MORE.match(low, end)
        unit, unit_end = _unit(low, more.end() if more else end)
        if _labels(low, start, end, values[0], unit):
            found.append(Number(start, end, values, LABEL, end, not ascii_only))
            continue
        joined = bool(found) and found[-1].unit_end == start  # the last figure of 24块9毛9
        if ascii_only and not joined:
            after = low[end : end + 1]
            if (not unit and not is_han(after)) or (after in "/:-" and low[end + 1 : end + 2].isdigit()):
                continue  # as in English
        elif not joined and _in_word(low, start, end, unit, values[0]):
            continue
        if unit and low[unit_end : unit_end + 1] == "半" and values[0] == int(values[0]):  # 两公里半, 三颗半星
            values, unit_end = (values[0] + 0.5,), unit_end + 1
            if unit in ("颗", "个"):
                unit, unit_end = _unit(low, unit_end)
        found.append(Number(start, end, values, unit, unit_end, not ascii_only))
    if "半" in low:
        found = sorted([*found, *_halves(low)])
    return found


def _values(run: str, start: int, end: int, ascii_only: bool) -> tuple[tuple[float, ...], int]:
    """What a run may mean and where it ends: of *三点五十* and *8点30* only the hour is a number."""
    if ascii_only:
        return (parse_digits(run) if len(run) <= MAX_DIGITS + 6 else ()), end
    whole, mark, fraction = run.partition("点")
    if mark and (any(char in "十百千万亿" for char in fraction) or (run.replace("点", "").isascii() and len(fraction) == 2)):
        run, end = whole, start + len(whole)
    run = run.rstrip()
    value = value_of(run)
    return (() if value is None else (value,)), start + len(run)


def _halves(low: str) -> list[Number]:
    """*半公里*, *半克*, *半颗星*: a half without a number before it."""
    found: list[Number] = []
    for match in _HALF_BEFORE.finditer(low):
        start, end = match.span()
        before = low[start - 1 : start]
        if before and (before.isdigit() or before in NUMERAL or before in "点星颗分个里米克升元块"):
            continue
        unit, unit_end = _unit(low, end)
        if unit in KNOWN_ZH and unit not in ("points", "percent", "days", "years", "months"):
            found.append(Number(start, end, (0.5,), unit, unit_end, True))
    return found
