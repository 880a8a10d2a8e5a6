"""Responses to readings: which expected value an answer settles on, and whether it calls the evidence contradictory.

Rules only, no model: fast enough to re-score a run while you wait, and the same on every machine. Languages are data
(:mod:`~cmqa_tasks.reading.lexicon`). The way of a response, which :mod:`~cmqa_tasks.reading.forms` steers; none of the others
calls back:

1. :mod:`~cmqa_tasks.reading.response` parses it once: reasoning, copies of the prompt and :mod:`~cmqa_tasks.reading.markup`
   taken off, the marked answer found, what comes after the first answer set apart.
2. :mod:`~cmqa_tasks.reading.values` finds the values of the kind that was asked for, in words
   (:mod:`~cmqa_tasks.reading.words`), :mod:`~cmqa_tasks.reading.numbers` (:mod:`~cmqa_tasks.reading.amounts`,
   :mod:`~cmqa_tasks.reading.money`), :mod:`~cmqa_tasks.reading.moments` or :mod:`~cmqa_tasks.reading.scores`, and whose they are.
3. :mod:`~cmqa_tasks.reading.stance` takes every cue of a conflict or an agreement in order, and
   :mod:`~cmqa_tasks.reading.judge` asks its questions of each.
4. :mod:`~cmqa_tasks.reading.verdict` says which of the values it settles on, where no conflict is stated.
5. What comes out is a :class:`~cmqa_tasks.reading.reading.Reading`.

A yes, a no or one of the :mod:`~cmqa_tasks.reading.letters` is looked for between 1 and 2 where the protocol asks for it. Where
an answer is marked, 2 and 4 are asked of that part as well.

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
