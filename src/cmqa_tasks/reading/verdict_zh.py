"""What a Chinese or mixed answer settles on, out of the values that it mentions: as for English, by characters."""

from __future__ import annotations

import re

from cmqa_tasks.reading import answer_zh as zh
from cmqa_tasks.reading.clauses import Sentences
from cmqa_tasks.reading.cues import AnswerCues, holds, matches
from cmqa_tasks.reading.plan import Found
from cmqa_tasks.reading.verdict import drop_rejected, introduced_in, without_totals

_CLAUSE = re.compile(r"[，。;!?\n|、]|,(?![0-9])|[)\]](?=.)")


_LETTER = re.compile("[a-z]")


class Mixed:
    """A text with Chinese characters in two views of the same length: whole, and with blanks for those characters."""

    __slots__ = ("english", "latin", "low", "mixed", "sentences")

    def __init__(self, low: str, latin: str, sentences: Sentences, english: AnswerCues) -> None:
        self.low, self.latin, self.sentences, self.english = low, latin, sentences, english
        self.mixed = _LETTER.search(latin) is not None
        """Whether there is any English in it."""


def rejected(low: str, floor: int, one: Found) -> bool:
    """Whether the words before or behind a value reject it: *而不是24.99*, *原价24.99*, *24.99是错误的*."""
    if zh.REJECTED_AFTER.match(low, one.end) is not None:
        return True
    before = low[floor : one.start]
    cuts = [cut.end() for cut in _CLAUSE.finditer(before)]
    clause = before[cuts[-1] :] if cuts else before
    return zh.REJECTING.search(clause) is not None or _negated_within(clause)


_NEGATED = re.compile(r"(?:而非|并非|(?<![是能])不是|不应(?:该|当)?(?:是|为|选|采用))(?!不|矛盾|冲突)[^，。;\n]{0,14}$")
_TURN = re.compile(r"而是|应(?:该|当)?(?:是|为)|才是|就是|却是|但是?|(?<![不非])是[^，。;\n]{0,1}$")


def _negated_within(clause: str) -> bool:
    """Whether a value stands in a phrase that is negated as a whole (*不是文字里提到的那个29.99*)."""
    match = _NEGATED.search(clause)
    return match is not None and not _TURN.search(clause, match.start() + 2)


def keep(text: Mixed, found: list[Found]) -> list[Found]:
    """The mentions that the answer does not reject, in Chinese or in English."""
    english = {id(one) for one in (drop_rejected(text.latin, found, text.english) if text.mixed else found)}
    kept: list[Found] = []
    last: Found | None = None
    behind = 0
    for one in found:
        floor = max(behind, one.start - 60)
        gap = text.low[behind : one.start] if last is not None and last.side == one.side else "?"
        again = not gap.strip(" (\"'/,，、") and (not kept or kept[-1] is not last)  # not 橡树路（Oak Road）
        if not again and id(one) in english and not rejected(text.low, floor, one):
            kept.append(one)
        behind, last = one.end, one
    return kept


def undecided(text: Mixed, found: list[Found]) -> tuple[bool, list[Found]]:
    """Whether a text gives up, and the values left when those that it is undecided about are dropped."""
    cues, gave_up = text.english, False
    if text.mixed and holds(text.latin, cues.abstain_stems) and cues.abstain.search(text.latin) is not None:
        gave_up = True
        unsure = cues.undecided.search(text.latin)
        if unsure is not None:
            end = text.sentences.around(unsure.start())[1]
            found = [one for one in found if not unsure.end() <= one.start < end]
    if not holds(text.low, zh.ABSTAIN_STEMS) or zh.ABSTAIN.search(text.low) is None:
        return gave_up, found
    for unsure in zh.UNDECIDED.finditer(text.low):
        stop = _CLAUSE.search(text.low, unsure.end())
        end = stop.start() if stop is not None else len(text.low)
        found = [one for one in found if not unsure.start() <= one.start < end]
    return True, found


