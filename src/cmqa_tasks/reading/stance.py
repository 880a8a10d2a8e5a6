"""Does a response state that the pieces of evidence contradict each other?

Every cue is judged where it stands by the same questions in the same order: has it another sense here? is it only supposed,
asked or listed? is it about the pieces? how often is it negated? is the agreement a partial one? What stands before a cue is
read in words where a language parts them by blanks, and in characters where it does not; all else is the language's data. The
last assertion or denial counts, since answers come to their verdict at the end, but a contradiction once stated is taken back
only by a denial, or by an accord of all the pieces on what was asked.

    >>> from cmqa_tasks.reading.lexicon import shipped
    >>> stance(calls(Text("The two texts do not contradict each other.", shipped())))
    -1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from cmqa_tasks.reading.judge import CUT, FRAGMENT, NEAR, REACH, Call, Judge
from cmqa_tasks.reading.lexicon import Lexicon
from cmqa_tasks.reading.matter import Matter
from cmqa_tasks.reading.mention import clear_of
from cmqa_tasks.reading.text import Text, has_han


def stance(verdicts: Iterable[Call]) -> int:
    """+1: a response states a conflict; -1: it denies one; 0: it says nothing either way."""
    verdict = 0
    for call in verdicts:
        if call.says and not (verdict > 0 > call.says and call.accord and not call.whole):
            verdict = call.says
    return verdict


MOST_CUES = 1000
"""Cues of a text, in one language, that are judged; of more than any answer has, its first and its last half of these."""
_SHORT = 20
"""Characters behind a cue that may say among whom it is (*contradict each other*)."""


def calls(
    text: Text, matter: Callable[[Lexicon], Matter] = Matter, mentioned: Iterable[tuple[int, str]] = (), plain: bool = False
) -> list[Call]:
    """What each cue of each language says, in order.

    Args:
        text: the text.
        matter: what was asked about, as a language speaks of it; by default any matter.
        mentioned: where the values stand, and whose they are.
        plain: only cues that are said of evidence and nothing else.
    """
    judged: list[Call] = []
    sides = list(mentioned)
    for lexicon, view in sorted(text.spoken, key=lambda item: item[0].script):  # where two overlap, characters before words
        reader = Words if lexicon.script == "words" else Characters
        cues = [match for match in lexicon.cues.finditer(view) if reader.begins(view, match.start())]
        if len(cues) > MOST_CUES:
            cues = cues[: MOST_CUES // 2] + cues[-MOST_CUES // 2 :]
        if cues:
            judged = sorted([*judged, *clear_of(reader(text, view, matter(lexicon), sides, cues).calls(plain), judged)])
    return judged


class Words(Judge):
    """Reads what stands before a cue in words."""

    @staticmethod
    def begins(view: str, at: int) -> bool:
        """Not behind a hyphen, unless it is that of a *mis-match*."""
        return not (at > 1 and view[at - 1] == "-" and view[at - 2].isalpha() and view[at : at + 5] != "match")

    def _bare(self, stretch: str) -> list[str]:
        return [word.strip("\"',.:;()[]-") for word in stretch.split()]

    def named(self, phrase: str, before: str = "") -> bool:
        """Whether a noun phrase is one for the pieces, or for what was asked."""
        if self.cues.pieces.search(phrase):
            return True
        head = [word for word in self.cues.head_end.split(phrase)[0].split() if word not in self.cues.fillers]
        return bool(head) and (head[-1] in self.cues.content_words or head[-1] in self.matter.topic)

    def _known(self, phrase: str) -> bool:
        """Whether a noun phrase is one for the pieces, for what was asked, or for a value."""
        phrase = self.cues.object_end.split(phrase)[0]
        if self.matter.valued(phrase) or self.named(phrase):
            return True
        head = self.cues.head_end.split(phrase)[0].split()
        determiner = len(head) > 1 and head[0] in self.cues.demonstratives  # this, but not this therapy
        return (
            not determiner and self.cues.elsewhere.match(phrase) is None and self.cues.pronouns.search(" ".join(head)) is not None
        )

    def _with(self, at: int, end: int) -> bool | None:
        """Whether what a cue ending at a position is with, or about, is the pieces or the matter; None where that is not said."""
        other = self.cues.object.match(self.view, at)
        if other is None or other.end() > end:
            return None
        own = set(self._bare(other["object"])) - self.cues.fillers
        if other["about"] and not own.isdisjoint(self.matter.subject | self.matter.asked):
            return True
        return self._known(other["object"])

    def _subject(self, lead: str) -> bool:
        """Whether who agrees with a piece may be one: not *the compass rose on the map*."""
        subject = self.cues.head_end.split(self.clause(lead))[0]
        own = [word for word in self._bare(subject) if word not in self.cues.fillers]
        known = self.cues.content_words | self.matter.topic
        return not own or not known.isdisjoint(own) or self._known(subject)

    def concerned(self, match: re.Match[str], sense: str, start: int, end: int, lead: str) -> bool:
        """Whether a conflict is one of the pieces, by what it is with, else by who has it."""
        cues, view = self.cues, self.view
        other = self._with(match.end(), end)
        if other is not None:
            return other and (sense != "accord" or self._subject(lead))
        clause = self.clause(lead)
        own = clause + self.view[match.start() : min(end, match.end() + _SHORT)]
        if sense == "clash" and self.matter.beside(clause) and not self.both(start, end) and not cues.whole.search(own):
            return False  # Individual reviews conflict.
        sentence = view[max(start, match.start() - NEAR) : min(end, match.end() + NEAR)]
        accord = sense in ("accord", "same")
        near = self.clause(lead) if accord else sentence
        if len(sentence.split()) <= (FRAGMENT if accord else cues.short) or self.both(start, end):
            return True
        if accord and self.matter.beside(near):
            return False
        if not accord and cues.openers.match(view, start):
            return True
        bare = set(self._bare(near))
        return bool(cues.pieces.search(near) or cues.pronouns.search(near)) or not (
            bare.isdisjoint(cues.content_words) and bare.isdisjoint(self.matter.topic)
        )

    def between(self, match: re.Match[str], sense: str, start: int, end: int, lead: str) -> bool:
        """As for any language."""
        if sense == "same":
            sentence = self.view[max(start, match.start() - NEAR) : min(end, match.end() + NEAR)]
            words = self._bare(sentence)
            content_words = len(words) <= self.cues.short or not self.cues.content_words.isdisjoint(words)
            return (content_words or bool(self.cues.pieces.search(sentence))) and self._same(match, lead, end)
        return self._different(match, start, end)

    def _same(self, match: re.Match[str], lead: str, end: int) -> bool:
        """Whether *the same* is said of what was asked, and not of what it is about (*for the same product*)."""
        cues, behind = self.cues, match.end()
        if cues.about.search(lead):
            return False
        stop = CUT.search(self.view, behind, min(end, behind + NEAR))
        clause = self.view[behind : stop.start() if stop else min(end, behind + NEAR)]
        if self.matter.beside(clause):
            return False
        following = clause.strip(" .!?\"'*-")
        ends = cues.same_end.search(" " + following)
        if not following or (ends is not None and ends.start() == 0 and not cues.at.search(lead)):
            clause = self.clause(lead)
            own = set(self._bare(clause)) - cues.fillers
            known = self.matter.topic | cues.content_words | self.matter.subject | self.matter.asked
            of_it = not own or not known.isdisjoint(own) or cues.pieces.search(clause) or cues.pronouns.search(clause)
            return bool(of_it) and not self._of_another(lead)
        return self.matter.named(" ".join((following[: ends.start()] if ends else following).split()[:4]))

    def _of_another(self, clause: str) -> bool:
        """Whether what stands before a difference, or *the same*, is that of something else (*the price of the toaster is*)."""
        matter = self.matter
        of = re.search(r" of (?:the |an? |another )([a-z]+)", clause)
        known = matter.topic | self.cues.content_words | matter.subject | matter.asked
        return of is not None and matter.kind is not None and of[1] not in known and self.cues.pieces.search(of[0]) is None

    def _different(self, match: re.Match[str], start: int, end: int) -> bool:
        cues, matter, view = self.cues, self.matter, self.view
        start, end = max(start, match.start() - NEAR), min(end, match.end() + NEAR)
        cuts = [cut.end() for cut in CUT.finditer(view, start, match.start())]
        stop = CUT.search(view, match.end(), end)
        floor, ceiling = cuts[-1] if cuts else start, stop.start() if stop else end
        if matter.beside(view[floor:ceiling]) or not matter.of_other_kinds.isdisjoint(self._bare(match[0])):
            return False
        if cues.listing.search(match[0]) or cues.others.search(match[0].partition("different")[0]):
            return False  # with several items at different prices
        between = match.start() + match[0].rindex(" ") if match[0].endswith((" between", " among")) else match.end()
        if self._with(between, end) is False and not self.both(start, end):
            return False  # Prices differ between shops.
        another = cues.of_another.match(self.text.cased, match.end(), end)
        if another is not None and matter.another(another[1]):
            return False
        before, behind = view[floor : match.start()].split(), view[match.end() : ceiling]
        if cues.possible.search(view[floor : match.start()]):
            return False
        if before[-1:] == ["only"]:
            return matter.named(behind)
        if match[0].endswith(" in") or cues.restriction.match(view, match.end()):
            return matter.named(behind) or cues.pieces.search(behind) is not None
        own = {word for word in before if word not in cues.fillers}
        asked = matter.topic | cues.content_words | matter.subject
        whose = cues.pieces.search(view[floor : match.start()])
        if own and cues.predicate.match(match[0]) and own.isdisjoint(asked) and not whose:
            return False  # Temperatures differ between the two reports.
        if self._of_another(view[floor : match.start()]):
            return False
        bare = self._bare(view[start:end])
        if len(bare) <= FRAGMENT or cues.pieces.search(view, start, end) or {"one", "other"} <= set(bare):
            return True
        if len(bare) <= cues.short and cues.openers.match(view, start) and not own:
            return True
        if own:
            return own <= asked and not matter.topic.union(cues.content_words).isdisjoint(own) and not cuts
        return matter.named(match[0]) or not cues.content_words.isdisjoint(bare)

    def mutual(self, match: re.Match[str], start: int, end: int, lead: str) -> bool:
        """Whether the pieces agree, by what they agree with, else by who agrees."""
        if self.partial(match, lead):
            return False
        other = self._with(match.end(), end)
        if other is not None:
            return other and self._subject(lead)
        near = " ".join(lead.split()[-10:]) + self.view[match.end() : min(end, match.end() + 40)]
        known = self.cues.pieces.search(near) or self.cues.pronouns.search(near)
        return bool(known) or not self.cues.content_words.union(self.matter.topic).isdisjoint(self._bare(near))


class Characters(Judge):
    """Reads what stands before a cue in characters."""

    @staticmethod
    def begins(view: str, at: int) -> bool:
        """Anywhere."""
        return True

    def named(self, phrase: str, before: str = "") -> bool:
        """Whether a phrase is one for the pieces, for what they say (as what stands before it may be), or for a value."""
        whose, _, content = phrase.rpartition("的")
        if self.cues.pieces.search(phrase):
            return True
        value = self.matter.values.search(phrase) if self.matter.values else None
        if value is not None and not (has_han(value[0][-1]) and has_han(phrase[value.end() :])):
            return True  # but not 红色样品
        placed = not whose or whose[-1] in "上中里内前后" or not content  # 处方上的剂量, not 杯垫的颜色
        return any(word in phrase and (placed or word in before) for word in self.matter.topic)

    def concerned(self, match: re.Match[str], sense: str, start: int, end: int, lead: str) -> bool:
        """Whether a conflict is one of the pieces, by what it is with, else by who has it."""
        cues = self.cues
        if cues.definite.search(lead):
            return True
        clause = self.clause(lead)
        for other in (cues.object_before.search(clause), cues.object.match(self.view, match.end())):
            if other is not None and not self.named(next(filter(None, other.groups())), clause[: other.start()]):
                return False
        reach = REACH["characters"]
        near = self.view[max(start, match.start() - 2 * reach) : min(end, match.end() + reach)]
        return (
            len(re.findall("[\u3400-\u9fff]", near)) <= cues.short
            or self.both(start, end)
            or bool(cues.pieces.search(near) or any(word in near for word in self.matter.topic))
        )

    def between(self, match: re.Match[str], sense: str, start: int, end: int, lead: str) -> bool:
        """As for any language."""
        cues, clause = self.cues, self.clause(lead)
        own = cues.links.sub("", clause.strip(" \"'")).strip()
        other = cues.object_before.search(clause)
        if other is not None and not self.named(next(filter(None, other.groups())), clause[: other.start()]):
            return False
        if cues.elsewhere.search(clause) or (own and not cues.subjects.search(own) and not self.named(own)):
            return False
        near = self.view[max(start, match.start() - REACH["characters"]) : min(end, match.end() + REACH["characters"])]
        if (len(near.strip()) <= cues.short and not cues.routine.search(near)) or cues.strong_subjects.search(near):
            return True
        return len(clause) == match.start() - start and cues.itself.fullmatch(clause.strip(' "')) is not None

    def mutual(self, match: re.Match[str], start: int, end: int, lead: str) -> bool:
        """Whether the pieces agree."""
        cues, clause = self.cues, self.clause(lead)
        short = end - start <= cues.short
        if cues.partial_after.match(self.view, match.end()) or cues.partial_before.search(clause) or cues.others.search(clause):
            return False
        own = cues.links.sub("", clause.strip(" \"'")).strip()
        if own and cues.subjects.search(own) is None:  # 两份证据矛盾，但产品相同
            return short
        return (
            short or cues.subjects.search(self.view, max(start, match.start() - REACH["characters"]), match.start()) is not None
        )
