"""Markers of lists: the ``2.`` before an item is no value, the ``72.`` of *72. There is no contradiction.* is one."""

from __future__ import annotations

_BEFORE = " \n(-"


def marks_item(low: str, start: int, end: int) -> bool:
    """Whether the digits between two positions mark an item of a list.

    They begin a line, are small, and the number before or behind theirs is marked alike: an answer may begin with its
    value and go on in a sentence.
    """
    written, mark = low[start:end], low[end : end + 1]
    if len(written) > 2 or not written.isdigit() or not written.isascii():
        return False
    if low[low.rfind("\n", 0, start) + 1 : start].strip(" -("):
        return False
    number = int(written)
    return _stands(low, f"{number + 1}{mark}", end, len(low)) or _stands(low, f"{number - 1}{mark}", 0, start)


def _stands(low: str, marker: str, start: int, end: int) -> bool:
    """Whether a marker stands by itself in a part of a text."""
    at = low.find(marker, start, end)
    while at >= 0:
        behind = low[at + len(marker) : at + len(marker) + 1]
        if (at == 0 or low[at - 1] in _BEFORE) and not behind.isdigit():
            return True
        at = low.find(marker, at + 1, end)
    return False
