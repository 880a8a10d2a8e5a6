"""Where in a response the answer in its asked form may stand: the line marked as such, the beginning, the last line, the end."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from cmqa_tasks.reading.normalise import LIMIT, WINDOW, bare, fold, visible

HEAD = 400
"""Characters at the beginning and at the end of a response in which a yes, a no or a letter is looked for."""

_PHRASE = r"(?:final\s+answer|最[终終后後]的?答案)[*_`\"”」]*"
_COLON = r"\s*(?:is\b|是|为|為)?\s*[:：][*_`]*"
_LINE = r"(?:^|\n)[ \t>*_#-]*"
_MARK = re.compile(rf"{_PHRASE}(?:{_COLON}|[ \t]*\n)|{_LINE}(?:answer|答案|答)[*_`]*\s*[:：][*_`]*", re.IGNORECASE)
_WEAK_MARK = re.compile(rf"{_PHRASE}\s*(?:is\b|是|为|為)|{_LINE}{_PHRASE}", re.IGNORECASE)
"""Without a colon it marks an answer only where nothing else does: *…, so no final answer can be given* marks none."""


def marked(shown: str) -> str:
    """What follows the last mark of a final answer; empty when there is none, or nothing behind it."""
    for mark in (_MARK, _WEAK_MARK):
        end = -1
        for match in mark.finditer(shown):
            end = match.end()
        if end >= 0:
            return shown[end:].strip()
    return ""


def final_answer(response: str) -> str:
    """What follows the last mark of a final answer outside reasoning tags; the whole response where there is no mark."""
    return marked(visible(response)[0]) or response


_NEXT_TURN = re.compile(
    r"\n[ \t]*(?:#{1,4}[ \t]*)?(?:\*\*)?(?:question|q|user|human|问题|問題|用户|用戶)(?:[ \t]?[0-9]{1,2})?(?:\*\*)?"
    r"[ \t]*(?:[:：]|(?=\n))",
    re.IGNORECASE,
)
_ANSWERED = re.compile(rf"{_LINE}(?:(?:final\s+)?answer|a|assistant|最[终終]答案|答案?)[*_`]*\s*[:：][*_`\s]*\S", re.IGNORECASE)
_FINAL = re.compile(_PHRASE, re.IGNORECASE)
_SHORT = 120
"""Characters of an answer without a mark that a further question may follow."""


def own_turn(response: str) -> str | None:
    r"""The answer before the next question that a model puts to itself; None where it puts none.

    >>> own_turn("7,250\n\nQuestion: And last year?\nAnswer: 4,450")
    '7,250'
    """
    if "\n" not in response or len(response) > LIMIT:
        return None
    shown, answered = visible(response)
    if not answered:
        return None
    for match in islice(_NEXT_TURN.finditer(shown), 2):  # the first may be an echo of the question that was asked
        before = shown[: match.start()].strip()
        if _ANSWERED.search(before) is not None or (0 < len(before) <= _SHORT and "\n" not in before):
            return before if _FINAL.search(shown, match.end()) is None or _FINAL.search(before) is not None else None
    return None


class Places(NamedTuple):
    """Parts of a response without markup; empty where there is none."""

    marked: str
    """What follows the mark of a final answer, or stands in a LaTeX box."""
    head: str
    """The beginning."""
    lines: tuple[str, ...]
    """The lines that are not empty, no more of each than of the beginning."""
    tail: str
    """The end."""


def places(response: str) -> Places:
    """The places of a response; of reasoning that never ended, only what it marks as its answer."""
    shown, answered = visible(response)
    if len(shown) > LIMIT:
        shown = f"{shown[:WINDOW]}\n{shown[-WINDOW:]}"
    text = bare(fold(shown)).strip()
    final = marked(text)[:HEAD]
    if not answered:
        return Places(final, "", (), "")
    lines = tuple(line[:HEAD] for line in map(str.strip, text.split("\n")) if line)
    return Places(final, text[:HEAD], lines, text[-HEAD:])
