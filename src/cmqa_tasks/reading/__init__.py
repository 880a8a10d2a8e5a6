"""Free-form answers to readings: which expected value an answer settles on, and whether it calls the evidence contradictory.

Rules only, no model: fast enough to re-score a run while you wait, and the same on every machine.

    >>> extract("The image says $24.99 but the review says $29.99, so they conflict.", fact).conflict   # doctest: +SKIP
    True

A response longer than :data:`~cmqa_tasks.reading.normalise.LIMIT` characters is read at its head and at its tail; when
both were read and differ, it counts as unparsed rather than as either.
"""

from __future__ import annotations

from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention
from cmqa_tasks.reading.mentions import mentions
from cmqa_tasks.reading.normalise import visible
from cmqa_tasks.reading.reading import Reading, extract
from cmqa_tasks.reading.whether import contradicts

__all__ = ["BARE", "FOREIGN", "TYPED", "Mention", "Reading", "contradicts", "extract", "mentions", "visible"]
