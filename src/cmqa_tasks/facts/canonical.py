"""Whether a value is in its kind's canonical form, which is one only: answers are compared with it letter by letter.

check_canonical("money", "24.99 USD")
check_canonical("money", "$24.99")       # ValueError: '$24.99' is no money (amount with …)
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Mapping

from cmqa_tasks.facts.records import CANONICAL_FORMS, Kind

_WHOLE = r"(?:0|[1-9][0-9]*)"
_NUMBER = rf"{_WHOLE}(?:\.[0-9]*[1-9])?"
_SIGNED = rf"(?:-(?!0(?![.0-9])))?{_NUMBER}"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_DECIMALS: Mapping[str, int] = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
"""Decimals of the currencies that do not have two (ISO 4217, minor units)."""


def check_canonical(kind: Kind, canonical: str) -> None:
    """Check that a value is in its kind's canonical form.

    Raises:
        ValueError: it is not; the message says what the form is.
    """
    if not _FORMS[kind](canonical):
        raise ValueError(f"{canonical!r} is no {kind} ({CANONICAL_FORMS[kind]})")


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _one_of(texts: Collection[str]) -> Callable[[str], bool]:
    allowed = frozenset(texts)
    return lambda text: text in allowed


def decimals_of(currency: str) -> int:
    """How many decimals the amounts of a currency have, by its ISO 4217 code."""
    return _DECIMALS.get(currency, 2)


def _money(text: str) -> bool:
    match = re.fullmatch(rf"{_WHOLE}(?:\.([0-9]+))? ([A-Z]{{3}})", text)
    return match is not None and len(match[1] or "") == decimals_of(match[2])


def _date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _range(text: str) -> bool:
    if re.fullmatch(f"{_CLOCK} to {_CLOCK}", text):
        low, _, high = text.partition(" to ")
        return low != high
    units = "km|m|mi|mg|g|mcg|ml|kg|t|lb|oz|C|F|percent"
    match = re.fullmatch(f"({_SIGNED}) to ({_SIGNED})(?: (?:{units}))?", text)
    return match is not None and float(match[1]) < float(match[2])


_FORMS: Mapping[Kind, Callable[[str], bool]] = {
    "money": _money,
    "count": _like(_WHOLE),
    "percent": _like(_SIGNED),
    "rating": _like(r"[0-4](?:\.5)?|5"),
    "level": _like("[0-9]|10"),
    "rate": _like(_WHOLE),
    "distance": _like(rf"{_NUMBER} (?:km|m|mi)"),
    "dose": _like(rf"{_NUMBER} (?:mg|g|mcg|ml)"),
    "date": _date,
    "time": _like(_CLOCK),
    "score": _like(f"{_WHOLE}-{_WHOLE}"),
    "blood_group": _like("(?:O|A|B|AB)[+-]"),
    "direction": _one_of("north north-east east south-east south south-west west north-west".split()),
    "colour": _like("[a-z]+(?:[ -][a-z]+)*"),
    "weather": _one_of("sunny cloudy rain thunderstorm snow fog".split()),
    "allergen": _like("[a-z]+(?:[ '-][a-z]+)*"),
    "name": bool,
    "year": _like("-?[1-9][0-9]{0,3}"),
    "number": _like(_SIGNED),
    "temperature": _like(f"{_SIGNED} [CF]"),
    "weight": _like(rf"{_NUMBER} (?:kg|g|mg|t|lb|oz)"),
    "range": _range,
    "yes_no": _one_of(("yes", "no")),
}
"""What takes each kind's canonical form and nothing else."""
