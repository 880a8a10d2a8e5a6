"""A response under its protocol: the form that was asked for is read first, and words as words.

>>> yes_or_no("No, both say $24.99.")
False
>>> letter("**B.** They contradict each other", ("A", "B", "C", "D"))
'B'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cmqa_tasks.asking.protocols import Form, Meaning
from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Fact
from cmqa_tasks.reading import Reading, extract
from cmqa_tasks.reading.letters import letter
from cmqa_tasks.reading.places import final_answer, own_turn
from cmqa_tasks.reading.reading import NOTHING
from cmqa_tasks.reading.yes_no import yes_or_no

__all__ = ["Statement", "final_answer", "letter", "read", "read_response", "yes_or_no"]

Statement = Literal["contradict", "agree"]
"""What an answer to *do they contradict each other?* states."""


def read_response(response: str, question: Question) -> Reading | Statement:
    """Read a response to a question in the form that its protocol asks for.

    Args:
        response: what the model wrote.
        question: what it was asked.
    """
    letters = {option.letter: option.means for option in question.options}
    return read(response, question.fact, question.form, letters)


def read(response: str, fact: Fact, form: Form, letters: Mapping[str, Meaning]) -> Reading | Statement:
    """Read a response in the form that its protocol asks for.

    Args:
        response: what the model wrote.
        fact: what it was asked about.
        form: see :data:`cmqa_tasks.asking.protocols.Form`.
        letters: what each letter stands for, where the form is ``letter``.
    """
    before = own_turn(response)
    found = None if before is None else _read(before, fact, form, letters)
    return _read(response, fact, form, letters) if found is None or found == NOTHING else found


def _read(response: str, fact: Fact, form: Form, letters: Mapping[str, Meaning]) -> Reading | Statement:
    if form == "yes_no":
        said = yes_or_no(response, fact)
        return extract(response, fact) if said is None else "contradict" if said else "agree"
    if form == "letter":
        chosen = letter(response, tuple(letters))
        return extract(response, fact) if chosen is None else _of_option(letters[chosen], fact)
    if form == "final_line":
        return extract(final_answer(response), fact)
    return extract(response, fact)


def _of_option(means: Meaning, fact: Fact) -> Reading:
    if means == "conflict":
        return Reading(True, (), None, False, "conflict")
    if means == "abstain":
        return Reading(False, (), None, True, "abstained")
    return Reading(False, (means,), None, False, fact.value(means).canonical)
