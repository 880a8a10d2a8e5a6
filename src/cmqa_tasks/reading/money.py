"""Sums of money: symbol or code before, unit word behind, cents alone or after a whole amount."""

from __future__ import annotations

from cmqa_tasks.reading.mention import BARE, TYPED, Mention
from cmqa_tasks.reading.numbers import Number, scan
from cmqa_tasks.reading.numerals import CENTS, CURRENCIES, LABEL, NO_DECIMALS, SYMBOLS, chinese, known_units, quantity, spellings
from cmqa_tasks.reading.plain import plain


def amount(value: float, currency: str) -> str:
    """A sum of money as canonical forms write it."""
    return f"{value:.0f} {currency}" if currency in NO_DECIMALS else f"{value:.2f} {currency}"


_DOLLAR = {"us": "USD", "a": "AUD", "c": "CAD", "ca": "CAD", "au": "AUD", "nz": "NZD", "hk": "HKD"}


def currency_before(low: str, number: Number) -> tuple[str, int]:
    """The currency written before a number and where it begins."""
    start = number.start
    named = chinese().patterns["currency_before"].search(low, max(0, start - 6), start)
    if named is not None:
        return named.lastgroup or "", named.start()
    at = start - 2 if low[start - 1 : start] == " " else start - 1
    if at < 0:
        return "", start
    char = low[at]
    if char in SYMBOLS:
        lead = low[max(0, at - 2) : at]
        if char == "$" and lead[-1:].isalpha() and (name := lead.split()[-1]) in _DOLLAR:
            return _DOLLAR[name], at - len(name)
        return "CNY" if number.han and char == "\u00a5" else SYMBOLS[char], at
    if char.isascii() and char.isalpha():
        word = low[max(0, at - 3) : at + 1].split()[-1].strip("(:")
        if len(word) == 3 and spellings()[0].get(word) in CURRENCIES:
            return spellings()[0][word], at - 2
    return "", start


def _sum(low: str, number: Number) -> tuple[str, int, int]:
    """The currency of a number, before or behind it, and the span of both."""
    before, start = currency_before(number.low, number)
    unit = number.unit
    if unit == "kuai" or unit in CURRENCIES:
        end = number.unit_end
        if unit == "kuai" and (after := chinese().patterns["currency_after"].match(low, end)):
            return after.lastgroup or "", number.start, after.end()
        if unit == "kuai" or (before and unit == "CNY"):
            return before, start, end
        if before and low[number.end : end].strip() in SYMBOLS:  # of the next sum: $24.99 $29.99
            end = number.end
        return unit, start if before else number.start, end
    if before and (not number.han or unit not in known_units()) and unit != LABEL:
        return before, start, number.end
    return "", number.start, number.end


def _share(low: str, whole: tuple[int, int, float, str], number: Number, decimal: float) -> float:
    """What a number behind a whole sum adds to it (*99 cents*, *九毛*, *九*); 0 for nothing."""
    gap, figure = low[whole[1] : number.start], number.values[0]
    if figure >= 100 or figure != int(figure) or gap not in ("", " ", " and ", ", ", ", and "):
        return 0.0
    if number.unit in CENTS or (number.unit == "points" and number.han):
        return figure / 100
    if number.unit == "jiao":
        return figure / 10
    whose = whole[3] and decimal == 1.0  # 三十七块八美元, not 3美元8美元
    if gap not in ("", " ") or (number.han and number.unit and (number.unit not in CURRENCIES or whose)):
        return 0.0
    if not number.han:
        return figure / 100 if gap == " " and not (number.unit in CURRENCIES or number.unit in known_units()) else 0.0
    single = number.end - number.start == 1
    return figure / 10 if single and decimal == 1.0 else figure / 100 if single or decimal == 1.0 else 0.0


def money(low: str) -> list[Mention]:
    """Sums of money: symbol or code before, unit word behind, cents alone or after a whole amount.

    *块* alone names no currency, *元* is the Chinese one.
    """
    mentions: list[Mention] = []
    whole: tuple[int, int, float, str] | None = None  # an amount that cents may still follow
    decimal = 1.0
    for number in scan(low):
        values = number.values
        share = 0.0 if whole is None else _share(number.low, whole, number, decimal)
        if whole is not None and share:
            end = number.unit_end if number.unit in CENTS or number.han else number.end
            start, total, currency, decimal = whole[0], round(whole[2] + share, 2), whole[3], decimal / 10
            if not currency and number.unit in CURRENCIES:
                currency = number.unit
            elif not currency and (after := chinese().patterns["currency_after"].match(low, end)):  # 二十四块九毛九人民币
                currency, end = after.lastgroup or "", after.end()
            mentions[-1] = Mention(
                start, end, (amount(total, currency) if currency else quantity(total),), TYPED if currency else BARE
            )
            whole = (start, end, total, currency) if number.han and decimal > 0.01 else None
            continue
        whole, decimal = None, 1.0
        if number.unit in CENTS:
            readings = tuple(amount(values[0] / 100, name) for name in CENTS[number.unit])
            mentions.append(Mention(number.start, number.unit_end, readings, TYPED))
            continue
        if number.unit == "jiao":
            mentions.append(Mention(number.start, number.unit_end, (amount(values[0] / 10, "CNY"),), TYPED))
            continue
        currency, start, end = _sum(number.low, number)
        if currency:
            readings = tuple(amount(value, currency) for value in values)
            if currency == "JPY" and "\u00a5" in low[start:end]:
                readings += tuple(amount(value, "CNY") for value in values)
            mentions.append(Mention(start, end, readings, TYPED))
        elif number.unit == "kuai":
            mentions.append(Mention(number.start, end, tuple(map(quantity, values)), BARE))
        elif (mention := plain(number.low, number)) is not None:
            mentions.append(mention)
            continue
        else:
            continue
        if values[0] == int(values[0]) and (number.unit in CURRENCIES or number.unit == "kuai"):
            whole = (start, end, values[0], currency)
    return mentions
