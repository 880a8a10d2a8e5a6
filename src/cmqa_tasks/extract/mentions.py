"""All values of one kind in a text: one reader per kind behind one function."""

from __future__ import annotations

from cmqa_tasks.extract import lexicons, moments, names, quantities
from cmqa_tasks.extract.mention import Mention
from cmqa_tasks.extract.normalise import fold
from cmqa_tasks.records import Kind

_LOWER = {**quantities.READERS, **moments.READERS, **lexicons.READERS}
_CASED = {**lexicons.CASED, "name": names.name}


def read_kind(cased: str, low: str, kind: Kind) -> list[Mention]:
    """Mentions in a text that is folded already, given in its own case and in lower case."""
    reader = _LOWER.get(kind)
    return reader(low) if reader is not None else _CASED[kind](cased)


def mentions(text: str, kind: Kind) -> tuple[Mention, ...]:
    """All values of a kind in an English text, in order, with spans into that text.

    >>> [(m.start, m.readings) for m in mentions("Was $1,299.00, now $999.", "money")]
    [(4, ('1299.00 USD',)), (19, ('999.00 USD',))]
    """
    cased = fold(text)
    return tuple(read_kind(cased, cased.lower(), kind))
