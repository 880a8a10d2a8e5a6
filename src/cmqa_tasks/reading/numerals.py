"""Numbers as they are written, in digits and in Chinese numerals, and as canonical forms write them."""

from __future__ import annotations

import re

MAX_DIGITS = 15
"""Longer runs of digits are no quantities (and would lose precision as floats)."""
LONGEST = 24
"""Characters of the longest run of Chinese numerals that is still a number."""


def quantity(value: float) -> str:
    """A number as canonical forms write it: no trailing zeros, no exponent."""
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def parse_digits(raw: str) -> tuple[float, ...]:
    """The values that a run of digits and separators may have; none when it is no number (a version, a date)."""
    if raw.isdigit():
        return (float(raw),) if len(raw) <= MAX_DIGITS else ()
    if not raw or len(raw) > MAX_DIGITS + 6:
        return ()
    raw = raw.replace("'", "").replace(" ", "")
    if raw.isdigit():
        return (float(raw),)
    dot, comma = raw.rfind("."), raw.rfind(",")
    if dot >= 0 and comma >= 0:
        point, group = (".", ",") if dot > comma else (",", ".")
        whole, _, decimals = raw.rpartition(point)
        return (float(f"{whole.replace(group, '')}.{decimals}"),) if point not in whole else ()
    mark = "." if dot >= 0 else ","
    groups = raw.split(mark)
    grouped = len(groups[0]) <= 3 and groups[0] != "0" and all(len(group) == 3 for group in groups[1:])
    if len(groups) > 2:
        return (float("".join(groups)),) if grouped else ()
    decimal = float(f"{groups[0]}.{groups[1]}")
    if not grouped:
        return (decimal,)
    return (float("".join(groups)),) if mark == "," else (decimal, float("".join(groups)))


DIGIT = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
NUMERAL = "零〇一二两三四五六七八九十百千万亿"
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_TOKEN = re.compile(r"[0-9]+(?:[.,][0-9]+)*|.")


def value_of(run: str) -> float | None:
    """The value of a run of digits and numerals; None when it is no number (*三五*, *百* without a digit before it).

    >>> [value_of(run) for run in ("一千二百", "两万五", "1.24万", "二〇二六", "三五")]
    [1200.0, 25000.0, 12400.0, 2026.0, None]
    """
    run = run.replace(" ", "")
    if not run or len(run) > LONGEST:
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


def integer(written: str) -> int:
    """A whole number in digits or numerals, also of a day or a month (*初五*, *正*); -1 for none."""
    if written.isascii():
        return int(written)
    value = 1 if written == "正" else value_of(written.replace("初", "").replace("廿", "二十"))
    return -1 if value is None else int(value)
