"""Responses to readings: which expected value an answer settles on, and whether it calls the evidence contradictory.

Rules only, no model: fast enough to re-score a run while you wait, and the same on every machine. A response is parsed once
(:mod:`~cmqa_tasks.reading.response`) and read in the form that its protocol asks for (:mod:`~cmqa_tasks.reading.forms`); its
stance (:mod:`~cmqa_tasks.reading.stance`) and its values (:mod:`~cmqa_tasks.reading.values`) are judged by rules that know no
language: languages are data (:mod:`~cmqa_tasks.reading.lexicon`).

    >>> read_response("The image says $24.99 but the review says $29.99, so they conflict.", question).conflict   # doctest: +SKIP
    True

A response longer than :data:`~cmqa_tasks.reading.response.LIMIT` characters is read at its head and at its tail; when
both were read and differ, it counts as unparsed rather than as either.

Only :func:`read_response` is public; see :mod:`cmqa_tasks`.
"""

from __future__ import annotations

from cmqa_tasks.reading.forms import read, read_response
from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED, Mention
from cmqa_tasks.reading.reading import Reading
from cmqa_tasks.reading.values import mentions

__all__ = ["BARE", "FOREIGN", "TYPED", "Mention", "Reading", "mentions", "read", "read_response"]
