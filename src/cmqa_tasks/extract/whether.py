"""Does a response state that the evidence contradicts itself, deny it, or say nothing about it?"""

from __future__ import annotations

from cmqa_tasks.extract.han import has_han
from cmqa_tasks.extract.normalise import LIMIT, visible
from cmqa_tasks.extract.texts import EnglishText, MixedText


def contradicts(response: str) -> bool | None:
    """Whether a response states that the pieces of evidence contradict each other; None when it neither states nor denies it.

    Args:
        response: what the model wrote, reasoning and markup included; of a very long one, the beginning counts.
    """
    shown, answered = visible(response)
    if not answered:
        return None
    head = shown.strip()[:LIMIT]
    if has_han(head):
        cased, low, _ = MixedText.parts(head)
        verdict = MixedText(cased, low, None).stance()
    else:
        cased, low, _ = EnglishText.parts(head)
        verdict = EnglishText(cased, low, None).stance()
    return None if verdict == 0 else verdict > 0
