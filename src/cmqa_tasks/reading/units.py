"""Units and currencies: their canonical names, how they relate, and which of them follows a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from cmqa_tasks.reading.lexicon import Values, lexicon

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
    "ml": ("volume", 1.0),
    "l": ("volume", 1000.0),
}
"""Per unit its system and its size in that system's base (metres for both systems of length)."""


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
_UNIT = re.compile(rf"[ \t]?-?[ \t]?(?P<word>[%\u00b0$\u20ac\u00a3\u00a5\u00a2\u2605\u2b50]|{_WORD})(?:'s)?")
_SECOND = re.compile(rf"[ -]?(?:(?:a|per|an|/)[ -]?)?({_WORD})|/[ ]?({_WORD})")


def unit_after(low: str, at: int) -> tuple[str, int]:
    """The unit or word that follows a number, and where it ends."""
    match = _UNIT.match(low, at)
    if match is None:
        return ("/", at) if low[at : at + 2] in ("/1", "/5") else ("", at)
    spelled, heads = spellings()
    word, end = match["word"], match.end()
    if word in heads:
        second = _SECOND.match(low, end)
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
