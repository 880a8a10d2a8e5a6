"""Written forms that stand in a table of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def from_table(table: Mapping[str, tuple[str, ...]]) -> Callable[[str], Mapping[str, str]]:
    """A writer of closed classes such as colours: the words of a canonical value as forms ``word``, ``word1`` and so on."""

    def forms(canonical: str) -> Mapping[str, str]:
        return {("word" if n == 0 else f"word{n}"): word for n, word in enumerate(table[canonical])}

    return forms
