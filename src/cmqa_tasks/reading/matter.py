"""What was asked, and what an answer mentions beside it: *they agree on the price* settles another question than *they agree
that shipping is extra*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cmqa_tasks.reading.lexicon import Lexicon

_NUMBERED = re.compile(r"[0-9]")


@dataclass(frozen=True)
class Matter:
    """What a question asks about, for one language; without a kind, anything that is ever asked."""

    lexicon: Lexicon
    kind: str | None = None
    subject: frozenset[str] = frozenset()
    """Words of the name of what was asked about."""
    asked: frozenset[str] = frozenset()
    """Words of the question and of that name."""
    values: re.Pattern[str] | None = field(default=None)
    """The written forms of both values."""

    @property
    def topic(self) -> frozenset[str]:
        """Words for what was asked."""
        topics = self.lexicon.topics
        return topics.everything if self.kind is None else topics.of_kind.get(self.kind, topics.any)

    @property
    def of_other_kinds(self) -> frozenset[str]:
        """Words for what is asked under other kinds only."""
        return self.lexicon.topics.everything - self.topic - self.subject - self.asked

    def named(self, clause: str) -> bool:
        """Whether a clause in lower case speaks of what was asked, by a word for it or by a value."""
        if self.beside(clause):
            return False
        return not self.topic.isdisjoint(re.findall(r"[a-z]+", clause)) or self.valued(clause)

    def valued(self, clause: str) -> bool:
        """Whether one of the values stands in a clause."""
        return self.values is not None and self.values.search(clause) is not None

    def another(self, name: str) -> bool:
        """Whether a phrase with letter case names something that the question does not (*the Ashby Kettle*)."""
        if self.kind is None:
            return False
        if self.beside(name.lower()):
            return True
        proper = {word.lower() for word in re.findall(r"[A-Z][A-Za-z]+", name)}
        return bool(proper) and proper.isdisjoint(self.asked) and proper.isdisjoint(self.topic)

    def beside(self, clause: str) -> bool:
        """Whether a clause in lower case speaks of something else: another product, another day, shipping."""
        topics = self.lexicon.topics
        if topics.beside.search(clause) is not None:
            return True
        if self.kind is None or self.kind == "date":
            return False
        if self.kind == "money" and topics.shipping.search(clause) is not None:
            return True
        days = topics.days.findall(clause) if self.kind != "money" else ()
        return any(self.asked.isdisjoint({day, day.rstrip("s"), f"{day}s"}) for day in days)
