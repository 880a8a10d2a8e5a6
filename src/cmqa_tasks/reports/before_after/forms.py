"""How lmms-eval's own tasks say, in a samples file, whether one response was right.

Read in lmms-eval 0.7.3; each form is that of one aggregation:

* a number, or an object with a ``score`` (ScienceQA's ``exact_match``, most others);
* BLINK: an object with ``is_correct``;
* MMMU: an object with answer and parsed responses, which its aggregation compares;
* MathVista: an object with the verdict, and the answer as it was taken out of the response, by a judge unless the response is
  nothing but an answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cmqa_tasks.reports.before_after.judge import DUMMY


@dataclass(frozen=True, slots=True)
class Score:
    """Of one response."""

    value: float | None
    """None where a judge should have read it and did not."""
    note: str = ""


_LETTER = re.compile(r"\([A-Z]\)|[A-Z][ .]")
_FEW_WORDS = 5
UNREAD = "answers that only the task's judge could have read, and it did not"
GUESSED = "answers that name no option, for which lmms-eval draws one at random"
UNROUNDED = "decimal answers that count as wrong because lmms-eval could not round them"


def score_of(row: Mapping[str, Any], metric: str) -> Score | None:
    """The score of a row of a samples file under a metric; None if it is not of a known form."""
    value = row.get(metric)
    if isinstance(value, (bool, int, float)):
        return Score(float(value))
    if not isinstance(value, Mapping):
        return None
    for fields, read in _FORMS.items():
        if all(field in value for field in fields):
            return read(value, row)
    return None


def _number(value: Mapping[str, Any], row: Mapping[str, Any]) -> Score | None:
    score = value["score"]
    return Score(float(score)) if isinstance(score, (bool, int, float)) else None


def _blink(value: Mapping[str, Any], row: Mapping[str, Any]) -> Score:
    return Score(float(bool(value["is_correct"])))


def _mmmu(value: Mapping[str, Any], row: Mapping[str, Any]) -> Score:
    """Right if any of the responses is: a letter must be the answer's, of an open answer any reading may be."""
    choice = value["question_type"] == "multiple-choice"
    matches = _same_letter if choice else _open
    right = any(matches(value["answer"], parsed) for parsed in value["parsed_pred"])
    return Score(float(right), GUESSED if choice and _guessed(str(row.get("filtered_resps", ""))) else "")


def _guessed(response: str) -> bool:
    """Whether MMMU's rules find no option for sure: no letter in a form that they know, and too few words for its text."""
    return len(response.split()) <= _FEW_WORDS and not _LETTER.search(f" {response.strip(',.!?;:')} ")


def _same_letter(answer: str | Sequence[str], parsed: str) -> bool:
    return parsed == answer if isinstance(answer, str) else parsed in answer


def _open(answer: str | Sequence[str], readings: Sequence[str | float]) -> bool:
    """Whether a reading is the number, or a text contains the text. ``readings`` are normalised already."""
    wanted = [one for text in ([answer] if isinstance(answer, str) else answer) for one in _normal(text)]
    texts = [one for one in wanted if isinstance(one, str)]
    return any(any(text in one for text in texts) if isinstance(one, str) else one in wanted for one in readings)


def _normal(text: str) -> list[str | float]:
    """MMMU's forms of an answer: a number to two decimals, or small letters, a single one with a blank beside it."""
    stripped = text.strip()
    try:
        return [round(float(stripped.replace(",", "")), 2)]
    except ValueError:
        lower = stripped.lower()
        return [f" {lower}", f"{lower} "] if len(lower) == 1 else [lower]


def _mathvista(value: Mapping[str, Any], row: Mapping[str, Any]) -> Score:
    """Without a word from a judge MathVista compares nothing with the options and takes the most similar one: no score."""
    taken, answered = value["extraction"], str(row.get("filtered_resps", "")).strip()
    if taken == DUMMY or (answered and not taken):
        return Score(None, UNREAD)
    unrounded = value["answer_type"] == "float" and value["prediction"] is None and _is_number(taken)
    return Score(float(bool(value["true_false"])), UNROUNDED if unrounded else "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_FORMS: Mapping[tuple[str, ...], Callable[[Mapping[str, Any], Mapping[str, Any]], Score | None]] = {
    ("extraction", "true_false", "answer_type", "prediction"): _mathvista,
    ("question_type", "answer", "parsed_pred"): _mmmu,
    ("is_correct",): _blink,
    ("score",): _number,
}
"""By the fields that tell a form from the others."""
