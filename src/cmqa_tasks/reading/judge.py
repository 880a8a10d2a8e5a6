"""Judges the cues of one language in one text; the two ways of reading what stands before a cue are in
:mod:`~cmqa_tasks.reading.stance`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from cmqa_tasks.reading.lexicon import Stance
from cmqa_tasks.reading.matter import Matter
from cmqa_tasks.reading.text import Text

NEAR = 240
"""Characters around a cue that are looked at where a sentence is longer: a text of one sentence takes no longer for it."""
REACH = {"words": 160, "characters": 40}
"""Characters before a cue that may govern it."""
CUT = re.compile(r"[,;:()\n]|[.!?](?=\s)")
_ACCORDS = ("accord", "same", "shared", "backed")
"""Senses that speak of agreement."""
FRAGMENT = 3
"""Words of a sentence without a subject of its own (*Different prices.*)."""


class Call(NamedTuple):
    """What one cue says."""

    start: int
    end: int
    says: int
    """+1: it asserts a conflict; -1: it denies one; 0: neither."""
    accord: bool = False
    """It speaks of agreement."""
    whole: bool = False
    """The agreement is that of all pieces."""


class Judge:
    """Judges the cues of one language in one text. The two ways of reading what stands before a cue are its subclasses."""

    def __init__(
        self, text: Text, view: str, matter: Matter, sides: list[tuple[int, str]], matches: Sequence[re.Match[str]]
    ) -> None:
        self.text, self.view, self.lexicon, self.matter, self.sides = text, view, matter.lexicon, matter, sides
        self.cues: Stance = matter.lexicon.stance
        self.matches = matches
        blank = list(view)  # an earlier cue must not count as the negation of a later one: 不一致和矛盾
        for match in matches:
            blank[match.start() : match.end()] = "\u25a1" * (match.end() - match.start())
        self.blank = "".join(blank)

    def calls(self, plain: bool) -> list[Call]:
        """What each cue says, in order."""
        judged: list[Call] = []
        for match in self.matches:
            sense = str(match.lastgroup)  # the outermost group is the last that closes
            if plain and sense in ("difference", "same", "shared", "backed"):
                continue
            last = judged[-1] if judged else None
            if last and last.says and sense == "clash" and self.cues.join.fullmatch(self.view, last.end, match.start()):
                says = last.says  # one list of synonyms: no conflict, discrepancy or contradiction
            else:
                says = self.judge(match, sense)
            accord = sense in _ACCORDS
            whole = accord and (sense == "shared" or self.whole(match))
            judged.append(Call(match.start(), match.end(), says, accord, whole))
        return judged

    def judge(self, match: re.Match[str], sense: str) -> int:
        """The questions in their order."""
        cues, (at, behind) = self.cues, match.span()
        start, end = self.text.sentence(at)
        lead = self.view[max(start, at - REACH[self.lexicon.script]) : at]
        clause = self.blank[at - len(self.clause(lead)) : at]
        accord = sense in _ACCORDS
        if self.another_sense(match, sense, lead):
            return 0
        denied = sense == "clash" and cues.denied_after.match(self.view, behind) is not None
        asked = not denied and self.asked(start, behind, end)
        supposed = self.supposed(clause) or (cues.conditional.search(lead) and cues.condition.search(self.view, start, end))
        if asked or supposed:
            return self.answered(behind, end, bool(asked), accord, self.negations(clause, accord) % 2 == 1 and not supposed)
        if cues.listed.search(lead):
            return 0
        if sense == "flat":
            return 1
        if sense == "shared":
            return -1 if self.one_value(behind, end) else 0
        count = self.negations(clause, accord) if accord or cues.definite.search(lead) is None else 0
        negated = (count + (cues.inner_negation.search(match[0]) is not None)) % 2 == 1
        if (accord or (negated and self.lexicon.script == "words")) and cues.demanded.search(lead):
            return 0  # what should be the case, is not
        if sense in ("difference", "same") and not self.between(match, sense, start, end, lead):
            return 0
        if accord:
            if negated:
                return 1 if sense != "backed" and self.concerned(match, sense, start, end, lead) else 0
            return -1 if self.mutual(match, start, end, lead) else 0
        if negated or denied:
            return -1
        if cues.indefinite.search(lead) or not (sense == "difference" or self.concerned(match, sense, start, end, lead)):
            return 0
        return 1

    @staticmethod
    def begins(view: str, at: int) -> bool:
        """Whether a cue may begin at a position."""
        raise NotImplementedError

    def named(self, phrase: str, before: str = "") -> bool:
        """Whether a phrase is one for the pieces, or for what they say."""
        raise NotImplementedError

    def clause(self, lead: str) -> str:
        """What stands before a cue in its clause."""
        cut = None
        for cut in self.cues.clause.finditer(lead):  # noqa: B007 -- the last one is wanted
            pass
        return lead[cut.end() :] if cut else lead

    def another_sense(self, match: re.Match[str], sense: str, lead: str) -> bool:
        """Whether a cue means something else here (*armed conflict*, *a conflicting schedule*, *football match*)."""
        cues, behind = self.cues, match.end()
        if cues.parts.search(lead):
            return True
        if sense in _ACCORDS:
            return cues.other_accord_before.search(lead) is not None
        if cues.other_before.search(lead) or cues.other_after.match(self.view, behind):
            return True
        attribute = cues.attributive.match(self.view, match.start())
        if attribute is None:
            return False
        noun, of = attribute["noun"], attribute["of"]
        if of and not self.named(of):
            return True
        return cues.pieces.search(noun) is None and noun not in cues.content_words and noun not in self.matter.topic

    def asked(self, start: int, behind: int, end: int) -> bool:
        """Whether the sentence of a cue asks rather than states, unless it is about a question (*they conflict on “How …?”*)."""
        cues, view = self.cues, self.view
        if cues.question_after.match(view, behind):
            return True
        if view[max(start, end - 4) : end].rstrip(" \"')\n")[-1:] != "?":
            return False
        named = cues.named_question.search(view, behind, min(end, behind + NEAR))
        return named is None or cues.asking.match(view, start) is not None

    def answered(self, behind: int, end: int, asked: bool, accord: bool, odd: bool) -> int:
        """What is said of a cue that was only supposed or asked: it may be affirmed or refused behind it."""
        cues, view = self.cues, self.view
        says = 0
        if cues.refused_behind.match(view, behind) or (asked and cues.refused_after.match(view, end)):
            says = -1
        elif (not accord or asked or cues.parity) and (
            cues.affirmed_after.match(view, behind) or (asked and cues.affirmed_after.match(view, end))
        ):
            says = 1
        return says if accord == (odd and cues.parity) else -says

    def supposed(self, clause: str) -> bool:
        """Whether a cue stands behind a condition, in a task, or as what was looked for."""
        if self.cues.supposed_near.search(clause):
            return True
        last = None
        for last in self.cues.supposed.finditer(clause):  # noqa: B007 -- the last one is wanted
            pass
        return last is not None and self.cues.supposed_end.search(clause, last.end()) is None

    def negations(self, clause: str, accord: bool) -> int:
        """How many negations govern what follows a clause; those inside a quotation or a relative clause do not."""
        cut = None
        for cut in self.cues.turn.finditer(clause):  # noqa: B007 -- the last one is wanted
            pass
        scope = self.cues.attribute.sub("\u25a0", clause[cut.end() :] if cut else clause)
        count = sum(match.lastgroup != "idle" for match in self.cues.negation.finditer(scope))
        if accord:
            count += self.cues.accord_negation.search(scope) is not None
        return count if self.cues.parity else min(count, 1)

    def whole(self, match: re.Match[str]) -> bool:
        """Whether an accord is that of all the pieces: only such a one takes back what was stated before."""
        start, end = self.text.sentence(match.start())
        return (
            self.cues.whole.search(self.view, max(start, match.start() - REACH[self.lexicon.script]), min(end, match.end() + 60))
            is not None
        )

    def both(self, start: int, end: int) -> bool:
        """Whether both values stand in a stretch of the text."""
        return len({side for at, side in self.sides if start <= at < end}) == 2

    def one_value(self, behind: int, end: int) -> bool:
        """Whether what all pieces are said to give is one value."""
        return len({side for at, side in self.sides if behind <= at < min(end, behind + 80)}) == 1

    def between(self, match: re.Match[str], sense: str, start: int, end: int, lead: str) -> bool:
        """Whether a difference, or *the same*, which may be said of anything, is said of the pieces on the matter itself."""
        raise NotImplementedError

    def concerned(self, match: re.Match[str], sense: str, start: int, end: int, lead: str) -> bool:
        """Whether a conflict is one of the pieces, and of nothing else (*the lid does not match the handle*)."""
        raise NotImplementedError

    def mutual(self, match: re.Match[str], start: int, end: int, lead: str) -> bool:
        """Whether stated agreement is that of the pieces on the matter itself."""
        raise NotImplementedError

    def partial(self, match: re.Match[str], lead: str) -> bool:
        """Whether an agreement is stated of something else, or by others than the pieces."""
        cues, behind = self.cues, match.end()
        if cues.partial_before.search(lead) or cues.others.search(lead):
            return True
        partial = cues.partial_after.match(self.view, behind)
        if partial is None:
            return False
        stop = CUT.search(self.view, partial.end(), partial.end() + NEAR)
        return not self.matter.named(self.view[partial.start() : stop.start() if stop else partial.end() + NEAR])
