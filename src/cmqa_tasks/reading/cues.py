"""The form of a language's cue table. English is :mod:`cmqa_tasks.reading.cues_en`; another language with
word boundaries is another table. Chinese has none, and is read by :mod:`~cmqa_tasks.reading.stance_zh` and
:mod:`~cmqa_tasks.reading.verdict_zh`.

All patterns are matched on folded lower-case text. Where a table holds :class:`Cue` rows, a row's pattern is tried only
in texts that hold its stem: most responses hold none, and ``in`` is an order of magnitude cheaper than a search.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

Sense = Literal["clash", "accord", "flat"]
"""``clash``: conflict unless negated. ``accord``: agreement, and conflict when negated. ``flat``: conflict whatever stands
before it, unless it is merely supposed."""


class Cue(NamedTuple):
    """One way of saying something."""

    stem: str
    """A substring of every text that the pattern matches."""
    pattern: re.Pattern[str]
    sense: Sense = "clash"
    needs_subject: bool = False
    """It counts only in a sentence about the evidence (*Sundays are different* is none), unless that is very short."""


CueTable = tuple[tuple[str, tuple[Cue, ...]], ...]
"""Cues grouped under a substring that all stems of a group share."""


def grouped(cues: tuple[Cue, ...], roots: tuple[str, ...]) -> CueTable:
    """Cues under the first root that their stem holds; a cue without one forms a group of its own."""
    groups: dict[str, list[Cue]] = {}
    for cue in cues:
        root = next((root for root in roots if root in cue.stem), cue.stem)
        groups.setdefault(root, []).append(cue)
    return tuple((root, tuple(members)) for root, members in groups.items())


def matches(low: str, table: CueTable) -> list[tuple[int, re.Match[str], Cue]]:
    """Every match of every cue with its position, in order."""
    found = [
        (match.start(), match, cue)
        for root, cues in table
        if root in low
        for cue in cues
        if cue.stem in low
        for match in cue.pattern.finditer(low)
    ]
    if len(found) > 1:
        found.sort(key=_position)
    return found


def _position(item: tuple[int, re.Match[str], Cue]) -> int:
    return item[0]


def holds(low: str, stems: tuple[str, ...]) -> bool:
    """Whether a text holds one of some stems (a plain loop: several times faster than ``any`` over a generator)."""
    for stem in stems:  # noqa: SIM110
        if stem in low:
            return True
    return False


@dataclass(frozen=True, slots=True)
class StanceCues:
    """How answers state that the pieces contradict each other, deny it, or only suppose it."""

    cues: CueTable
    inner_negation: re.Pattern[str]
    """Inside a ``clash`` phrase: it denies itself (*are no different*)."""
    not_clash_before: frozenset[str]
    """Words directly before a cue that give it another sense (*armed conflict*, *I disagree*)."""
    not_clash_pairs: frozenset[tuple[str, str]]
    """Two such words (*on the contrary*)."""
    not_accord_before: frozenset[str]
    """Words directly before a word of agreement that give it another sense, unless negated (*the match*)."""
    not_clash_after: re.Pattern[str]
    """Right of a cue: it means something else (*conflict zone*, *conflict check*)."""
    denied_after: re.Pattern[str]
    """Right of a cue: it is denied there (*conflict: none*, *contradictions were not found*)."""
    affirmed_after: re.Pattern[str]
    """Right of a supposed cue or of a question: it is affirmed after all."""
    refused_after: re.Pattern[str]
    """Right of a question: it is answered with no."""
    named_question: re.Pattern[str]
    """Right of a cue: where the question begins that the sentence is only about (*they conflict on the question “How …?”*)."""
    asking: re.Pattern[str]
    """At the beginning of a sentence that is a question itself."""
    negators: frozenset[str]
    negative_suffix: str
    paired_negators: dict[str, str]
    """Negators that need the word after them (*rather than*)."""
    accord_negators: frozenset[str]
    """Words that negate agreement only (*hard to reconcile*)."""
    idle_negations: frozenset[tuple[str, str]]
    """Negator and next word that together negate nothing (*no doubt*, *not only*)."""
    stops: frozenset[str]
    """Words beyond which a negation does not reach."""
    suppositions: frozenset[str]
    """Words that turn what follows into a supposition or a task (*if*, *whether*, *asked*)."""
    conditional: str
    """Before a cue, with :attr:`condition` behind it: it is supposed (*it would be a contradiction if …*)."""
    condition: str
    supposition_ends: frozenset[str]
    """Words behind which such a supposition no longer holds (*but*)."""
    search_verbs: frozenset[str]
    """Before :attr:`sought`: the cue is what was looked for, not what was found."""
    sought: str
    definite: frozenset[str]
    """Words directly before a cue that presuppose it even under negation (*cannot resolve the conflict*)."""
    indefinite: str
    """Directly before a cue: it is merely possible (*any conflict*)."""
    subjects: frozenset[str]
    """The evidence and what it says: who must agree for agreement to take back an earlier conflict."""
    partial_accord: re.Pattern[str]
    """Right of agreement: it concerns something else (*agree on the date*)."""
    partial_before: frozenset[str]
    """Words before agreement with the same effect (*apart from …, they agree*)."""
    mutual: frozenset[str]
    """Words before one of those that take that from it (*each other*)."""
    obligations: frozenset[str]
    """Words by which agreement is demanded rather than stated (*the prices should match*)."""
    same: str
    """The stem of the cue that agrees only where it is said of what was asked (*the same price*)."""
    about: frozenset[str]
    """Words directly before it that make it what the pieces are about (*for the same product*)."""
    at: frozenset[str]
    """Words directly before it that do so unless it is what was asked (*on the same day*)."""
    same_stops: frozenset[str]
    """Words directly behind it that leave it without a noun (*the same in both*)."""
    same_ends: frozenset[str]
    """Words behind which its noun is over."""
    pieces: frozenset[str]
    """Those of :attr:`subjects` that differ from each other and from nothing else."""
    values: frozenset[str]
    """The others: what the pieces say, and not they alone (*closing times differ*)."""
    predicate: re.Pattern[str]
    """How differences begin that are said of what stands before them."""
    possible: frozenset[str]
    """Words directly before a difference that make it merely possible (*prices may differ*)."""
    two_sides: frozenset[str]
    """Words that together name the two pieces (*one says …, the other …*)."""
    restriction: re.Pattern[str]
    """Right of a difference: it is one in something (*they differ only in …*)."""
    of_another: re.Pattern[str]
    """Right of a difference, letter case kept: it is one of the thing that the group names (*… for the Ashby Kettle*)."""
    fillers: frozenset[str]
    """Words that may stand beside the noun before a difference (*The price is different.*)."""
    openers: frozenset[str]
    """First words of short sentences that are about the evidence (*There is a mismatch.*)."""
    join: re.Pattern[str]
    """Between two cues of one list, which share their negation (*no conflict or contradiction*)."""


@dataclass(frozen=True, slots=True)
class AnswerCues:
    """How answers choose between values, reject one, ascribe one to a source, or give up."""

    abstain_stems: tuple[str, ...]
    abstain: re.Pattern[str]
    undecided: re.Pattern[str]
    """Abstention whose object holds the values (*cannot tell whether it is …*)."""
    choice: CueTable
    """Words that introduce what an answer settles on."""
    weak_choice: frozenset[str]
    """Those of them that introduce any statement, so that what they introduce must not be ascribed to a source."""
    endorsed: re.Pattern[str]
    """Right of a value: it is the one (*… is correct*)."""
    rejected_after: re.Pattern[str]
    """Right of a value: it is not the one (*… is wrong*, *… is outdated*)."""
    rejecting: frozenset[str]
    """Words before a value that reject it (*not*, *unlike*)."""
    rejecting_pairs: frozenset[tuple[str, str]]
    preferred_to: frozenset[str]
    """All that stands between two values of which the first is preferred (*$24.99 over $29.99*)."""
    bridging: frozenset[str]
    """Words that may stand between a rejecting word and the value."""
    negative_suffix: str
    idle_negations: frozenset[tuple[str, str]]
    negations: tuple[str, ...]
    """Substrings by which a sentence about trusting a source says the opposite."""
    total_stems: tuple[str, ...]
    total_before: re.Pattern[str]
    """Between two values: the second only adds up the first (*, for a total of*)."""
    total_after: re.Pattern[str]
    """Right of such a value (*in total*)."""
    attribution: re.Pattern[str]
    """Words that ascribe a value to a source (*the text says*)."""
    attribution_after: re.Pattern[str]
    asserted: re.Pattern[str]
    """Verbs by which an answer states a value in its own voice."""
    trusted: CueTable
    """Words by which a source is chosen without repeating its value (*I trust the image*)."""
    sources: tuple[tuple[str, ...], ...]
    """Words for the same source."""
    ordinals: dict[str, int]
    """Words for the first and the last value mentioned."""
    source_links: tuple[str, ...]
    """How the words behind a value begin when they name its source (*in the image*)."""


@dataclass(frozen=True, slots=True)
class Cues:
    """One language."""

    stance: StanceCues
    answer: AnswerCues
    abbreviations: frozenset[str]
    """Words whose full stop ends no sentence."""
    soft_abbreviations: frozenset[str]
    """Words whose full stop ends a sentence only before a capital."""
