"""Does a response state that the pieces of evidence contradict each other?

Every cue in the text is judged where it stands, by the words before it in its clause and the words behind it:
asserted, denied, or merely supposed. The last assertion or denial counts, since answers come to their verdict at the end;
agreement about something else (*they agree on the date*) takes nothing back.
"""

from __future__ import annotations

import re

from cmqa_tasks.reading.clauses import Sentences
from cmqa_tasks.reading.cues import Cue, StanceCues, matches
from cmqa_tasks.reading.matter import Matter
from cmqa_tasks.reading.plan import Plan

REACH = 9
"""How many words before a cue may negate it."""
SHORT = 6
"""Words of a sentence that can only be about the evidence."""
_FRAGMENT = 3
"""Words of a sentence without a subject of its own (*Different prices.*)."""
_OPENING = "\"'(["
_NEAR = 240
"""Characters around a cue that are looked at where a sentence is longer: a text of one sentence takes no longer for it."""
_CLAUSE = re.compile(r"[,;:()\n]|[.!?](?=\s)")


def _supposed(words: list[str], cues: StanceCues) -> bool:
    """Whether a cue stands in an *if* clause, in a task, or as the object of a search."""
    for index in range(len(words) - 1, -1, -1):
        word = words[index]
        if word[-1] in ",:;)":
            return False
        bare = word.strip(_OPENING)
        if bare in cues.suppositions:
            return True
        if bare == cues.sought and index and words[index - 1].strip("\"',(") in cues.search_verbs:
            return True
        if bare in cues.supposition_ends:
            return False
    return False


def _negator(word: str, cues: StanceCues) -> bool:
    return word in cues.negators or word.endswith(cues.negative_suffix)


def _negated(words: list[str], cues: StanceCues, accord: bool) -> bool:
    """Whether a cue is negated by a word before it in its own clause."""
    if words and not accord and words[-1].strip("\"'(") in cues.definite:
        return False
    following = ""
    for word in reversed(words[-REACH:]):
        if word[-1] in ",:;)?!\u2014" or word == "-":
            return False
        bare = word.strip(_OPENING)
        if _negator(bare, cues) or (accord and bare in cues.accord_negators):
            idle = (bare, following) in cues.idle_negations or cues.paired_negators.get(bare, following) != following
            if not idle:
                return True
        elif bare in cues.stops:
            return False
        following = bare.strip("\"',(")
    return False


def _judge(low: str, match: re.Match[str], cue: Cue, sentences: Sentences, cues: StanceCues, plan: Plan | None) -> int:
    """+1 when a cue asserts conflict, -1 when it denies it, 0 when it does neither."""
    at, behind = match.span()
    start, end = sentences.around(at)
    words = low[max(start, at - 160) : at].split()
    accord = cue.sense == "accord"
    last, second = (words[-1] if words else ""), (words[-2] if len(words) > 1 else "")
    if accord:
        if last in cues.not_accord_before and not _negator(second, cues):
            return 0
        denied = False
    else:
        if last in cues.not_clash_before or (second, last) in cues.not_clash_pairs or cues.not_clash_after.match(low, behind):
            return 0
        denied = cue.sense == "clash" and cues.denied_after.match(low, behind) is not None
    asked = not denied and low[max(start, end - 4) : end].rstrip()[-1:] == "?"
    if asked and not _about_question(low, start, behind, end, cues):
        if cues.refused_after.match(low, end):
            return 1 if accord else -1
        if cues.affirmed_after.match(low, end):
            return -1 if accord else 1
        return 0
    if _supposed(words, cues) or (cues.conditional in words[-4:] and cues.condition in low[behind:end]):
        return 1 if not accord and cues.affirmed_after.match(low, behind) else 0
    if cue.sense == "flat":
        return 1
    if cue.needs_subject and not (
        _of_evidence(low[start:end], cues) if accord else _between(low, match, start, end, sentences.cased, cues, plan)
    ):
        return 0
    negated = _negated(words, cues, accord)
    if (accord or negated) and not cues.obligations.isdisjoint(words[-5:]):
        return 0  # what should be the case, is not
    if accord:
        if cue.stem == cues.same and not _same_matter(last, low[behind : min(end, behind + _NEAR)], cues, plan):
            return 0
        return 1 if negated else -1 if _mutual(words, low, behind, cues, plan) else 0
    if negated or denied or cues.inner_negation.search(match[0]):
        return -1
    return 0 if words and words[-1].strip("\"'(") == cues.indefinite else 1


def _about_question(low: str, start: int, behind: int, end: int, cues: StanceCues) -> bool:
    """Whether a sentence that ends in a question states something about it (*they contradict each other on “How many …?”*)."""
    return cues.named_question.search(low, behind, min(end, behind + _NEAR)) is not None and not cues.asking.match(low, start)