def attributed(text: Mixed, found: list[Found], index: int) -> bool:
    """Whether a value is ascribed to a source."""
    one = found[index]
    floor = max(text.sentences.around(one.start)[0], found[index - 1].end if index else 0)
    if zh.ATTRIBUTION.search(text.low, floor, one.start) or zh.ATTRIBUTION_AFTER.match(text.low, one.end):
        return True
    cues, latin = text.english, text.latin
    return text.mixed and bool(cues.attribution.search(latin, floor, one.start) or cues.attribution_after.match(latin, one.end))


def _chosen(text: Mixed, found: list[Found]) -> str | None:
    """The side that a conclusion introduces or a remark endorses; the last such conclusion counts."""
    low, chosen = text.low, None
    for one in found:
        if zh.ENDORSED.match(low, one.end) or (text.mixed and text.english.endorsed.match(text.latin, one.end)):
            chosen = one.side
    cues = [(match.end(), match.lastgroup == "weak") for match in zh.CHOICE.finditer(low)] if holds(low, zh.CHOICE_STEMS) else []
    if text.mixed:
        cues += [
            (match.end(), match[0] in text.english.weak_choice)
            for at, match, _ in matches(text.latin, text.english.choice)
            if not (at and text.latin[at - 1].isalpha())
        ]
    for end, weak in sorted(cues):
        side = introduced_in(
            found,
            end,
            text.sentences.around(end - 1)[1],
            weak,
            lambda index: attributed(text, found, index),
            lambda first, at=end: bool(  # type: ignore[misc]
                zh.ATTRIBUTION.search(low, at, first) or text.english.attribution.search(text.latin, at, first)
            ),
        )
        if side is not None:
            chosen = side
    return chosen


def _near(text: Mixed, found: list[Found], index: int, group: tuple[str, ...]) -> bool:
    """Whether a value stands in one clause with a word for a source."""
    one = found[index]
    start, end = text.sentences.around(one.start)
    before = text.low[max(start, found[index - 1].end if index else 0) : one.start]
    if any(word in before for word in group):
        return True
    limit = min(end, one.end + 12, found[index + 1].start if index + 1 < len(found) else end)
    after = text.low[one.end : limit].lstrip("\"') ")
    return after.startswith(("(", "来自", "出自", "在", *group)) and any(word in after for word in group)


def _by_source(text: Mixed, found: list[Found]) -> str | None:
    """The side of the source that a remark without values trusts: *以图片为准*, *我更相信后者*."""
    low = text.low
    sides = list(dict.fromkeys(one.side for one in found))
    for match in reversed(list(zh.TRUST.finditer(low))):
        phrase = match["with"] or match["which"] or ""
        if zh.TRUST_NOT.search(low, max(0, match.start() - 3), match.end()):
            continue
        said = low[match.start() : match.end() + 4]
        if match["with"] and said.startswith(("根据", "依据", "按", "以", "依", "取")) and "为准" not in said:
            continue
        which = _rank(phrase)
        if which is not None:
            return sides[which] if match.start() > found[0].start else None
        for group in zh.SOURCES:
            if any(word in phrase for word in group):
                near = {one.side for index, one in enumerate(found) if _near(text, found, index, group)}
                if len(near) == 1:
                    return near.pop()
                break
    return None


def _rank(phrase: str) -> int | None:
    """Which of two values a phrase names by its rank."""
    match = zh.LATTER.search(phrase)
    return None if match is None else (-1 if match["last"] else 0)


def settle(text: Mixed, found: list[Found]) -> list[str]:
    """The expected sides that an answer settles on, in order of mention."""
    if holds(text.low, zh.TOTAL_STEMS) and len({one.side for one in found}) > 1:
        found = without_totals(text.low, found, zh.TOTAL_BEFORE, zh.TOTAL_AFTER, zh.ATTRIBUTION)
    sides = list(dict.fromkeys(one.side for one in found))
    if len(sides) < 2:
        return sides
    chosen = _chosen(text, found) or _by_source(text, found)
    if chosen is not None:
        return [chosen]
    free = [one for index, one in enumerate(found) if not attributed(text, found, index)]
    last, before = found[-1], found[-2]
    if {one.side for one in free} != {last.side} or last not in free:
        return sides
    start, _ = text.sentences.around(last.start)
    if before.start < start or zh.ASSERTED.search(text.low, before.end, last.start):
        return [last.side]
    return sides
