"""Markdown: tables, cells, pictures.

table(["model", "balanced"], [[plain("org/<b>"), "0.500"]], words=1)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cmqa_tasks.writing.text import visible

_BRACKETS = str.maketrans("[]", "()")
_ACTIVE = re.compile(r"[\\`*@#~$]|\][(\[:]|://|^www\.|^_|_$")
"""What makes a word more than letters: an escape, code, emphasis, a link, a mention, a reference, a formula."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 2) -> str:
    """A Markdown table with aligned columns.

    Args:
        header: names of the columns.
        rows: cells; bars inside them are escaped.
        words: how many columns, from the left, hold words; the others hold numbers.
    """
    lines = [[cell.replace("\\|", "\\\u200b|").replace("|", "\\|") for cell in row] for row in [header, *rows]]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [cell.ljust(w) if c < words else cell.rjust(w) for c, (cell, w) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if column < words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(lines[0]), line(rule), *(line(cells) for cells in lines[1:])])


def plain(text: str) -> str:
    """A text on one line that shows as it is: words that Markdown or GitHub would act on (links, mentions, emphasis, formulas)
    become code spans, HTML and marks of direction are spelt out.
    """
    return " ".join(code(word) if _ACTIVE.search(word) else _escaped(word) for word in visible(text).split())


def code(text: str) -> str:
    """A text as a code span, in which nothing is markup; a backtick of its own becomes an apostrophe."""
    return f"`{' '.join(visible(text).split()).replace('`', chr(39)) or ' '}`"


def _escaped(word: str) -> str:
    return word.replace("&", "&amp;").replace("<", "&lt;")


def picture(name: str, about: str) -> str:
    """A picture beside the file."""
    return f"![{_escaped(' '.join(visible(about).translate(_BRACKETS).split()))}]({name})"
