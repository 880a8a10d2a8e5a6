"""Does a response state that the evidence contradicts itself, deny it, or say nothing about it?"""

from __future__ import annotations

import re

from cmqa_tasks.facts.records import Fact
from cmqa_tasks.reading.han import has_han
from cmqa_tasks.reading.normalise import LIMIT, visible
from cmqa_tasks.reading.plan import plan_for
from cmqa_tasks.reading.plan_zh import han_plan_for
from cmqa_tasks.reading.texts import EnglishText, MixedText, Text

_HEDGED = re.compile(
    r"(?<![a-z])(?:seem|appear|at first|although|though|despite|would|might|may|could|if|unless)(?:s|ed|ing)?(?![a-z])"
    r"|看似|虽然|雖然|尽管|儘管|如果|可能|乍看|除非",
    re.IGNORECASE,
)
"""A sentence with one of these says more than one thing."""


def _text(shown: str, fact: Fact | None) -> Text:
    """Visible text as its language is read."""
    if has_han(shown):
        cased, low, _ = MixedText.parts(shown)
        return MixedText(cased, low, None if fact is None else han_plan_for(fact))
    cased, low, _ = EnglishText.parts(shown)
    return EnglishText(cased, low, None if fact is None else plan_for(fact))


def contradicts(response: str, fact: Fact | None = None) -> bool | None:
    """Whether a response states that the pieces of evidence contradict each other; None when it neither states nor denies it.

    Args:
        response: what the model wrote, reasoning and markup included; of a very long one, the beginning counts.
        fact: what it was asked about, so that agreement on that can be told from agreement on something else.
    """
    shown, answered = visible(response)
    if not answered:
        return None
    verdict = _text(shown.strip()[:LIMIT], fact).stance()
    return None if verdict == 0 else verdict > 0


def states(sentence: str) -> bool | None:
    """Whether a sentence says in plain words that the evidence contradicts itself; None when it does not, or says both.

    Differences, which may be differences of anything, are left aside, and so is what is conceded or supposed.
    """
    if _HEDGED.search(sentence) is not None:
        return None
    said = _text(sentence, None).states()
    return said == {1} if len(said) == 1 else None
