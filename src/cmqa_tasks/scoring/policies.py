"""Reference policies: answerers with known behaviour, which calibrate every number that we publish.

A policy maps a question (:mod:`cmqa_tasks.asking.question`) to a decision: a conflict, a value, or that it cannot tell. The
decision is put into words as its protocol asks (:func:`respond`), and read and scored like any model's. None needs a
model. All but the rules know the values. Where a policy wants a kind of evidence that an item lacks, it follows the first piece.

The rules know the kind of the answer and read the passages, without understanding; they cannot read images. ``rule`` calls a
conflict when two passages share no value of that kind; else it answers with the shared one that stands nearest to the words of
the question. ``match_options`` takes the two values from the options of a multiple-choice prompt and looks where they
stand: it shows what naming the values gives away, and does as ``rule`` where no options are shown. ``each_lacks``,
``shared_none``, ``shared_at_most_one`` and ``nearest`` are the shortcuts of :mod:`cmqa_tasks.scoring.shortcuts`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from cmqa_tasks.asking.protocols import written
from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import Fact, Modality, Piece, Side
from cmqa_tasks.reading import mentions
from cmqa_tasks.scoring.shortcuts import UNTRAINED, Seen, values_in


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy settles on."""

    kind: Literal["conflict", "value", "unknown"]
    side: Side | None = None
    """The side of a value, where it is one of the two."""
    written: str = ""
    """The value as the policy writes it."""
    denies: bool = False
    """Whether the answer says explicitly that nothing contradicts."""
    reports: bool = False
    """Whether a conflict is explained by both values."""


Decide = Callable[[Question], Decision]
Policy = Callable[[Question], str]
CONFLICT, UNKNOWN = Decision("conflict"), Decision("unknown")


@dataclass(frozen=True, slots=True)
class _Phrases:
    """How a policy talks in a language."""

    conflict: str
    report: str
    unknown: str
    no_conflict: str
    yes: str
    no: str
    quoted: str
    answer: str
    final: str
    thinking: str


_WORDS: Mapping[str, _Phrases] = {
    "en": _Phrases(
        conflict="The two pieces of evidence contradict each other.",
        report=" The first one gives {0}, the second one {1}.",
        unknown="I cannot tell.",
        no_conflict="There is no contradiction in the evidence. Answer: ",
        yes="Yes.",
        no="No.",
        quoted="Evidence {number}: {value}",
        answer="Answer: ",
        final="Final answer: ",
        thinking="I read the evidence and compare what it says with the question.",
    ),
    "zh": _Phrases(
        conflict="两份证据互相矛盾。",
        report="第一份说是{0}，第二份说是{1}。",
        unknown="无法判断。",
        no_conflict="证据之间没有矛盾。答案：",
        yes="是。",
        no="否。",
        quoted="证据{number}：{value}",
        answer="答案：",
        final="最终答案：",
        thinking="我先看证据，再对照问题。",
    ),
}


def policy(name: str, seed: int = 0) -> Policy:
    """A policy by name.

    Args:
        name: one of :data:`POLICIES` or :data:`SHORTCUTS`.
        seed: for ``random``; its choices follow from the seed and the item's id alone.

    Raises:
        ValueError: no such policy; the message lists those that exist.
    """
    decide = decision_of(name, seed)
    return lambda question: respond(question, decide(question))


def decision_of(name: str, seed: int = 0) -> Decide:
    """What a policy decides, before it is put into words; arguments and errors as for :func:`policy`."""
    if name == "random":
        return lambda question: _random(question, seed)
    if name in SHORTCUTS:
        return _shortcut(name)
    try:
        return _POLICIES[name]
    except KeyError:
        raise ValueError(f"unknown policy {name!r}; choose one of {', '.join((*POLICIES, *SHORTCUTS))}") from None


def respond(question: Question, decision: Decision) -> str:
    """A decision in the words, and in the form, that the question's prompt asks for."""
    words = _WORDS.get(question.language, _WORDS["en"])
    form = question.form
    if form == "yes_no":
        return {"conflict": words.yes, "value": words.no, "unknown": words.unknown}[decision.kind]
    if form == "letter":
        return _letter(question, decision)
    answer = _in_words(question, decision, words)
    if form == "final_line" and question.protocol == "quote":
        lines = [words.quoted.format(number=index + 1, value=_shown(question, index)) for index in range(len(question.pieces))]
        return "\n".join([*lines, words.answer + answer])
    return f"{words.thinking}\n{words.final}{answer}" if form == "final_line" else answer


def _in_words(question: Question, decision: Decision, words: _Phrases) -> str:
    if decision.kind == "unknown":
        return words.unknown
    if decision.kind == "conflict":
        return words.conflict + (words.report.format(_shown(question, 0), _shown(question, 1)) if decision.reports else "")
    return (words.no_conflict if decision.denies else "") + decision.written


