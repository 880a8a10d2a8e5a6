"""A response under its protocol: the form that was asked for is read first, and words as words.

>>> yes_or_no("No, both say $24.99.")
False
>>> letter("**B.** They contradict each other", ("A", "B", "C", "D"))
'B'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from cmqa_tasks.extract import Reading, contradicts, extract, visible
from cmqa_tasks.protocols import Form, Meaning
from cmqa_tasks.records import Fact

Statement = Literal["contradict", "agree"]
"""What an answer to *do they contradict each other?* states."""

_IS = r"\s*(?:is\b|是|为|為)?\s*[:：]?[*_`]*"
_FINAL = re.compile(
    rf"(?:final\s+answer|最[终終后後]答案)[*_`\"”」]*{_IS}|(?:^|\n)[ \t>*_#-]*(?:answer|答案|答)[*_`]*\s*[:：][*_`]*",
    re.IGNORECASE,
)
_LEAD = r"^[\W_]*(?:(?:(?:my|the)\s+)?(?:final\s+)?answer\s*(?:is|:)|(?:最[终終])?答案?\s*(?:是|为|為|[:：]))?[\W_]*"
_END = r"(?=[\s，,。.!！]|$)"
_NO_WORDS = (
    r"no(?![a-z])(?!\s+(?:doubt|question))",
    r"nope(?![a-z])",
    "否",
    "不是",
    "不矛盾",
    "[没沒]有",
    "[无無]矛盾",
    "[并並](?:不|[没沒]有)",
    f"不{_END}",
)
_YES_WORDS = (r"yes(?![a-z])", r"yep(?![a-z])", "是(?![否不])", "有(?=矛盾|[冲衝]突)", f"有{_END}", f"[对對]{_END}", "矛盾")
_NO = re.compile(f"{_LEAD}(?:{'|'.join(_NO_WORDS)})", re.IGNORECASE)
_YES = re.compile(f"{_LEAD}(?:{'|'.join(_YES_WORDS)})", re.IGNORECASE)
_SAID = re.compile(r"(?<![a-z])(yes|no)(?=\s*[,.!;:]|\s*$)", re.IGNORECASE)
_CHOOSE = "我[选選][择擇]?|[应應][选選]|[选選][择擇]?|答案?|[选選][项項]"
_LETTER_LEAD = re.compile(
    r"^[\W_]*(?:(?:(?:the|my)\s+)?(?:final\s+|correct\s+|best\s+)?(?:answer|option|choice)(?:\s+is|\s*[:：])?\s*(?:option\s+)?"
    rf"|(?:{_CHOOSE})\s*(?:是|为|為|[选選]|[:：])?\s*)?[\W_]*"
    r"([A-Za-z])(?![A-Za-z'’])(?:(?<![Aa])|(?!\s+[a-z]))"  # "A piece …" begins with an article
)
_LETTER_SAID = re.compile(
    r"(?:answer|option|choice|choose|pick|select|go with)\s*(?:is|[:：])?\s*[\W_]*([A-Z])(?![A-Za-z'’])"
    rf"|(?:{_CHOOSE})\s*(?:是|为|為|[:：])?\s*[\W_]*([A-Z])(?![A-Za-z'’])",
    re.IGNORECASE,
)
_HEAD = 400
"""Characters at the beginning of a response in which a yes, a no or a letter is looked for."""


def read(response: str, fact: Fact, form: Form, letters: Mapping[str, Meaning]) -> Reading | Statement:
    """Read a response in the form that its protocol asks for.

    Args:
        response: what the model wrote.
        fact: what it was asked about.
        form: see :data:`cmqa_tasks.protocols.Form`.
        letters: what each letter stands for, where the form is ``letter``.
    """
    if form == "yes_no":
        said = yes_or_no(response)
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


def final_answer(response: str) -> str:
    """What follows the last mark of a final answer outside reasoning tags; the whole response where there is no mark."""
    return _marked(visible(response)[0]) or response


def _marked(shown: str) -> str:
    """What follows the last mark of a final answer; empty when there is none."""
    end = -1
    for match in _FINAL.finditer(shown):
        end = match.end()
    return shown[end:].strip() if end >= 0 else ""


def _places(response: str) -> list[str]:
    """Where a yes, a no or a letter may lead: the final answer, then the response unless it is reasoning that never ended."""
    shown, answered = visible(response)
    return [text for text in (_marked(shown), shown if answered else "") if text]


def yes_or_no(response: str) -> bool | None:
    """Whether an answer to *do they contradict each other?* is yes; None when it says neither.

    A final answer counts before the beginning, a yes or no at either place before a statement in other words (*the two
    disagree*), and that before a yes or no elsewhere (*on this question, yes.*).
    """
    heads = [text[:_HEAD] for text in _places(response)]
    for head in heads:
        if _NO.match(head):
            return False
        if _YES.match(head):
            return True
    stated = contradicts(response)
    if stated is not None or not heads:
        return stated
    said = _SAID.search(heads[-1])
    return None if said is None else said[1].lower() == "yes"


def letter(response: str, letters: Sequence[str]) -> str | None:
    """The letter of the option that a response settles on; None when it names none, or several without a final answer."""
    heads = [text[:_HEAD] for text in _places(response)]
    for head in heads:
        match = _LETTER_LEAD.match(head.strip())
        if match and match[1].upper() in letters:
            return match[1].upper()
    said = {(match[1] or match[2]).upper() for head in heads[-1:] for match in _LETTER_SAID.finditer(head)} & set(letters)
    return said.pop() if len(said) == 1 else None
