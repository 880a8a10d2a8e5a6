"""English, put together from its tables."""

from __future__ import annotations

from cmqa_tasks.reading.answer_en import ANSWER
from cmqa_tasks.reading.cues import Cues
from cmqa_tasks.reading.stance_en import STANCE
from cmqa_tasks.reading.words_en import words

ENGLISH = Cues(
    stance=STANCE,
    answer=ANSWER,
    abbreviations=words("mr mrs ms dr no vs approx e.g i.e eg ie fig dept est ca cf jr sr prof"),
    soft_abbreviations=words(
        "a.m p.m am pm st ave rd blvd ln sq jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun "
        "inc ltd etc u.s hwy mt"
    ),
)