def _letter(question: Question, decision: Decision) -> str:
    """The letter of a decision. A value that is not among the options becomes "cannot tell"."""
    means = {"conflict": "conflict", "value": decision.side or "abstain", "unknown": "abstain"}[decision.kind]
    return next(option.letter for option in question.options if option.means == means)


def random_choice(item_id: str, seed: int, pieces: int) -> int:
    """What ``random`` does with an item: the number of the piece that it follows, or ``pieces`` for calling a conflict."""
    return Random(f"policy:{seed}:{item_id}").randrange(pieces + 1)


def _shown(question: Question, index: int) -> str:
    """The value of a piece, as written by default in the question's language."""
    return written(question.fact, question.pieces[index].side, question.language)


def _value(question: Question, index: int, *, denies: bool = False) -> Decision:
    index = min(index, len(question.pieces) - 1)
    return Decision("value", question.pieces[index].side, _shown(question, index), denies=denies)


def _follow_modality(modality: Modality) -> Decide:
    def decide(question: Question) -> Decision:
        modalities = [piece.modality for piece in question.pieces]
        return _value(question, modalities.index(modality) if modality in modalities else 0)

    return decide


def _oracle(question: Question) -> Decision:
    return Decision("conflict", reports=True) if question.item.relation == "conflict" else _value(question, 0)


def _random(question: Question, seed: int) -> Decision:
    choice = random_choice(question.item.id, seed, len(question.pieces))
    return CONFLICT if choice == len(question.pieces) else _value(question, choice)


def _rule(question: Question) -> Decision:
    fact = question.fact
    shown = [
        values
        for piece, passage in _read(question)
        if passage is not None and (values := values_in(passage, _asked(question, piece), fact.kind))
    ]
    if not shown:
        return UNKNOWN
    common = [canonical for canonical in shown[0] if all(canonical in values for values in shown)]
    return _as_written(fact, common[0], shown[0][common[0]]) if common else CONFLICT


def _as_written(fact: Fact, canonical: str, text: str) -> Decision:
    sides = _sides_among(fact, {canonical})
    return Decision("value", sides[0] if sides else None, text)


def _match_options(question: Question) -> Decision:
    if not question.options:
        return _rule(question)
    fact = question.fact
    passages = [passage for passage in question.passages if passage is not None]
    held = [{reading for mention in mentions(passage, fact.kind) for reading in mention.readings} for passage in passages]
    sides: set[Side] = {side for values in held for side in _sides_among(fact, values)}
    if len(sides) == 2:
        return CONFLICT
    return Decision("value", sides.pop()) if sides else UNKNOWN


def _sides_among(fact: Fact, values: set[str]) -> list[Side]:
    sides: tuple[Side, Side] = ("a", "b")
    return [side for side in sides if any(_is(value, fact.value(side).canonical) for value in values)]


def _is(read: str, canonical: str) -> bool:
    """Whether what was read is a value; a date may lack its year."""
    return read == canonical or (read.startswith("--") and canonical.endswith(read[1:]))


def _shortcut(name: str) -> Decide:
    """A policy that calls conflicts as a shortcut does; else it answers with the value that stands nearest to the question."""

    def decide(question: Question) -> Decision:
        fact = question.fact
        shown = [values_in(passage or "", _asked(question, piece), fact.kind) for piece, passage in _read(question)]
        nearest = tuple(next(iter(values), None) for values in shown)
        if len(shown) == 2 and UNTRAINED[name](Seen((tuple(shown[0]), tuple(shown[1])), (nearest[0], nearest[1]), (None, None))):
            return CONFLICT
        return next((_as_written(fact, *next(iter(values.items()))) for values in shown if values), UNKNOWN)

    return decide


def _read(question: Question) -> Iterator[tuple[Piece, str | None]]:
    return zip(question.pieces, question.passages, strict=True)


def _asked(question: Question, piece: Piece) -> str:
    return question.fact.question.get(piece.language, question.text)


_POLICIES: Mapping[str, Decide] = {
    "oracle": _oracle,
    "follow_first": lambda question: _value(question, 0),
    "follow_second": lambda question: _value(question, 1),
    "follow_image": _follow_modality("image"),
    "follow_text": _follow_modality("text"),
    "always_conflict": lambda question: CONFLICT,
    "never_conflict": lambda question: _value(question, 0, denies=True),
    "rule": _rule,
    "match_options": _match_options,
}

POLICIES: tuple[str, ...] = (*_POLICIES, "random")
"""Names of the policies that stand on the board of policies."""
SHORTCUTS: tuple[str, ...] = tuple(name for name in UNTRAINED if name != "tallest")
"""Names of the policies that call conflicts by counting or nearness of values; ``tallest`` needs a reader of pages."""
