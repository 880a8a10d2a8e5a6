"""What an answer settles on, out of the values that it mentions.

An answer may quote both values and then choose. In order: values that it rejects are dropped; then the value that a
conclusion introduces, that is endorsed, that belongs to the source it trusts, or that ends the answer without being
ascribed to a source is what it settles on. Without any of these it has listed what it mentions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from cmqa_tasks.reading.clauses import Sentences
from cmqa_tasks.reading.cues import AnswerCues, holds, matches
from cmqa_tasks.reading.mention import BARE, FOREIGN, TYPED
from cmqa_tasks.reading.plan import AMBIGUOUS, OTHER, Found


def _rejected_before(words: list[str], cues: AnswerCues) -> bool:
    """Whether the words before a value, nearest last, reject it: *not*, *rather than*, *the outdated price of*."""
    following = ""
    for back, word in enumerate(reversed(words[-6:])):
        if back and word[-1] in ",;:.!?)":
            return False
        bare = word.strip("\"'([$").rstrip(",:;")
        if (bare, following) in cues.rejecting_pairs:
            return True
        if bare in cues.rejecting or bare.endswith(cues.negative_suffix):
            return word[-1] not in ",:;" and (bare, following) not in cues.idle_negations
        if bare not in cues.bridging:
            return False
        following = bare
    return False


def drop_rejected(low: str, found: list[Found], cues: AnswerCues) -> list[Found]:
    """The mentions that the answer does not reject."""
    kept: list[Found] = []
    behind = 0
    for one in found:
        floor = max(behind, one.start - 60)
        line = low.rfind("\n", floor, one.start)
        words = low[max(floor, line) : one.start].split()
        rejected = bool(words) and (
            _rejected_before(words, cues) or (bool(kept) and " ".join(words) in cues.preferred_to)  # $24.99 over $29.99
        )
        if not rejected and cues.rejected_after.match(low, one.end) is None:
            kept.append(one)
        behind = one.end
    return kept


def _distinct(found: list[Found]) -> list[str]:
    return list(dict.fromkeys(one.side for one in found))


def _attributed(low: str, found: list[Found], index: int, sentences: Sentences, cues: AnswerCues) -> bool:
    """Whether a value is ascribed to a source."""
    one = found[index]
    floor = max(sentences.around(one.start)[0], found[index - 1].end if index else 0)
    return bool(cues.attribution.search(low, floor, one.start) or cues.attribution_after.match(low, one.end))


def _start(one: Found) -> int:
    return one.start


def introduced_in(
    found: list[Found],
    at: int,
    end: int,
    weak: bool,
    attributed: Callable[[int], bool],
    ascribed: Callable[[int], bool],
) -> str | None:
    """The side that a conclusion ending at ``at`` introduces before ``end``, the end of its sentence.

    Args:
        found: the mentions of expected values.
        at: where the conclusion's words end.
        end: where its sentence ends.
        weak: whether those words introduce any statement, so that what they introduce must not be ascribed to a source.
        attributed: whether the mention of an index is ascribed to a source.
        ascribed: whether a source is named between ``at`` and a position.
    """
    first_index = bisect_left(found, at, key=_start)
    scope = range(first_index, bisect_left(found, end, lo=first_index, key=_start))
    if not scope:
        return None
    first = found[scope[0]]
    rivals = [index for index in scope if found[index].side != first.side]
    if rivals:
        # "I'd go with $24.99, although the text says $29.99": only the first is what the cue introduces.
        if not all(attributed(index) for index in rivals):
            return None
        weak = True
    return None if weak and ascribed(first.start) else first.side


def _introduced(low: str, found: list[Found], at: int, weak: bool, sentences: Sentences, cues: AnswerCues) -> str | None:
    """The side that a conclusion ending at ``at`` introduces within its sentence."""
    return introduced_in(
        found,
        at,
        sentences.around(at - 1)[1],
        weak,
        lambda index: _attributed(low, found, index, sentences, cues),
        lambda first: cues.attribution.search(low, at, first) is not None,
    )


def _chosen(low: str, found: list[Found], sentences: Sentences, cues: AnswerCues) -> str | None:
    """The side that a conclusion introduces or a remark endorses; the last such conclusion counts."""
    chosen: str | None = None
    for one in found:
        if cues.endorsed.match(low, one.end):
            chosen = one.side
    for at, match, _ in matches(low, cues.choice):
        if at and low[at - 1].isalpha():
            continue
        side = _introduced(low, found, match.end(), match[0] in cues.weak_choice, sentences, cues)
        if side is not None:
            chosen = side
    return chosen


def _source_near(
    low: str, found: list[Found], index: int, group: tuple[str, ...], sentences: Sentences, cues: AnswerCues
) -> bool:
    """Whether a value stands in one clause with a word for a source."""
    one = found[index]
    start, end = sentences.around(one.start)
    before = low[max(start, found[index - 1].end if index else 0) : one.start]
    if any(word in before for word in group):
        return True
    after = low[one.end : min(end, one.end + 30, found[index + 1].start if index + 1 < len(found) else end)]
    linked = after.lstrip(" (,").startswith((*cues.source_links, *group))
    return linked and any(word in after for word in group)


def _by_source(low: str, found: list[Found], sentences: Sentences, cues: AnswerCues) -> str | None:
    """The side of the source that a remark without values trusts: *I trust the image*, *I'd go with the latter*."""
    for at, _, _ in reversed(matches(low, cues.trusted)):
        if at < found[0].end:
            break
        start, end = sentences.around(at)
        inside = [one.end for one in found if start <= one.start < end]
        tail_start = inside[-1] if inside else start
        tail = low[tail_start:end]
        if at < tail_start or any(negation in tail for negation in cues.negations):
            continue
        words = tail.replace(",", " ").replace(".", " ").replace("'s", " ").split()
        groups = [group for word in words for group in cues.sources if word in group or (word[-1] == "s" and word[:-1] in group)]
        if groups:  # the first source named is the one trusted; others are what it is trusted over
            near = {one.side for i, one in enumerate(found) if _source_near(low, found, i, groups[0], sentences, cues)}
            if len(near) == 1:
                return near.pop()
        for word, position in cues.ordinals.items():
            if word in words:
                return _distinct(found)[position]
    return None


