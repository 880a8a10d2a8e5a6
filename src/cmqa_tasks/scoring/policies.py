"""Reference policies: answerers with known behaviour, which calibrate every number that we publish.

A policy maps a document (:mod:`cmqa_tasks.asking.questions`) to a decision: a conflict, a value, or that it cannot tell. The
decision is put into words as the document's protocol asks (:func:`respond`), and read and scored like any model's. None needs a
model. All but the rules know the values. Where a policy wants a kind of evidence that an item lacks, it follows the first piece.

The rules know the kind of the answer and read the passages, without understanding; they cannot read images. ``rule`` calls a
conflict when two passages share no value of that kind; else it answers with the shared one that stands nearest to the words of
the question. ``match_options`` takes the two values from the options of a multiple-choice prompt and looks where they
stand: it shows what naming the values gives away, and does as ``rule`` where no options are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from cmqa_tasks.asking.protocols import form_of, written
from cmqa_tasks.asking.questions import fact_of, options_of
from cmqa_tasks.facts.records import Fact, Kind, Modality, Side
from cmqa_tasks.reading import FOREIGN, Mention, mentions


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


Decide = Callable[[Mapping[str, Any]], Decision]
Policy = Callable[[Mapping[str, Any]], str]
CONFLICT, UNKNOWN = Decision("conflict"), Decision("unknown")


@dataclass(frozen=True, slots=True)
class _Words:
    """How a policy talks in a language."""

    conflict: str
    report: str
    unknown: str
    no_conflict: str
    yes: str
    no: str
    said: str
    answer: str
    final: str
    thinking: str


_WORDS: Mapping[str, _Words] = {
    "en": _Words(
        conflict="The two pieces of evidence contradict each other.",
        report=" The first one gives {0}, the second one {1}.",
        unknown="I cannot tell.",
        no_conflict="There is no contradiction in the evidence. Answer: ",
        yes="Yes.",
        no="No.",
        said="Evidence {number}: {value}",
        answer="Answer: ",
        final="Final answer: ",
        thinking="I read the evidence and compare what it says with the question.",
    ),
    "zh": _Words(
        conflict="两份证据互相矛盾。",
        report="第一份说是{0}，第二份说是{1}。",
        unknown="无法判断。",
        no_conflict="证据之间没有矛盾。答案：",
        yes="是。",
        no="否。",
        said="证据{number}：{value}",
        answer="答案：",
        final="最终答案：",
        thinking="我先看证据，再对照问题。",
    ),
}


def policy(name: str, seed: int = 0) -> Policy:
    """A policy by name.

    Args:
        name: one of :data:`POLICIES`.
        seed: for ``random``; its choices follow from the seed and the item's id alone.

    Raises:
        ValueError: no such policy; the message lists those that exist.
    """
    decide = decision_of(name, seed)
    return lambda doc: respond(doc, decide(doc))


def decision_of(name: str, seed: int = 0) -> Decide:
    """What a policy decides, before it is put into words; arguments and errors as for :func:`policy`."""
    if name == "random":
        return lambda doc: _random(doc, seed)
    try:
        return _POLICIES[name]
    except KeyError:
        raise ValueError(f"unknown policy {name!r}; choose one of {', '.join(POLICIES)}") from None


def respond(doc: Mapping[str, Any], decision: Decision) -> str:
    """A decision in the words, and in the form, that the document's prompt asks for."""
    words = _WORDS.get(doc["language"], _WORDS["en"])
    form = form_of(doc["protocol"], len(doc["pieces"]))
    if form == "yes_no":
        return {"conflict": words.yes, "value": words.no, "unknown": words.unknown}[decision.kind]
    if form == "letter":
        return _letter(doc, decision)
    said = _in_words(doc, decision, words)
    if form == "final_line" and doc["protocol"] == "quote":
        lines = [words.said.format(number=place + 1, value=_shown(doc, place)) for place in range(len(doc["pieces"]))]
        return "\n".join([*lines, words.answer + said])
    return f"{words.thinking}\n{words.final}{said}" if form == "final_line" else said


def _in_words(doc: Mapping[str, Any], decision: Decision, words: _Words) -> str:
    if decision.kind == "unknown":
        return words.unknown
    if decision.kind == "conflict":
        return words.conflict + (words.report.format(_shown(doc, 0), _shown(doc, 1)) if decision.reports else "")
    return (words.no_conflict if decision.denies else "") + decision.written


def _letter(doc: Mapping[str, Any], decision: Decision) -> str:
    """The letter of a decision; a value that is no option leaves nothing but not to know."""
    means = {"conflict": "conflict", "value": decision.side or "abstain", "unknown": "abstain"}[decision.kind]
    return next(option.letter for option in options_of(doc) if option.means == means)