def _of_evidence(sentence: str, cues: StanceCues) -> bool:
    """Whether a sentence speaks of the evidence, or is so short that nothing else can be meant (*Not the same.*)."""
    bare = [word.strip("\"',.:;()[]") for word in sentence.split()]
    return len(bare) <= SHORT or bool(cues.subjects.intersection(bare))


def _between(low: str, match: re.Match[str], start: int, end: int, cased: str, cues: StanceCues, plan: Plan | None) -> bool:
    """Whether a difference, which may be one of anything, is one between the pieces on the matter itself."""
    start, end = max(start, match.start() - _NEAR), min(end, match.end() + _NEAR)
    cuts = [cut.end() for cut in _CLAUSE.finditer(low, start, match.start())]
    stop = _CLAUSE.search(low, match.end(), end)
    floor, ceiling = cuts[-1] if cuts else start, stop.start() if stop else end
    matter = Matter(plan)
    if matter.beside(low[floor:ceiling]):
        return False
    another = None if plan is None else cues.of_another.match(cased, match.end(), end)
    if another is not None and matter.another(another[1]):
        return False
    before, behind = low[floor : match.start()].split(), low[match.end() : ceiling]
    restricted = cues.restriction.match(low, match.end())
    if before and before[-1] in cues.possible:
        return False
    if before[-1:] == ["only"]:
        return matter.named(behind)
    if restricted is not None:
        return matter.named(behind) or not cues.pieces.isdisjoint(behind.split())
    own = {word for word in before if word not in cues.fillers}
    asked = matter.topic | cues.values | matter.subject
    if own and cues.predicate.match(match[0]) and own.isdisjoint(asked | cues.pieces):
        return False  # Temperatures differ between the two reports.
    bare = [word.strip("\"',.:;()[]-") for word in low[start:end].split()]
    if len(bare) <= _FRAGMENT or not cues.pieces.isdisjoint(bare) or cues.two_sides <= set(bare):
        return True
    if len(bare) <= SHORT and bare[0] in cues.openers and not own:
        return True
    if own:
        return own <= asked and not matter.topic.union(cues.values).isdisjoint(own) and not cuts
    return matter.named(match[0]) or not cues.values.isdisjoint(bare)


def _same_matter(last: str, after: str, cues: StanceCues, plan: Plan | None) -> bool:
    """Whether *the same* is said of what was asked, and not of what it is about (*for the same product*)."""
    if last in cues.about:
        return False
    stop = _CLAUSE.search(after)
    clause = after[: stop.start() if stop else len(after)]
    if Matter(plan).beside(clause):
        return False
    following = clause.strip(" .!?\"'*-").split()[:4]
    if not following or (following[0] in cues.same_stops and last not in cues.at):
        return True
    ends = [index for index, word in enumerate(following) if word in cues.same_ends | cues.same_stops]
    return Matter(plan).named(" ".join(following[: ends[0]] if ends else following))


def _mutual(words: list[str], low: str, behind: int, cues: StanceCues, plan: Plan | None) -> bool:
    """Whether stated agreement is that of the pieces on the matter itself."""
    partial = cues.partial_accord.match(low, behind)
    if partial is not None:
        end = partial.end() + _NEAR
        stop = _CLAUSE.search(low, partial.end(), end)
        if not Matter(plan).named(low[partial.start() : stop.start() if stop else end]):
            return False
    bare = [word.strip("\"',.:;()[]") for word in words]
    beside = any(word in cues.partial_before and (not at or bare[at - 1] not in cues.mutual) for at, word in enumerate(bare))
    return not beside and not cues.subjects.isdisjoint(bare[-10:])


def judged(
    low: str, sentences: Sentences, cues: StanceCues, plan: Plan | None = None, plain: bool = False
) -> list[tuple[int, int, int]]:
    """Where each cue begins and ends, and whether it asserts (+1) or denies (-1) a conflict or does neither (0).

    Args:
        low: folded text in lower case.
        sentences: those of the text.
        cues: of its language.
        plan: of the fact that was asked about.
        plain: only cues that are said of evidence and nothing else.
    """
    found: list[tuple[int, int, int]] = []
    for at, match, cue in matches(low, cues.cues):
        if plain and cue.needs_subject:
            continue
        if at and (low[at - 1].isalpha() or (cue.sense == "accord" and low[at - 1] == "-" and low[at - 2].isalpha())):
            continue
        last, last_end = (found[-1][2], found[-1][1]) if found else (0, -1)
        if last and cue.sense == "clash" and 0 <= at - last_end < 40 and cues.join.fullmatch(low, last_end, at):
            says = last  # one list of synonyms: no conflict, discrepancy or contradiction
        else:
            says = _judge(low, match, cue, sentences, cues, plan)
        found.append((at, match.end(), says))
    return found


def stance(low: str, sentences: Sentences, cues: StanceCues, plan: Plan | None = None) -> int:
    """+1: the response states a conflict; -1: it denies one; 0: it says nothing either way."""
    verdict = 0
    for _, _, says in judged(low, sentences, cues, plan):
        if says:
            verdict = says
    return verdict
