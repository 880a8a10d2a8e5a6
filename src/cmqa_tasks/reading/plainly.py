"""The short way for plain sentences: one value of one side among words that say nothing (*The answer is $24.99.*).

Most answers that are no bare value are of this form, and reading them the long way costs ten times as much. A sentence with
any word, number or sign that is not known to be neutral goes the long way, so this changes no reading; a test holds the two
ways against each other.
"""

from __future__ import annotations

from cmqa_tasks.facts.records import Side
from cmqa_tasks.reading.plan import Plan, bounded
from cmqa_tasks.reading.words_en import words

LONGEST = 200
"""Characters beyond which a response is hardly one plain sentence."""
_SPACES = str.maketrans(".,:!*\"'()\n", " " * 10)
_NEUTRAL = words(
    "the a an answer is was it its this that of in on at for as to by from and according based evidence image images text "
    "page passage picture piece pieces both shown show shows given gives give states state stated says say listed lists list "
    "provided what which who where has have had correct value price colour color date score rating stars turnout distance "
    "direction street stop dose blood group allergy pain pulse weather forecast question asked"
)


def stated_plainly(low: str, plan: Plan) -> Side | None:
    """The side whose value is all that a sentence says; None when it has to be read the long way.

    Args:
        low: a response in lower case, ASCII only.
        plan: of the fact that it answers.
    """
    if plan.subject is None:
        return None
    for form, side in plan.longest_first:
        at = low.find(form)
        if at < 0:
            continue
        end = at + len(form)
        if not bounded(low, at, end):
            return None
        rest = f"{low[:at]} {low[end:]}".translate(_SPACES).split()
        return side if all(word in _NEUTRAL or word in plan.subject for word in rest) else None
    return None
