"""Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Sequence


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


def number(value: float | None) -> str:
    """Three decimals; a dash where no item counts, nothing where there is no such metric."""
    return "" if value is None else "–" if math.isnan(value) else f"{value:.3f}"