def without_totals(
    low: str, found: list[Found], before: re.Pattern[str], after: re.Pattern[str], attribution: re.Pattern[str]
) -> list[Found]:
    """The mentions without those that only add up the one before them (*100 mg per dose, for a total of 200 mg daily*)."""
    kept = found[:1]
    for index in range(1, len(found)):
        one, last = found[index], kept[-1]
        gap = low[last.end : one.start]
        adds_up = one.side != last.side and "\n" not in gap and (before.search(gap) or after.match(low, one.end))
        if not adds_up or attribution.search(gap):
            kept.append(one)
    return kept


def settle(low: str, found: list[Found], sentences: Sentences, cues: AnswerCues) -> list[str]:
    """The expected sides that an answer settles on, in order of mention."""
    if holds(low, cues.total_stems) and len(_distinct(found)) > 1:
        found = without_totals(low, found, cues.total_before, cues.total_after, cues.attribution)
    sides = _distinct(found)
    if len(sides) < 2:
        return sides
    chosen = _chosen(low, found, sentences, cues) or _by_source(low, found, sentences, cues)
    if chosen is not None:
        return [chosen]
    last, before = found[-1], found[-2]
    if _attributed(low, found, len(found) - 1, sentences, cues):
        return sides
    free = {one.side for index, one in enumerate(found) if not _attributed(low, found, index, sentences, cues)}
    start, _ = sentences.around(last.start)
    if free == {last.side} and (before.start < start or cues.asserted.search(low, before.end, last.start)):
        return [last.side]
    return sides


_SMALL = frozenset(["of", "the", "de", "la", "and", "on", "at", "von", "van"])


def bare_name(cased: str) -> str | None:
    """A short answer that is nothing but a capitalised name."""
    written = cased.strip(" \n.\"'").split()
    if not 1 < len(written) <= 5 or not cased.isascii() or any(word[-1] in "!?:;" for word in written):
        return None
    plain = [word.strip(",.'\"") for word in written]
    return " ".join(written) if all(word[:1].isupper() or word in _SMALL for word in plain) else None


def other_value(found: list[Found], length: int) -> Found | None:
    """The value that is neither expected one and that the answer most likely gives."""
    for level in (TYPED, BARE):
        for one in found:
            if one.level == level and one.side == OTHER:
                return one
    if length <= 40:
        return next((one for one in found if one.level == FOREIGN and one.side == OTHER), None)
    return None


def expected(found: list[Found]) -> list[Found]:
    """The mentions that mean one expected side."""
    return [one for one in found if one.side not in (OTHER, AMBIGUOUS) and one.level != FOREIGN]
