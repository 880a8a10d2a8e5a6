"""What was asked about, and what an answer mentions beside it: *they agree on the price* settles another question than
*they agree that shipping is extra*.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cmqa_tasks.facts.records import Kind
from cmqa_tasks.reading.plan import Plan, bounded
from cmqa_tasks.reading.words_en import SOURCE, words

_ANY = words(
    "answer answers question matter point thing things value values information info data figure figures result results story "
    "stories fact facts conclusion claim claims statement statements response responses reading readings content "
    "account accounts version versions"
)
"""Words for what was asked, whatever it is."""
TOPICS: Mapping[Kind, frozenset[str]] = {
    "money": words("price prices priced cost costs amount amounts sum much"),
    "count": words("number numbers count attendance visitor visitors people stock units quantity total amount many"),
    "percent": words("turnout percentage percentages percent share rate"),
    "rating": words("rating ratings stars score scores"),
    "level": words("pain score scores level levels"),
    "rate": words("pulse rate rates heartbeat"),
    "distance": words("distance distances length far"),
    "dose": words("dose doses dosage amount"),
    "date": words("date dates day reopening arrival delivery when"),
    "time": words("time times opening hour hours when"),
    "score": words("score scores outcome won winner"),
    "blood_group": words("blood group groups type types"),
    "direction": words("direction directions side position"),
    "colour": words("colour colours color colors"),
    "weather": words("weather forecast forecasts conditions"),
    "allergen": words("allergy allergies allergic allergen allergens substance"),
    "name": words("street streets road lane avenue stop stops station name names location place where"),
}
"""Words for what was asked, by kind."""
_ANY_TOPIC = _ANY.union(*TOPICS.values())
_TOPIC_OF = {kind: _ANY | topic for kind, topic in TOPICS.items()}

_BESIDE = re.compile(
    rf"(?<!each )\b(?:other|another) (?!(?:{SOURCE}|ones?|is|was|has|says?|said|states?|gives?|shows?|lists?|mentions?|reports?"
    r"|claims?|indicates?|provides?|suggests?|describes?|as|at|in|of|for|that|which|with|by|to|and|being|an?|the|hand|side|two"
    r"|words?|differ\w*|contradict\w*)\b)[a-z]"
    r"|\b(?:last|previous|next|prior) (?:year|month|week|season|edition|game|visit|check|week|time)"
    r"|(?:year|month|week|season) (?:before|earlier)|half-?\s?time|(?:list|original|old|regular|retail|former) price"
    r"|\bindividual\b|\busual(?:ly)?\b|\bnormally\b"
)
"""What is never asked about: *the other days*, *last year's figure*."""
_SHIPPING = re.compile(
    r"(?<!without )(?<!excluding )(?<!before )(?<!including )(?<!exclude )(?<!excludes )(?<!not include )"
    r"(?:shipping|delivery|postage)"
)
"""What the price of a product is asked without."""
_DAYS = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\bweek(?:end|day)s?\b|\bholidays?\b")


class Matter:
    """What a fact's question asks about; without a fact, anything that is ever asked."""

    __slots__ = ("plan",)

    def __init__(self, plan: Plan | None) -> None:
        self.plan = plan

    @property
    def topic(self) -> frozenset[str]:
        """Words for what was asked."""
        return _ANY_TOPIC if self.plan is None else _TOPIC_OF[self.plan.kind]

    @property
    def subject(self) -> frozenset[str]:
        """Words of the name of what was asked about."""
        return frozenset() if self.plan is None else self.plan.subject or frozenset()

    def named(self, clause: str) -> bool:
        """Whether a clause in lower case speaks of what was asked, by a word for it or by a value."""
        if self.beside(clause):
            return False
        if not self.topic.isdisjoint(re.findall(r"[a-z]+", clause)):
            return True
        if self.plan is None:
            return False
        for form in self.plan.exact:
            at = clause.find(form)
            if at >= 0 and bounded(clause, at, at + len(form)):
                return True
        return False

    def another(self, name: str) -> bool:
        """Whether a phrase with letter case names something that the question does not (*the Ashby Kettle*)."""
        if self.plan is None:
            return False
        if self.beside(name.lower()):
            return True
        proper = {word.lower() for word in re.findall(r"[A-Z][A-Za-z]+", name)}
        return bool(proper) and proper.isdisjoint(self.plan.asked) and proper.isdisjoint(self.topic)

    def beside(self, clause: str) -> bool:
        """Whether a clause in lower case speaks of something else: another product, another day, shipping."""
        if _BESIDE.search(clause) is not None:
            return True
        if self.plan is None:
            return False
        if self.plan.kind == "money":
            return _SHIPPING.search(clause) is not None
        if self.plan.kind == "date":
            return False
        asked = self.plan.subject or frozenset()
        return any(match[0].rstrip("s") not in asked for match in _DAYS.finditer(clause))
