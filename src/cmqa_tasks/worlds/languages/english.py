"""English written forms of every kind of value."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from decimal import Decimal

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.worlds.languages.tables import by_code, from_table, with_minus

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_CURRENCIES = {
    "USD": ("$", "dollars", "cents"),
    "EUR": ("€", "euros", "cents"),
    "GBP": ("£", "pounds", "pence"),
}
_COLOURS = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "blue": ("blue", "navy blue", "royal blue", "dark blue"),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
    "brown": ("brown",),
    "black": ("black",),
    "white": ("white",),
    "grey": ("grey", "gray"),
}
_WEATHER = {
    "sunny": ("sunny", "sunshine", "clear skies", "clear"),
    "cloudy": ("cloudy", "overcast", "clouds"),
    "rain": ("rain", "rainy", "showers", "wet"),
    "thunderstorm": ("thunderstorms", "thunderstorm", "thunder and lightning", "stormy"),
    "snow": ("snow", "snowy", "snowfall"),
    "fog": ("fog", "foggy", "mist"),
}
_ALLERGENS = {
    "penicillin": ("penicillin",),
    "latex": ("latex",),
    "peanuts": ("peanuts", "peanut"),
    "aspirin": ("aspirin",),
    "codeine": ("codeine",),
    "shellfish": ("shellfish",),
    "iodine": ("iodine",),
    "eggs": ("eggs", "egg"),
    "ibuprofen": ("ibuprofen",),
    "sulfa drugs": ("sulfa drugs", "sulfonamides", "sulfa"),
}
_DISTANCE_UNITS = {"km": ("km", "kilometres", "kilometers"), "m": ("m", "metres", "meters"), "mi": ("mi", "miles", "miles")}
_DOSE_UNITS = {"mg": "milligrams", "g": "grams", "mcg": "micrograms", "ml": "millilitres"}


def tidy(text: str) -> str:
    """A passage with single blanks between its words."""
    return " ".join(text.split())


def cardinal(number: int) -> str:
    """A non-negative integer below a million in words: ``twelve thousand four hundred and fifty``."""
    if not 0 <= number < 1_000_000:
        raise ValueError(f"{number} is not spelled out here (0 to 999,999)")
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {cardinal(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{rest}"
    thousands, rest_number = divmod(number, 1000)
    joiner = " and " if 0 < rest_number < 100 else " "
    return f"{cardinal(thousands)} thousand" + (joiner + cardinal(rest_number) if rest_number else "")


def ordinal(number: int) -> str:
    """A day of the month with its suffix: ``3rd``."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _money(canonical: str) -> Mapping[str, str]:
    amount_text, code = canonical.split()
    amount = Decimal(amount_text)
    if code not in _CURRENCIES or amount >= 1_000_000:
        return by_code(amount_text, code, grouped=True)
    sign, unit, hundredth = _CURRENCIES[code]
    whole, cents = divmod(int(amount * 100), 100)
    unit = unit.removesuffix("s") if whole == 1 else unit
    words = f"{cardinal(whole)} {unit}" + (f" and {cardinal(cents)} {hundredth}" if cents else "")
    mixed = f"{whole:,} {unit}" + (f" {cents:02d}" if cents else "")
    figures = f"{amount:,.2f}"
    return {"symbol": f"{sign}{figures}", "code": f"{figures} {code}", "mixed": mixed, "words": words, "bare": figures}


