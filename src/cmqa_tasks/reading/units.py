"""Units as English writes them, and how quantities of one dimension convert."""

from __future__ import annotations

from collections.abc import Mapping

from cmqa_tasks.reading.words_en import words


def _table(**spellings: str) -> dict[str, str]:
    return {word.replace("_", " "): unit for unit, words in spellings.items() for word in words.split()}


UNITS: Mapping[str, str] = {
    **_table(
        USD="dollar dollars buck bucks usd us_dollars us_dollar u_s_dollars american_dollars $",
        EUR="euro euros eur \u20ac",
        GBP="pound pounds quid gbp sterling pounds_sterling british_pounds \u00a3",
        JPY="yen jpy japanese_yen",
        CNY="yuan rmb cny renminbi chinese_yuan",
        CAD="cad canadian_dollars",
        AUD="aud australian_dollars",
        CHF="chf francs swiss_francs",
        INR="inr rupees rupee",
        KRW="krw won",
        cents="cent cents pence \u00a2",
        percent="% percent pct percentage_points percentage_point per_cent",
        stars="star stars \u2605 \u2b50",
        bpm="bpm beats_per_minute beats_minute beats_min beats_a_minute bpms beats",
        km="km kms kilometer kilometers kilometre kilometres",
        m="m metre metres meter meters",
        mi="mi mile miles",
        cm="cm centimetres centimeters",
        ft="ft foot feet",
        yd="yd yard yards",
        mg="mg mgs milligram milligrams milligramme milligrammes",
        g="g gram grams gramme grammes gm",
        mcg="mcg ug microgram micrograms microgrammes",
        kg="kg kilogram kilograms",
        ml="ml milliliter milliliters millilitre millilitres cc",
        l="l liter liters litre litres",
        am="am",
        pm="pm",
    ),
    "us dollars": "USD",
}
"""Each spelling of a unit and its canonical name."""

KNOWN_UNITS = frozenset(UNITS.values())

CURRENCIES = frozenset({"USD", "EUR", "GBP", "JPY", "CNY", "CAD", "AUD", "CHF", "INR", "KRW"})
SYMBOLS: Mapping[str, str] = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "JPY", "\u20b9": "INR"}
NO_DECIMALS = frozenset({"JPY", "KRW"})
DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"})
"""Currencies that a bare ``$`` may stand for."""

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

LABELS = words(
    "image images picture photo text texts source sources piece pieces evidence figure fig page pages document "
    "documents passage passages step option item items part chart exhibit sku ref article snippet section panel "
    "screenshot table row no version room"
)
"""Words that number what follows or precedes them: *Image 1*, *2 sources*. Such numbers answer nothing."""

COUNTED_SOURCES = words(
    "source sources image images picture pictures text texts piece pieces passage passages page pages document "
    "documents different conflicting contradictory separate statements claims values prices possibilities answers "
    "options reviews ratings votes customers says states shows lists is of"
)
"""After a number, words that make it a count of the evidence itself or of raters: *two sources*, *128 reviews*."""

FUNCTION_WORDS = words(
    "and or but in on at for from as is was were are while whereas according to with vs versus not rather instead "
    "because which so the than by based given though although however since if then out that this it only total "
    "exactly approximately i you we they both each this these if per respectively now today currently"
)
"""Words after which a number stands by itself rather than counting the next noun."""


def quantity(value: float) -> str:
    """A number as canonical forms write it: no trailing zeros, no exponent."""
    return str(int(value)) if value == int(value) else f"{value:.6f}".rstrip("0").rstrip(".")


def amount(value: float, currency: str) -> str:
    """A sum of money as canonical forms write it."""
    return f"{value:.0f} {currency}" if currency in NO_DECIMALS else f"{value:.2f} {currency}"
