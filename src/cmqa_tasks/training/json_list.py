"""The elements of a file that is one JSON list, which may be larger than memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

_SHOWN = 40


class ListError(ValueError):
    """The file is not one JSON list; the message says where and why."""


def elements(file: TextIO, block: int = 4 << 20) -> Iterator[str]:
    """The elements as text, a block of the file in memory at a time.

    Raises:
        ListError: the file is no list, or holds anything after it; the message says after how many elements.
        UnicodeDecodeError: it is no UTF-8.
    """
    decoder, window, count = json.JSONDecoder(), "", 0
    window = file.read(block).lstrip()
    if not window.startswith("["):
        raise ListError("must be one list of objects (for one object a line, call it .jsonl)")
    place, end = 1, False
    while True:
        place = _skip(window, place)
        if window[place : place + 1] == "]":
            _check_end(window[place + 1 :], file, count)
            return
        try:
            _, after = decoder.raw_decode(window, place)
        except (ValueError, RecursionError) as error:  # the latter of thousands of brackets
            if end or not isinstance(error, json.JSONDecodeError):  # which may only mean that the window ends
                raise ListError(f"after {count} rows: no JSON: {error}") from None
            more = file.read(block)
            window, place, end = window[place:] + more, 0, not more
            continue
        yield window[place:after]
        place, count = after, count + 1


def _check_end(rest: str, file: TextIO, count: int) -> None:
    """Nothing but blank space may follow the list.

    Raises:
        ListError: something does.
    """
    while not rest.strip():
        rest = file.read(1 << 16)
        if not rest:
            return
    raise ListError(
        f"after {count} rows: the list ends, and {rest.strip()[:_SHOWN]!r} follows; must be one list and nothing else"
    )


def _skip(window: str, place: int) -> int:
    while window[place : place + 1] in (",", " ", "\n", "\r", "\t") and place < len(window):
        place += 1
    return place
