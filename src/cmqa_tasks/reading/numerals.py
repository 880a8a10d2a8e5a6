"""How numbers and their units are written: in digits and Chinese numerals, with canonical units and currencies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from cmqa_tasks.reading.lexicon import Values, lexicon

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


def value_of(run: str) -> float | None:
    """The value of a run of digits and numerals; None when it is no number (*三五*, *百* without a digit before it).

    >>> [value_of(run) for run in ("一千二百", "两万五", "1.24万", "二〇二六", "三五")]
    [1200.0, 25000.0, 12400.0, 2026.0, None]
    """
    ones, run = chinese().numerals.ones, run.replace(" ", "")
    if not run or len(run) > LONGEST:
        return None
    if run.isascii():
        values = parse_digits(run)
        return values[0] if values else None
    whole, mark, fraction = run.partition("点")
    if mark:
        value, figures = value_of(whole), "".join(str(ones.get(char, char)) for char in fraction)
        if value is None or value != int(value) or not (figures.isdigit() and figures.isascii()):
            return None
        return float(f"{int(value)}.{figures}")
    if all(char in ones for char in run):
        if len(run) == 1:
            return float(ones[run])
        return float("".join(str(ones[char]) for char in run)) if len(run) > 2 or "〇" in run or run[1] == "零" else None
    return _composed(run)


def _composed(run: str) -> float | None:
    """The value of a number with units of ten: *一万二千*, *3千5*, *一百零五*."""
    numerals = chinese().numerals
    total, section, current, unit, large = 0.0, 0.0, -1.0, 1e12, 1e12
    gap = short = False
    for token in chinese().patterns["numeral"].findall(run):
        if token in numerals.tens:
            size = numerals.tens[token]
            if size >= unit or (current < 0 and size > 10):
                return None
            section += (1.0 if current < 0 else current) * size
            current, unit, gap = -1.0, float(size), False
        elif token in numerals.scales:
            size = int(numerals.scales[token])
            section += max(current, 0.0)
            if not section or size >= large:
                return None
            total += section * size
            section, current, unit, large, gap = 0.0, -1.0, float(size), float(size), False
        elif token in "零〇":
            gap = True
        elif current >= 0:
            return None
        elif token in numerals.ones:
            current, short = float(numerals.ones[token]), True
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


# --- units ----------------------------------------------------------------------------------------------------------

LABEL = "label"
"""The unit of a number that numbers something (*图1*) or counts the evidence itself (*两份资料*): it answers nothing."""
SYMBOLS: Mapping[str, str] = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "JPY", "\u20b9": "INR"}
NO_DECIMALS = frozenset({"JPY", "KRW"})
DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
"""Currencies that a bare ``$`` may stand for."""
CURRENCIES = DOLLARS | {"EUR", "GBP", "JPY", "CNY", "CHF", "INR", "KRW", "TWD"}
CENTS: Mapping[str, tuple[str, ...]] = {
    "cents": ("USD", "EUR"),
    "usd_cents": ("USD",),
    "eur_cents": ("EUR",),
    "pence": ("GBP",),
}
SCALES: Mapping[str, tuple[str, float]] = {
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "cm": ("length", 0.01),
    "mi": ("imperial", 1609.344),
    "ft": ("imperial", 0.3048),
    "yd": ("imperial", 0.9144),
    "mg": ("mass", 1.0),
    "g": ("mass", 1000.0),
    "mcg": ("mass", 0.001),
    "kg": ("mass", 1e6),
    "t": ("mass", 1e9),
    "jin": ("mass", 500_000.0),
    "lb": ("pounds", 453_592.37),
    "oz": ("pounds", 28_349.523125),
    "ml": ("volume", 1.0),
    "l": ("volume", 1000.0),
}
"""Per unit its system and its size in that system's base (metres for both systems of length, milligrams for both of mass)."""


def english() -> Values:
    """How English writes values."""
    return lexicon("en").values


def chinese() -> Values:
    """How Chinese writes values."""
    return lexicon("zh").values


@lru_cache(maxsize=1)
def spellings() -> tuple[Mapping[str, str], frozenset[str]]:
    """Each spelling of a unit with its canonical name, and the first words of those that are two."""
    spelled = {word.replace("_", " "): unit for unit, words in english().units.items() for word in words.split()}
    return spelled, frozenset(word.split()[0] for word in spelled if " " in word)


@lru_cache(maxsize=1)
def codes() -> frozenset[str]:
    """Codes of currencies, which may stand right before a number (*USD68.40*)."""
    return frozenset(code.lower() for code in CURRENCIES) | {"us$", "rmb"}


@lru_cache(maxsize=1)
def known_units() -> frozenset[str]:
    """The canonical names of all units."""
    return frozenset(english().units) | frozenset(chinese().units)


_WORD = "[a-z\u00df-\u00ff\u0100-\u024f]+"  # Latin letters: *Stück* is one word


def unit_after(low: str, at: int) -> tuple[str, int]:
    """The unit or word that follows a number, and where it ends."""
    match = english().patterns["unit"].match(low, at)
    if match is None:
        return ("/", at) if low[at : at + 2] in ("/1", "/5") else ("", at)
    spelled, heads = spellings()
    word, end = match["word"], match.end()
    if word in heads:
        second = english().patterns["second_unit"].match(low, end)
        if second is not None and (unit := spelled.get(f"{word} {second[1] or second[2]}")):
            return unit, second.end()
    return spelled.get(word, word), end


@lru_cache(maxsize=1)
def _unit_words() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{unit}>{pattern})" for unit, pattern in chinese().units.items()))


def han_unit(low: str, end: int) -> tuple[str, int]:
    """The unit or measure word that follows a number, canonical where it is known, and where it ends."""
    at = end + 1 if low[end : end + 1] in (" ", "(") else end
    match = _unit_words().match(low, at)
    if match is not None:
        return match.lastgroup or "", match.end()
    char = low[at : at + 1]
    if char and char in chinese().labels:
        return char, at + 1
    if char.isascii() and (char.isalpha() or char == "$"):
        unit, unit_end = unit_after(low, end)
        return (unit, unit_end) if unit in known_units() else ("", end)
    return "", end
