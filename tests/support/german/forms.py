"""German written forms of the kinds of value that the shopping world has; no other kind is written."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.languages import Language

_ONES = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn"
).split()
_TENS = "_ _ zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()
_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
_IRREGULAR_DAYS = {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten"}
_CURRENCIES = {
    "USD": ("$", "US-Dollar", "Dollar", "Cent"),
    "EUR": ("€", "Euro", "Euro", "Cent"),
    "GBP": ("£", "Pfund Sterling", "Pfund", "Pence"),
}
_COLOURS = {
    "red": ("rot", "rot"),
    "orange": ("orange", "orangefarben", "orangefarben"),
    "yellow": ("gelb", "gelb"),
    "green": ("grün", "grün"),
    "blue": ("blau", "blau"),
    "purple": ("lila", "lilafarben", "lilafarben", "violett"),
    "pink": ("rosa", "rosafarben", "rosafarben", "pink"),
    "brown": ("braun", "braun"),
    "black": ("schwarz", "schwarz"),
    "white": ("weiß", "weiß"),
    "grey": ("grau", "grau"),
}
"""Per colour: how it is called, the stem that takes endings, and other words for it."""
_ENDINGS = ("e", "er", "es", "en", "em")


def tidy(text: str) -> str:
    """A passage with single blanks between its words."""
    return " ".join(text.split())


def cardinal(number: int) -> str:
    """A non-negative integer below a million in words: ``zwölftausendvierhundertfünfzig``.

    Raises:
        ValueError: the number is outside this range.
    """
    if not 0 <= number < 1_000_000:
        raise ValueError(f"{number} is not spelled out here (0 to 999,999)")
    if number < 20:
        return _ONES[number]
    if number < 100:
        return (f"{counted(number % 10)}und" if number % 10 else "") + _TENS[number // 10]
    size, word = (100, "hundert") if number < 1000 else (1000, "tausend")
    high, rest = divmod(number, size)
    return f"{counted(high)}{word}" + (cardinal(rest) if rest else "")


def counted(number: int) -> str:
    """A number as it stands before what it counts: ``ein`` for one."""
    return cardinal(number).removesuffix("s") if number % 100 == 1 else cardinal(number)


def _figures(number: Decimal, pattern: str) -> str:
    """A number with a comma before its decimals and points between its thousands."""
    return format(number, pattern).translate({ord("."): ",", ord(","): "."})


def _money(canonical: str) -> Mapping[str, str]:
    amount_text, code = canonical.split()
    amount = Decimal(amount_text)
    sign, full, unit, hundredth = _CURRENCIES[code]
    whole, cents = divmod(int(amount * 100), 100)
    figures = _figures(amount, ",.2f")
    return {
        "symbol": f"{figures} {sign}",
        "full": f"{figures} {full}",
        "unit": f"{figures} {unit}",
        "code": f"{figures} {code}",
        "mixed": f"{whole} {unit}" + (f" {cents:02d}" if cents else ""),
        "words": f"{counted(whole)} {unit}" + (f" und {counted(cents)} {hundredth}" if cents else ""),
        "bare": figures,
    }


def _count(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    return {"figures": _figures(Decimal(number), ",.0f"), "plain": str(number), "words": cardinal(number)}


def _half(number: Decimal) -> str:
    """A multiple of a half in words: ``dreieinhalb``."""
    return cardinal(int(number)) if number == int(number) else f"{counted(int(number))}einhalb"


def _rating(canonical: str) -> Mapping[str, str]:
    number = Decimal(canonical)
    plain, words = _figures(number.normalize(), "f"), _half(number)
    return {
        "stars": f"{plain} Sterne",
        "stars_dative": f"{plain} Sternen",
        "words": f"{words} Sterne",
        "words_dative": f"{words} Sternen",
        "out_of": f"{plain} von 5 Sternen",
        "out_of_short": f"{plain} von 5",
        "slash": f"{plain}/5",
        "bare": plain,
        "bare_words": words,
    }


def _day(number: int) -> str:
    """A day of the month as it is said after *am*: ``dritten``."""
    return _IRREGULAR_DAYS.get(number) or f"{cardinal(number)}{'ten' if number < 20 else 'sten'}"


def _date(canonical: str) -> Mapping[str, str]:
    day = datetime.date.fromisoformat(canonical)
    month = _MONTHS[day.month - 1]
    return {
        "short": f"{day.day}. {month}",
        "long": f"{day.day}. {month} {day.year}",
        "numeric": f"{day.day:02d}.{day.month:02d}.{day.year}",
        "numeric_short": f"{day.day}.{day.month}.",
        "spoken": f"{_day(day.day)} {month}",
        "iso": canonical,
    }


def _colour(canonical: str) -> Mapping[str, str]:
    word, stem, *others = _COLOURS[canonical]
    endings = {f"ending_{ending}": f"{stem}{ending}" for ending in _ENDINGS}
    return {"word": word, "noun": word.capitalize(), **endings} | {f"word{n}": other for n, other in enumerate(others, 1)}


FORMS: Mapping[Kind, Callable[[str], Mapping[str, str]]] = {
    "money": _money,
    "count": _count,
    "rating": _rating,
    "date": _date,
    "colour": _colour,
}

GERMAN = Language("German", FORMS, tidy, Path(__file__).parent / "phrases", decimal_mark=",")
"""The row of the table of languages."""
