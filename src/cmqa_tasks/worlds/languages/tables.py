"""Written forms that need no grammar: words from a table, and sums of money by their currency's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal


def from_table(table: Mapping[str, tuple[str, ...]]) -> Callable[[str], Mapping[str, str]]:
    """A writer of closed classes such as colours: the words of a canonical value as forms ``word``, ``word1`` and so on."""

    def forms(canonical: str) -> Mapping[str, str]:
        return {("word" if n == 0 else f"word{n}"): word for n, word in enumerate(table[canonical])}

    return forms


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
