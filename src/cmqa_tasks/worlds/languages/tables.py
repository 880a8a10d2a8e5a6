"""Written forms that need no grammar: words from a table, and sums of money by their currency's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal


def from_table(table: Mapping[str, tuple[str, ...]]) -> Callable[[str], Mapping[str, str]]:
    """A writer of closed classes such as colours: the words of a canonical value as forms ``word``, ``word1`` and so on."""

    def forms(canonical: str) -> Mapping[str, str]:
        return {("word" if n == 0 else f"word{n}"): word for n, word in enumerate(table[canonical])}

    return forms


def with_minus(forms: Callable[[str], Mapping[str, str]], figures: str, words: str) -> Callable[[str], Mapping[str, str]]:
    """A writer of numbers that may be negative, from one of those that are not.

    Args:
        forms: writes numbers without a sign.
        figures: the sign before digits.
        words: the sign before words.
    """

    def signed(canonical: str) -> Mapping[str, str]:
        if canonical[0] != "-":
            return forms(canonical)
        return {name: f"{figures if form[0].isdigit() else words}{form}" for name, form in forms(canonical[1:]).items()}

    return signed


def by_code(figures: str, code: str, *, grouped: bool) -> Mapping[str, str]:
    """A sum of money in a currency of which we know the code alone, or too large for words.

    Args:
        figures: with the currency's decimals.
        code: of ISO 4217.
        grouped: whether the default form has a comma between thousands (the others come either way).
    """
    amount = Decimal(figures)
    decimals = -int(amount.as_tuple().exponent)
    grouping, plain = f"{amount:,.{decimals}f}", f"{amount:.{decimals}f}"
    shown = [grouping, plain] if grouped else [plain, grouping]
    if amount == amount.to_integral_value():
        shown += [f"{int(amount):,}", str(int(amount))]
    return {f"{name}{n or ''}": text for n, number in enumerate(shown) for name, text in _around(number, code).items()}


def _around(number: str, code: str) -> Mapping[str, str]:
    return {"code": f"{number} {code}", "before": f"{code} {number}", "bare": number}
