"""All values of one kind in a text: one reader per kind and language behind one function."""

from __future__ import annotations

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.reading import lexicons, lexicons_zh, moments, moments_zh, names, names_zh, quantities, quantities_zh
from cmqa_tasks.reading.han import fold_han, has_han, islands
from cmqa_tasks.reading.mention import Mention
from cmqa_tasks.reading.normalise import fold
from cmqa_tasks.reading.quantities_zh import CLAIMED
from cmqa_tasks.reading.spans import clear_of, rivals

_LOWER = {**quantities.READERS, **moments.READERS, **lexicons.READERS}
_CASED = {**lexicons.CASED, "name": names.name}
_HAN = {
    **quantities_zh.READERS_ZH,
    **moments_zh.READERS_ZH,
    **lexicons_zh.READERS_ZH,
    **lexicons_zh.CASED_ZH,
    "name": names_zh.name,
}


def read_kind(cased: str, low: str, kind: Kind) -> list[Mention]:
    """Mentions in an English text that is folded already, given in its own case and in lower case."""
    reader = _LOWER.get(kind)
    return reader(low) if reader is not None else _CASED[kind](cased)


def read_chinese(cased: str, low: str, kind: Kind) -> list[Mention]:
    """Mentions in the Chinese parts of a folded text, and the spans that hold none for anyone (:data:`CLAIMED`)."""
    return _HAN[kind](cased if kind in _CASED else low)


def read_mixed(cased: str, low: str, kind: Kind) -> list[Mention]:
    """Mentions in a folded text with Chinese characters, those in its Latin parts included; the longer of two that overlap."""
    chinese = read_chinese(cased, low, kind)
    apart = islands(cased)
    english = read_kind(apart, apart.lower(), kind)
    if not english:
        return [one for one in chinese if one.level != CLAIMED]
    starts = [one.start for one in chinese]
    kept = [one for one in english if all(_yields(other, one) for other in rivals(one, chinese, starts))]
    return sorted([*kept, *(one for one in clear_of(chinese, kept) if one.level != CLAIMED)])


def _yields(one: Mention, longer: Mention) -> bool:
    return one.level != CLAIMED and one.end - one.start < longer.end - longer.start


def mentions(text: str, kind: Kind) -> tuple[Mention, ...]:
    """All values of a kind in an English, Chinese or mixed text, in order, with spans into that text.

    >>> [(m.start, m.readings) for m in mentions("Was $1,299.00, now $999.", "money")]
    [(4, ('1299.00 USD',)), (19, ('999.00 USD',))]
    >>> [m.readings for m in mentions("原价三十美元，现价２４．９９美元。", "money")]
    [('30.00 USD',), ('24.99 USD',)]
    """
    if has_han(text):
        cased = fold_han(text)
        return tuple(read_mixed(cased, cased.lower(), kind))
    cased = fold(text)
    return tuple(read_kind(cased, cased.lower(), kind))
