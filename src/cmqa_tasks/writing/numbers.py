"""Numbers as words of a table, and as values for machines.

number(0.25)            # '0.250'
signed(-0.0312)         # '−0.031'
p_value(0.00001)        # '< 0.0001'
rounded(1 / 3)          # 0.333333
"""

from __future__ import annotations

import math

DIGITS = 6
"""Of numbers for machines: more than they are worth, fewer than machines differ in."""
NOTHING = "–"
"""A cell without a number."""


def number(value: float | None) -> str:
    """Three decimals with a true minus; a dash for NaN (no item counts), nothing for None (no such metric)."""
    if value is None:
        return ""
    return NOTHING if math.isnan(value) else f"{value:.3f}".replace("-", "−").replace("−0.000", "0.000")


def signed(value: float) -> str:
    """As :func:`number`, with a plus before what is more than 0."""
    return number(value) if math.isnan(value) or round(value, 3) <= 0 else f"+{number(value)}"


def points(value: float) -> str:
    """A difference of shares in points: one decimal, signed."""
    return f"{100 * value:+.1f}".replace("-", "−").replace("−0.0", "0.0").replace("+0.0", "0.0")


def p_value(value: float) -> str:
    """Four decimals; very small ones only as such."""
    return NOTHING if math.isnan(value) else "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def rounded(value: float) -> float | None:
    """A number for machines; None for NaN."""
    return None if math.isnan(value) else round(value, DIGITS) + 0.0


def significant(value: float) -> float | None:
    """A number for machines that may be tiny, such as a p-value: six digits that count; None for NaN."""
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
