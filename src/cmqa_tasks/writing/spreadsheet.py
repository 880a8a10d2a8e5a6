"""Tables for spreadsheets and other machines.

to_csv([{"model": "=1+1", "balanced": 0.5}])        # '=1+1: a spreadsheet shows it and computes nothing
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

_FORMULA = ("=", "+", "-", "@")
"""With what a formula of a spreadsheet begins."""


def to_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """CSV with a header line; every row has the fields of the first. Texts that a spreadsheet would compute begin with a quote.

    Raises:
        ValueError: there is no row, or a row has a field that the first lacks.
    """
    if not rows:
        raise ValueError("a CSV table needs at least one row")
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _inert(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _inert(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # a bare one would end the line for some readers
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
