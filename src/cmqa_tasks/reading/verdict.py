"""What an answer settles on, out of the values that it mentions.

An answer may quote both values and then choose. In order: values that it rejects are dropped; then the value that a
conclusion introduces, that is endorsed, that belongs to the source it trusts, or that ends the answer without being
ascribed to a source is what it settles on. Without any of these it has listed what it mentions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from cmqa_tasks.reading.lexicon import Lexicon
from cmqa_tasks.reading.text import Text
from cmqa_tasks.reading.values import SidedMention

_CLAUSE = re.compile(r"[，。;!?\n|、]|,(?![0-9])|[)\]](?=.)")


def _before(lexicon: Lexicon, view: str, floor: int, at: int) -> str:
    """What stands before a value, in its line; where each character may be a word, in its clause."""
    lead = view[max(floor, view.rfind("\n", floor, at) + 1) : at]
    return _CLAUSE.split(lead)[-1] if lexicon.script == "characters" else lead


def kept(text: Text, mentions: Sequence[SidedMention]) -> list[SidedMention]:
    """The mentions that the answer does not reject; one in brackets behind another of its side is that again."""
    keep: list[SidedMention] = []
    behind, last = 0, None
    for mention in mentions:
        if last is not None and last.side == mention.side and text.low[behind : mention.start].strip(" (\"'/,，、") == "":
            if keep and keep[-1] is last:
                keep.append(mention)
                last = mention
        else:
            if not _rejected(text, behind, mention, bool(keep)):
                keep.append(mention)
            last = mention
        behind = mention.end
    return keep


def _rejected(text: Text, behind: int, mention: SidedMention, another: bool) -> bool:
    """Whether the words before or behind a value reject it: *rather than*, *… is wrong*, *unlike 63% in Goole*."""
    floor = max(behind, mention.start - 60)
    for lexicon, view in text.spoken:
        cues = lexicon.answer
        if cues.rejected_after.match(view, mention.end):
            return True
        lead = _before(lexicon, view, floor, mention.start)
        if cues.rejecting.search(lead) or (another and cues.preferred_to.fullmatch(lead)):
            return True
        if cues.contrast.search(lead) and cues.contrasted.match(text.cased, mention.end):
            return True
    return False


def undecided(text: Text, mentions: Sequence[SidedMention]) -> tuple[bool, list[SidedMention]]:
    """Whether a text gives up, and the values left without those that it is undecided about or only concedes."""
    gave_up, left = False, list(mentions)
    for lexicon, view in text.spoken:
        cues = lexicon.answer
        if cues.abstain.search(view) is None:
            continue
        gave_up = True
        for unsure in cues.undecided.finditer(view):
            if lexicon.script == "words":
                start, end = unsure.end(), text.sentence(unsure.start())[1]
            else:
                stop = _CLAUSE.search(view, unsure.end())
                start, end = unsure.start(), stop.start() if stop else len(view)
            left = [mention for mention in left if not start <= mention.start < end]
        left = [m for m in left if cues.conceded.search(view[text.sentence(m.start)[0] : m.start]) is None]
    return gave_up, left


def _attributed(text: Text, mentions: Sequence[SidedMention], index: int) -> bool:
    """Whether a value is ascribed to a source."""
    mention = mentions[index]
    floor = max(text.sentence(mention.start)[0], mentions[index - 1].end if index else 0)
    return any(
        lexicon.answer.attribution.search(view, floor, mention.start) or lexicon.answer.attribution_after.match(view, mention.end)
        for lexicon, view in text.spoken
    )


def _introduced(text: Text, mentions: Sequence[SidedMention], at: int, kind: str) -> str | None:
    """The side that a conclusion ending at a position introduces within its sentence.

    ``weak`` words introduce any statement, ``now`` those of the time of writing: what they introduce must not be ascribed to
    a source.
    """
    end = text.sentence(at - 1)[1]
    first = bisect_left(mentions, at, key=lambda mention: mention.start)
    scope = range(first, bisect_left(mentions, end, lo=first, key=lambda mention: mention.start))
    if not scope:
        return None
    side = mentions[first].side
    rivals = [index for index in scope if mentions[index].side != side]
    # "I'd go with $24.99, although the text says $29.99": only the first is what the cue introduces
    if not all(_attributed(text, mentions, index) for index in rivals):
        return None
    if kind == "now" and _attributed(text, mentions, first):
        return None
    if kind == "weak" or rivals:
        ascribed = any(lexicon.answer.attribution.search(view, at, mentions[first].start) for lexicon, view in text.spoken)
        return None if ascribed else side
    return side


def _chosen(text: Text, mentions: Sequence[SidedMention]) -> str | None:
    """The side that a conclusion introduces or a remark endorses; the last such conclusion counts."""
    chosen: str | None = None
    for mention in mentions:
        if any(lexicon.answer.endorsed.match(view, mention.end) for lexicon, view in text.spoken):
            chosen = mention.side
    marks: list[tuple[int, str]] = []
    for lexicon, view in text.spoken:
        for match in lexicon.answer.choice.finditer(view):
            if not (lexicon.script == "words" and match.start() and view[match.start() - 1].isalpha()):
                marks.append((match.end(), match.lastgroup or ""))
    for at, kind in sorted(marks):
        chosen = _introduced(text, mentions, at, kind) or chosen
    return chosen


def _near_source(
    text: Text, view: str, mentions: Sequence[SidedMention], index: int, lexicon: Lexicon, group: Sequence[str]
) -> bool:
    """Whether a value stands in one clause with a word for a source."""
    mention = mentions[index]
    start, end = text.sentence(mention.start)
    before = view[max(start, mentions[index - 1].end if index else 0) : mention.start]
    if any(word in before for word in group):
        return True
    reach = 30 if lexicon.script == "words" else 12
    after = view[mention.end : min(end, mention.end + reach, mentions[index + 1].start if index + 1 < len(mentions) else end)]
    after = after.lstrip(" (,\"')") if lexicon.script == "words" else after.lstrip("\"') ")
    linked = lexicon.answer.source_links.match(after) is not None or after.startswith(tuple(group))
    return linked and any(word in after for word in group)


def _by_source(text: Text, mentions: Sequence[SidedMention]) -> str | None:
    """The side of the source that a remark without values trusts: *I trust the image*, *以图片为准*, *the latter*."""
    sides = list(dict.fromkeys(mention.side for mention in mentions))
    for lexicon, view in text.spoken:
        cues = lexicon.answer
        for match in reversed(list(cues.trusted.finditer(view))):
            start, end = text.sentence(match.start())
            named = next((group for group in match.groups() if group), None)
            if named is None:
                if match.start() < mentions[0].end:
                    break
                inside = [mention.end for mention in mentions if start <= mention.start < end]
                begin = inside[-1] if inside else start
                phrase = view[begin:end]
                if match.start() < begin or cues.distrusted.search(phrase):
                    continue
            else:
                phrase = named
                if cues.distrusted.search(view, max(0, match.start() - 3), match.end()):
                    continue
            groups = _sources_in(phrase, lexicon)
            if named is not None and (cues.latter.search(phrase) or cues.former.search(phrase)):
                return sides[-1 if cues.latter.search(phrase) else 0] if match.start() > mentions[0].start else None
            if groups:  # the first source named is the one trusted; others are what it is trusted over
                near = {
                    mention.side
                    for index, mention in enumerate(mentions)
                    if _near_source(text, view, mentions, index, lexicon, groups[0])
                }
                if len(near) == 1:
                    return near.pop()
            if named is None and (cues.former.search(phrase) or cues.latter.search(phrase)):
                return sides[0 if cues.former.search(phrase) else -1]
    return None


def _sources_in(phrase: str, lexicon: Lexicon) -> list[Sequence[str]]:
    """The groups of words for a source that a phrase holds, in the order of their mention where words are parted."""
    if lexicon.script == "characters":
        return [group for group in lexicon.answer.sources if any(word in phrase for word in group)]
    words = re.sub(r"[,.]|'s", " ", phrase).split()
    return [
        group for word in words for group in lexicon.answer.sources if word in group or (word[-1] == "s" and word[:-1] in group)
    ]


def _without_totals(text: Text, mentions: list[SidedMention]) -> list[SidedMention]:
    """The mentions without those that only add up the one before them (*100 mg per dose, for a total of 200 mg daily*)."""
    left = mentions[:1]
    for mention in mentions[1:]:
        last = left[-1]
        adds_up = (
            mention.side != last.side
            and "\n" not in text.low[last.end : mention.start]
            and any(
                (
                    lexicon.answer.total_before.search(view[last.end : mention.start])
                    or lexicon.answer.total_after.match(view, mention.end)
                )
                and not lexicon.answer.attribution.search(view, last.end, mention.start)
                for lexicon, view in text.spoken
            )
        )
        if not adds_up:
            left.append(mention)
    return left


def settle(text: Text, mentions: list[SidedMention]) -> list[str]:
    """The expected sides that an answer settles on, in order of mention."""
    if len({mention.side for mention in mentions}) > 1:
        mentions = _without_totals(text, mentions)
    sides = list(dict.fromkeys(mention.side for mention in mentions))
    if len(sides) < 2:
        return sides
    chosen = _chosen(text, mentions) or _by_source(text, mentions)
    if chosen is not None:
        return [chosen]
    last, before = mentions[-1], mentions[-2]
    free = {mention.side for index, mention in enumerate(mentions) if not _attributed(text, mentions, index)}
    if free != {last.side} or _attributed(text, mentions, len(mentions) - 1):
        return sides
    start, _ = text.sentence(last.start)
    own = any(lexicon.answer.asserted.search(view, before.end, last.start) for lexicon, view in text.spoken)
    return [last.side] if before.start < start or own else sides
