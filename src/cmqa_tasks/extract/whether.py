"""Does a response state that the evidence contradicts itself, deny it, or say nothing about it?"""

from __future__ import annotations

from cmqa_tasks.extract.clauses import Sentences
from cmqa_tasks.extract.cues_en import ENGLISH
from cmqa_tasks.extract.normalise import LIMIT, plain, visible
from cmqa_tasks.extract.stance import stance


def contradicts(response: str) -> bool | None:
    """Whether a response states that the pieces of evidence contradict each other; None when it neither states nor denies it.

    Args:
        response: what the model wrote, reasoning and markup included; of a very long one, the beginning counts.
    """
    shown, answered = visible(response)
    if not answered:
        return None
    cased, low, _ = plain(shown.strip()[:LIMIT])
    verdict = stance(low, Sentences(cased, ENGLISH), ENGLISH.stance)
    return None if verdict == 0 else verdict > 0
