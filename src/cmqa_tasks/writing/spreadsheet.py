"""Tables for spreadsheets and other machines."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence


def to_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """CSV with a header line; every row has the fields of the first.

    Raises:
        ValueError: there is no row, or a row has a field that the first lacks.
    """
    if not rows:
        raise ValueError("a CSV table needs at least one row")
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
