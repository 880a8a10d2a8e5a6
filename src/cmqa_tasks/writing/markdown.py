"""Markdown: tables, cells, pictures.

table(["model", "balanced"], [[plain("org/<b>"), "0.500"]], words=1)
"""

from __future__ import annotations

from collections.abc import Sequence

_BRACKETS = str.maketrans("[]", "()")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 2) -> str:
    """A Markdown table with aligned columns.

    Args:
        header: names of the columns.
        rows: cells; bars inside them are escaped.
        words: how many columns, from the left, hold words; the others hold numbers.
    """
    lines = [[cell.replace("|", "\\|") for cell in row] for row in [header, *rows]]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [cell.ljust(w) if c < words else cell.rjust(w) for c, (cell, w) in enumerate(zip(cells, widths, strict=True))]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * width if column < words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join([line(lines[0]), line(rule), *(line(cells) for cells in lines[1:])])


def plain(text: str) -> str:
    """A text on one line, in which HTML and pictures are letters."""
    return " ".join(text.split()).replace("<", "&lt;").replace("![", "!\\[")


def code(text: str) -> str:
    """A text on one line for the inside of a code span, which a backtick of its own would end."""
    return " ".join(text.split()).replace("`", "'")


def picture(name: str, about: str) -> str:
    """A picture beside the file.

    Args:
        name: of the picture's file.
        about: what it shows.
    """
    return f"![{plain(about).translate(_BRACKETS)}]({name})"
