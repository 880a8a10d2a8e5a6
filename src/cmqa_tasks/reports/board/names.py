"""What names have in common is said once, so that tables and figures stay narrow.

shortened(["cmqa_reference(policy=rule)", "cmqa_reference(policy=random)"])     # 'cmqa_reference(policy=…)', {…: 'rule', …}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_SEPARATORS = "(/=,:"
_WORTH = 8
"""Characters that must be saved."""


def shortened(names: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """The pattern of some names, and what each name has of its own; an empty pattern where they have little in common."""
    different = sorted(set(names))
    kept = {name: name for name in different}
    if len(different) < 2:
        return "", kept
    head = _begin(different)
    common = _begin([name[len(head) :][::-1] for name in different], whole=True)[::-1]
    tail = common[match.start() :] if (match := re.search(r"[),\]]", common)) else ""
    short = {name: name[len(head) : len(name) - len(tail)] for name in different}
    if len(head) + len(tail) < _WORTH or not all(short.values()):
        return "", kept
    return f"{head}…{tail}", short


def _begin(names: Sequence[str], *, whole: bool = False) -> str:
    """With what all names begin, up to a separator."""
    first, last = min(names), max(names)  # what these two have in common, all that lie between them have
    length = next((index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length] if whole else first[: max(first.rfind(mark, 0, length) for mark in _SEPARATORS) + 1]