def _count(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    forms = {"figures": f"{number:,}", "plain": str(number), "words": cardinal(number)}
    if 1000 < number < 10_000 and number % 100 == 0 and number % 1000:
        forms["hundreds"] = f"{cardinal(number // 100)} hundred"
    return forms


def _percent(canonical: str) -> Mapping[str, str]:
    number = Decimal(canonical)
    forms = {"sign": f"{_plain(number)}%", "word": f"{_plain(number)} per cent", "percent": f"{_plain(number)} percent"}
    if number == number.to_integral_value():
        forms["words"] = f"{cardinal(int(number))} per cent"
    return forms


def _half(number: Decimal) -> str:
    whole = cardinal(int(number))
    return whole if number == int(number) else f"{whole} and a half"


def _rating(canonical: str) -> Mapping[str, str]:
    number = Decimal(canonical)
    plain = _plain(number)
    return {
        "stars": f"{plain} stars",
        "words": f"{_half(number)} stars",
        "out_of": f"{plain} out of 5",
        "slash": f"{plain}/5",
        "bare": plain,
        "bare_words": _half(number),
    }


def _level(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    return {
        "out_of": f"{number} out of 10",
        "slash": f"{number}/10",
        "words": f"{cardinal(number)} out of ten",
        "bare": str(number),
        "bare_words": cardinal(number),
    }


def _rate(canonical: str) -> Mapping[str, str]:
    number = int(canonical)
    return {
        "bpm": f"{number} bpm",
        "words": f"{number} beats per minute",
        "spelled": f"{cardinal(number)} beats a minute",
        "bare": str(number),
        "bare_words": cardinal(number),
    }


def _decimal_words(number: Decimal) -> str:
    text = _plain(number)
    whole, _, fraction = text.partition(".")
    return cardinal(int(whole)) + ("".join([" point", *(f" {_ONES[int(d)]}" for d in fraction)]) if fraction else "")


def _distance(canonical: str) -> Mapping[str, str]:
    figures, unit = canonical.split()
    number = Decimal(figures)
    short, long, american = _DISTANCE_UNITS[unit]
    forms = {"short": f"{_plain(number)} {short}", "long": f"{_plain(number)} {long}"}
    if american != long:
        forms["american"] = f"{_plain(number)} {american}"
    forms["words"] = f"{_decimal_words(number)} {long}"
    if unit == "km":
        forms["metres"] = f"{int(number * 1000):,} metres"
    return forms


def _dose(canonical: str) -> Mapping[str, str]:
    figures, unit = canonical.split()
    number = Decimal(figures)
    return {
        "short": f"{_plain(number)} {unit}",
        "tight": f"{_plain(number)}{unit}",
        "long": f"{_plain(number)} {_DOSE_UNITS[unit]}",
        "words": f"{_decimal_words(number)} {_DOSE_UNITS[unit]}",
    }


_WEIGHT_UNITS = {"kg": "kilograms", "g": "grams", "mg": "milligrams", "t": "tonnes", "lb": "pounds", "oz": "ounces"}


def _weight(canonical: str) -> Mapping[str, str]:
    figures, unit = canonical.split()
    return {"short": canonical, "tight": f"{figures}{unit}", "long": f"{figures} {_WEIGHT_UNITS[unit]}"}


_MINUS = "\N{MINUS SIGN}"


def _number(canonical: str) -> Mapping[str, str]:
    return {"figures": canonical, "words": _decimal_words(Decimal(canonical))}


def _temperature(canonical: str) -> Mapping[str, str]:
    figures, scale = canonical.split()
    name = {"C": "Celsius", "F": "Fahrenheit"}[scale]
    return {"short": f"{figures} °{scale}", "long": f"{_decimal_words(Decimal(figures))} degrees {name}"}


def _range(canonical: str) -> Mapping[str, str]:
    low, _, behind = canonical.partition(" to ")
    high, *units = behind.split()
    unit = "".join({"C": " °C", "F": " °F", "percent": "%"}.get(unit, f" {unit}") for unit in units)
    dash = " to " if "-" in canonical else "\N{EN DASH}"
    return {"dash": f"{low}{dash}{high}{unit}", "to": f"{low} to {high}{unit}", "between": f"between {low} and {high}{unit}"}


def _date(canonical: str) -> Mapping[str, str]:
    day = datetime.date.fromisoformat(canonical)
    month = _MONTHS[day.month - 1]
    return {
        "long": f"{month} {day.day}, {day.year}",
        "british": f"{day.day} {month} {day.year}",
        "short": f"{month} {day.day}",
        "day_first": f"{day.day} {month}",
        "abbreviated": f"{day.day} {month[:3]}",
        "abbreviated_month_first": f"{month[:3]} {day.day}",
        "spoken": f"the {ordinal(day.day)} of {month}",
        "ordinal": f"{month} {ordinal(day.day)}",
        "iso": canonical,
    }


def weekday(canonical: str) -> str:
    """The weekday of an ISO date."""
    return _DAYS[datetime.date.fromisoformat(canonical).weekday()]


def _time(canonical: str) -> Mapping[str, str]:
    moment = datetime.time.fromisoformat(canonical)
    hour, half = moment.hour % 12 or 12, "am" if moment.hour < 12 else "pm"
    part = "in the morning" if moment.hour < 12 else "in the afternoon" if moment.hour < 18 else "in the evening"
    forms = {"clock": f"{hour}:{moment.minute:02d} {half}", "dotted": f"{hour}.{moment.minute:02d}{half}", "iso": canonical}
    spoken = {0: f"{cardinal(hour)} o'clock", 15: f"quarter past {cardinal(hour)}", 30: f"half past {cardinal(hour)}"}
    spoken[45] = f"quarter to {cardinal(hour % 12 + 1)}"
    if moment.minute in spoken:
        forms["spoken"] = f"{spoken[moment.minute]} {part}"
    if moment.minute == 0:
        forms["hour"] = f"{hour} {half}"
    return forms


def _score(canonical: str) -> Mapping[str, str]:
    home, away = (int(goals) for goals in canonical.split("-"))
    return {
        "dash": f"{home}–{away}",
        "hyphen": canonical,
        "colon": f"{home}:{away}",
        "words": f"{cardinal(home)}–{cardinal(away)}",
        "to": f"{cardinal(home)} to {cardinal(away)}",
    }


def _blood_group(canonical: str) -> Mapping[str, str]:
    letters, sign = canonical[:-1], canonical[-1]
    if letters not in {"O", "A", "B", "AB"}:
        raise ValueError(f"{letters!r} is not an ABO group")
    word = {"+": "positive", "-": "negative"}[sign]
    glyph = {"+": "+", "-": "−"}[sign]
    return {
        "sign": f"{letters}{glyph}",
        "words": f"{letters} {word}",
        "rhesus": f"group {letters}, rhesus {word}",
        "hyphen": canonical,
        "type": f"type {letters} {word}",
    }


def _direction(canonical: str) -> Mapping[str, str]:
    parts = canonical.split("-")
    abbreviation = "".join(part[0].upper() for part in parts)
    if abbreviation not in {"N", "NE", "E", "SE", "S", "SW", "W", "NW"}:
        raise ValueError("no compass point")
    forms = {"word": canonical, "abbreviation": abbreviation, "ern": f"{canonical}ern", "wards": f"{canonical}wards"}
    if len(parts) == 2:
        forms |= {"joined": "".join(parts), "spaced": " ".join(parts)}
    return forms


FORMS: Mapping[Kind, Callable[[str], Mapping[str, str]]] = {
    "money": _money,
    "count": _count,
    "percent": with_minus(_percent, _MINUS, "minus "),
    "rating": _rating,
    "level": _level,
    "rate": _rate,
    "distance": _distance,
    "dose": _dose,
    "date": _date,
    "time": _time,
    "score": _score,
    "blood_group": _blood_group,
    "direction": _direction,
    "colour": from_table(_COLOURS),
    "weather": from_table(_WEATHER),
    "allergen": from_table(_ALLERGENS),
    "name": lambda canonical: {"name": canonical},
    "year": lambda canonical: {"year": canonical if canonical[0] != "-" else f"{canonical[1:]} BC"},
    "number": with_minus(_number, _MINUS, "minus "),
    "temperature": with_minus(_temperature, _MINUS, "minus "),
    "weight": _weight,
    "range": _range,
    "yes_no": lambda canonical: {"word": canonical},
}
"""Per kind, the written forms of a canonical value by name; the first is how it is shown by default."""