def random_choice(item_id: str, seed: int, pieces: int) -> int:
    """What ``random`` does with an item: the number of the piece that it follows, or ``pieces`` for calling a conflict."""
    return Random(f"policy:{seed}:{item_id}").randrange(pieces + 1)


def _shown(doc: Mapping[str, Any], place: int) -> str:
    """The value of a piece, as written by default in the question's language."""
    return written(fact_of(doc), doc["pieces"][place]["side"], doc["language"])


def _value(doc: Mapping[str, Any], place: int, *, denies: bool = False) -> Decision:
    place = min(place, len(doc["pieces"]) - 1)
    return Decision("value", doc["pieces"][place]["side"], _shown(doc, place), denies=denies)


def _follow_modality(modality: Modality) -> Decide:
    def decide(doc: Mapping[str, Any]) -> Decision:
        modalities = [piece["modality"] for piece in doc["pieces"]]
        return _value(doc, modalities.index(modality) if modality in modalities else 0)

    return decide


def _oracle(doc: Mapping[str, Any]) -> Decision:
    return Decision("conflict", reports=True) if doc["relation"] == "conflict" else _value(doc, 0)


def _random(doc: Mapping[str, Any], seed: int) -> Decision:
    choice = random_choice(doc["item_id"], seed, len(doc["pieces"]))
    return CONFLICT if choice == len(doc["pieces"]) else _value(doc, choice)


def _rule(doc: Mapping[str, Any]) -> Decision:
    fact = fact_of(doc)
    found = [
        values
        for piece in doc["pieces"]
        if piece["text"] is not None
        and (values := values_in(piece["text"], fact.question.get(piece["language"], doc["question"]), fact.kind))
    ]
    if not found:
        return UNKNOWN
    common = [canonical for canonical in found[0] if all(canonical in values for values in found)]
    return _as_written(fact, common[0], found[0][common[0]]) if common else CONFLICT


def _as_written(fact: Fact, canonical: str, text: str) -> Decision:
    sides = _sides_among(fact, {canonical})
    return Decision("value", sides[0] if sides else None, text)


def _match_options(doc: Mapping[str, Any]) -> Decision:
    if not doc["options"]:
        return _rule(doc)
    fact = fact_of(doc)
    passages = [piece["text"] for piece in doc["pieces"] if piece["text"] is not None]
    held = [{reading for mention in mentions(passage, fact.kind) for reading in mention.readings} for passage in passages]
    sides: set[Side] = {side for values in held for side in _sides_among(fact, values)}
    if len(sides) == 2:
        return CONFLICT
    return Decision("value", sides.pop()) if sides else UNKNOWN


def _sides_among(fact: Fact, values: set[str]) -> list[Side]:
    sides: tuple[Side, Side] = ("a", "b")
    return [side for side in sides if any(_is(value, fact.value(side).canonical) for value in values)]


def _is(found: str, canonical: str) -> bool:
    """Whether what a reader found is a value, a date without its year included."""
    return found == canonical or (found.startswith("--") and canonical.endswith(found[1:]))


def values_in(passage: str, question: str, kind: Kind) -> dict[str, str]:
    """All values of a kind in a passage, canonical form → as written, nearest to the words of the question first."""
    words = {word for _, word in _words_of(question)}
    places = [at for at, word in _words_of(passage) if word in words]

    def distance(mention: Mention) -> int:
        return min((abs(mention.start - place) for place in places), default=mention.start)

    candidates = sorted((one for one in mentions(passage, kind) if one.level != FOREIGN), key=distance)
    values: dict[str, str] = {}
    for mention in candidates:
        values.setdefault(mention.readings[0], passage[mention.start : mention.end])
    return values


def _words_of(text: str) -> list[tuple[int, str]]:
    """Words of at least four letters, and pairs of Chinese characters, with their places."""
    low = text.lower()
    longer = [(match.start(), match[0]) for match in re.finditer(r"[^\W\u3400-\u9fff]{4,}", low)]
    pairs = [(match.start(), match[1]) for match in re.finditer(r"(?=([\u3400-\u9fff]{2}))", low)]
    return longer + pairs


_POLICIES: Mapping[str, Decide] = {
    "oracle": _oracle,
    "follow_first": lambda doc: _value(doc, 0),
    "follow_second": lambda doc: _value(doc, 1),
    "follow_image": _follow_modality("image"),
    "follow_text": _follow_modality("text"),
    "always_conflict": lambda doc: CONFLICT,
    "never_conflict": lambda doc: _value(doc, 0, denies=True),
    "rule": _rule,
    "match_options": _match_options,
}

POLICIES: tuple[str, ...] = (*_POLICIES, "random")
"""Names of the policies."""
