"""The protocols: how the question is put, and in which form an answer is asked for and read.

The wording stands in ``prompts/<protocol>.<language>.j2``; what code must know of a protocol stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal, NamedTuple

from cmqa_tasks.facts.records import Fact, Side, content_id

Form = Literal["free", "final_line", "yes_no", "letter"]
"""How an answer is read.

``free``: whatever it says is read as a whole. ``final_line``: what follows the last mark of a final answer is read; without
one, the whole. ``yes_no``: does the evidence contradict itself? ``letter``: one of four lettered options.
"""
Meaning = Literal["a", "b", "conflict", "abstain"]

FORMS: Mapping[Form, str] = {
    "free": "a short answer in words, read as a whole",
    "final_line": "what follows the last “Final answer:” (or “Answer:”); the whole response where there is no such mark",
    "yes_no": "a yes or no; else a statement that the evidence does or does not contradict itself",
    "letter": "the letter of an option; else the response is read as words",
}
"""What each form reads, for people."""


class Protocol(NamedTuple):
    """One way of putting the question."""

    name: str
    form: Form = "free"
    """How answers to items with two pieces are read; see :func:`form_of` for items with one."""
    max_new_tokens: int = 256
    """Length that an answer may have."""


PROTOCOLS: Mapping[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("aware"),
        Protocol("neutral"),
        Protocol("detect", "yes_no"),
        Protocol("choice", "letter"),
        Protocol("reason", "final_line", max_new_tokens=1024),
        Protocol("quote", "final_line", max_new_tokens=512),
        Protocol("examiner"),
        Protocol("question_first"),
        Protocol("labelled"),
        Protocol("unlabelled"),
    )
}
"""The protocols by name; the first is the default."""
DEFAULT_PROTOCOL = "aware"
BARE = Protocol("bare")
"""Evidence and question without an instruction: the miniature's protocol, of which no grid of tasks is made."""
KNOWN: Mapping[str, Protocol] = {**PROTOCOLS, BARE.name: BARE}
"""Every protocol that answers can be read under."""


def protocol_named(name: str) -> Protocol:
    """Look up a protocol.

    Raises:
        ValueError: no such protocol; the message lists those that exist.
    """
    try:
        return KNOWN[name]
    except KeyError:
        raise ValueError(f"unknown protocol {name!r}; choose one of {', '.join(KNOWN)}") from None


def protocols_named(names: Sequence[str]) -> tuple[str, ...]:
    """The protocols that a command line names, each once; ``all`` is every one.

    Raises:
        ValueError: no such protocol; the message lists those that exist.
    """
    if "all" in names:
        return tuple(PROTOCOLS)
    return tuple(dict.fromkeys(protocol_named(name).name for name in names))


def form_of(protocol: str, pieces: int) -> Form:
    """How answers are read under a protocol, for items of one or two pieces.

    One piece alone can hardly contradict itself: ``detect`` asks its question plainly there.

    Raises:
        ValueError: no such protocol.
    """
    form = protocol_named(protocol).form
    return "free" if form == "yes_no" and pieces == 1 else form


@dataclass(frozen=True, slots=True)
class Option:
    """One lettered option of ``choice``."""

    letter: str
    means: Meaning
    text: str | None
    """The value in the question's language; None where the template has its own words."""


LETTERS = "ABCD"
_ORDERS = "buca ucab aucb ucba cabu abuc cbau bauc abuc cabu bauc cbau ucab buca ucba aucb".split()
"""Order of the options by the fact's rank modulo 16: the values, (c)onflict and (u)nknown.

Found by search, and held by tests: over sixteen facts, every option, and the value that is shown first, second or twice,
stands at every letter equally often; also among the facts that agree in one of the bits by which items are balanced.
"""
_EVERY_ORDER = tuple("".join(order) for order in permutations("abcu"))
_MEANINGS: Mapping[str, Meaning] = {"a": "a", "b": "b", "c": "conflict", "u": "abstain"}


def options(fact: Fact, language: str, turn: int | None = None) -> tuple[Option, ...]:
    """The options of an item.

    Args:
        fact: what it asks about.
        language: of the question.
        turn: its place among the fact's items, where they are crossed. The order is then drawn by a hash of the fact and turned
            from item to item, so that over four items every option stands once at every letter. Else it follows from the
            fact's rank: a conflict item and its twin have the same.
    """
    if turn is None:
        order = _ORDERS[fact.index % len(_ORDERS)]
    else:
        drawn = _EVERY_ORDER[int(content_id("options", fact.id), 16) % len(_EVERY_ORDER)]
        order = drawn[turn % len(drawn) :] + drawn[: turn % len(drawn)]
    meanings = [_MEANINGS[initial] for initial in order]
    return tuple(Option(letter, means, _text(fact, means, language)) for letter, means in zip(LETTERS, meanings, strict=True))


def _text(fact: Fact, means: Meaning, language: str) -> str | None:
    return written(fact, means, language) if means == "a" or means == "b" else None


def written(fact: Fact, side: Side, language: str) -> str:
    """A value as it is written by default in a language; in the fact's first language where it lacks that one."""
    surface = fact.value(side).surface
    return surface.get(language, next(iter(surface.values())))[0]
