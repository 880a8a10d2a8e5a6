"""Ways to call a conflict that need no understanding, and what they get: a release is only as good as they are bad at it.

A shortcut sees the values of the asked kind that stand in the two pieces of an item, in order, and what the question says. It
knows neither the two values of the fact nor which of the values in a piece the question is about. What a page writes is known
to it only where a reader of letters has read the page (``read_images``).

    >>> calls = UNTRAINED["each_lacks"]
    >>> calls(Seen(values=(("1200", "40"), ("1500", "40")), nearest=("1200", "40"), tallest=(None, None)))
    True

``benchmarks/validity.py`` adds the shortcuts that are trained, and prints all of them by arm and by type of fact.
"""

from __future__ import annotations

import gzip
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.facts.records import ARMS, Arm, Fact, Item, Kind, Piece, evidence_id
from cmqa_tasks.facts.release import Release
from cmqa_tasks.reading import FOREIGN, Mention, mentions
from cmqa_tasks.scoring.metrics import Scored, rates

AIM = 0.6
"""The most that a shortcut which learns nothing should get."""
LETTERS = "letters.jsonl.gz"
"""The file beside a release in which :func:`kept_letters` looks."""
_WITHIN_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z\d])|(?<=\d)(?=[A-Z])")
SAMPLED = 100
"""Facts that are looked at where a whole set would take too long."""
Lines = Sequence[tuple[str, float]]
"""What a reader of letters found on a page: lines from top to bottom, and the height of each in pixels."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The values of the asked kind in the two pieces of an item."""

    values: tuple[tuple[str, ...], tuple[str, ...]]
    """All of them in order of appearance, in canonical form; nothing for a page that was not read."""
    nearest: tuple[str | None, str | None]
    """The one that stands nearest to the words of the question."""
    tallest: tuple[str | None, str | None]
    """The one in the tallest letters, of a page."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An item with what a shortcut sees of it."""

    item: Item
    fact: Fact
    seen: Seen


_UNITS = {"km": ("m", "1000"), "g": ("mg", "1000"), "mcg": ("mg", "0.001")}
"""Unit → the unit that it is compared in, and how many of those it has."""


def alike(one_value: str, other: str) -> bool:
    """Whether two canonical forms may be the same value: ``--03-13`` may be ``2026-03-13``, ``24.99`` may be ``24.99 USD``.

    Lengths and doses are compared in one unit: ``2.4 km`` is ``2400 m``.
    """
    short, long = sorted((_in_one_unit(one_value), _in_one_unit(other)), key=len)
    return short == long or (short.startswith("--") and long.endswith(short[1:])) or long.startswith(f"{short} ")


@cache
def _in_one_unit(value: str) -> str:
    figure, _, unit = value.partition(" ")
    if unit not in _UNITS:
        return value
    base, factor = _UNITS[unit]
    return f"{(Decimal(figure) * Decimal(factor)).normalize():f} {base}"


def _within(value: str, values: Iterable[str]) -> bool:
    return any(alike(value, other) for other in values)


def _shared(seen: Seen) -> int:
    first, second = seen.values
    return sum(_within(value, second) for value in dict.fromkeys(first))


def _both_read(seen: Seen) -> bool:
    return all(seen.values)


def _each_lacks(seen: Seen) -> bool:
    first, second = seen.values
    return any(not _within(value, second) for value in first) and any(not _within(value, first) for value in second)


def _nearest(seen: Seen) -> bool:
    first, second = seen.nearest
    return first is not None and second is not None and not alike(first, second)


def _tallest(seen: Seen) -> bool:
    """The tallest value of each page is missing in the other piece."""
    other = (seen.values[1], seen.values[0])
    pages = [(value, other[index]) for index, value in enumerate(seen.tallest) if value is not None]
    return bool(pages) and _both_read(seen) and all(not _within(value, values) for value, values in pages)


UNTRAINED: Mapping[str, Callable[[Seen], bool]] = {
    "shared_none": lambda seen: _both_read(seen) and _shared(seen) == 0,
    "shared_at_most_one": lambda seen: _both_read(seen) and _shared(seen) <= 1,
    "each_lacks": _each_lacks,
    "nearest": _nearest,
    "tallest": _tallest,
}
"""The shortcuts that learn nothing: name → whether the pieces of an item contradict each other."""


def kept_letters(directory: Path, release: Release) -> dict[str, Lines]:
    """What a reader of letters found on a release's pages, by id of the evidence; nothing where nothing is kept beside it.

    The reader drops spaces: they are put back where a word begins with a capital or a number. ``benchmarks/letters.py`` made it.

    Args:
        directory: where the release's files lie.
        release: the one in it.

    Raises:
        ValueError: it was read off another release.
    """
    if not (directory / LETTERS).is_file():
        return {}
    head, *rows = map(json.loads, gzip.decompress((directory / LETTERS).read_bytes()).decode().splitlines())
    if head["release_sha256"] != release.fingerprint:
        raise ValueError(f"{directory / LETTERS} is of a release {head['release_sha256'][:8]}, not of {release.fingerprint[:8]}")
    return {row["id"]: [(_WITHIN_WORDS.sub(" ", text), float(height)) for text, height in row["lines"]] for row in rows}


class Reader:
    """Finds the values of pieces, and remembers them.

    Args:
        release: the facts and their evidence.
        read_images: what a reader of letters found on pages, by the id of the evidence; pages that it lacks are not read.
        facts: how many facts to look at, the first ones; by default all.
    """

    def __init__(self, release: Release, read_images: Mapping[str, Lines] | None = None, facts: int | None = None) -> None:
        self._release = release
        self._facts = list(release.facts.values())[:facts]
        self._pages = read_images or {}
        self._known: dict[tuple[str, Piece], tuple[tuple[str, ...], str | None, str | None]] = {}

    def judged(self, arm: Arm) -> Iterator[Judged]:
        """The items of an arm with two pieces."""
        for item in items_of(arm, self._release, self._facts):
            fact = self._release.fact(item.fact_id)
            first, second = (self._values(fact, piece) for piece in item.pieces)
            yield Judged(item, fact, Seen((first[0], second[0]), (first[1], second[1]), (first[2], second[2])))

    def _values(self, fact: Fact, piece: Piece) -> tuple[tuple[str, ...], str | None, str | None]:
        """(values in order, the one nearest to the question, the tallest)."""
        key = fact.id, piece
        if key not in self._known:
            lines = self._lines(fact, piece)
            text = "\n".join(line for line, _ in lines)
            heights = [(height, value) for line, height in lines for value in values_of(line, fact)]
            near = values_in(text, fact.question.get(piece.language, next(iter(fact.question.values()))), fact.kind)
            tallest = max(heights, key=lambda entry: entry[0])[1] if heights and piece.modality == "image" else None
            self._known[key] = tuple(values_of(text, fact)), next(iter(near), None), tallest
        return self._known[key]

    def _lines(self, fact: Fact, piece: Piece) -> Lines:
        if piece.modality == "text":
            return [(self._release.text(fact.id, piece), 0.0)]
        return self._pages.get(evidence_id(fact.id, piece.side, piece.modality, piece.language, piece.variant), ())


def values_of(text: str, fact: Fact) -> list[str]:
    """All values of a fact's kind in a text, in order, with repetitions."""
    return [mention.readings[0] for mention in kept_mentions(text, fact)]


def kept_mentions(text: str, fact: Fact) -> list[Mention]:
    """The mentions of a fact's kind in a text, without numbers of other things."""
    return [mention for mention in mentions(text, fact.kind) if mention.level != FOREIGN]


def values_in(passage: str, question: str, kind: Kind) -> dict[str, str]:
    """All values of a kind in a passage, canonical form → as written, nearest to the words of the question first."""
    words = {word for _, word in _words_of(question)}
    starts = [start for start, word in _words_of(passage) if word in words]

    def distance(mention: Mention) -> int:
        return min((abs(mention.start - start) for start in starts), default=mention.start)

    candidates = sorted((mention for mention in mentions(passage, kind) if mention.level != FOREIGN), key=distance)
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


def balanced_of(arm: Arm, calls: Iterable[tuple[Judged, bool]]) -> float:
    """The headline metric of calls on an arm's items, by the same functions as a model's: ``balanced``."""
    scored = [
        Scored(
            judged.item.relation,
            "conflict" if call else "correct",
            tuple((piece.modality, piece.language) for piece in judged.item.pieces),
        )
        for judged, call in calls
    ]
    return rates(arm, scored)["balanced"]


def untrained(arm: Arm, reader: Reader) -> dict[str, float]:
    """What every untrained shortcut gets on an arm (``balanced``; one half for a shortcut that finds nothing to go by)."""
    judged = list(reader.judged(arm))
    return {name: balanced_of(arm, ((entry, calls(entry.seen)) for entry in judged)) for name, calls in UNTRAINED.items()}


def open_to(release: Release, facts: int = SAMPLED, aim: float = AIM) -> list[tuple[str, str, float]]:
    """(arm, shortcut, balanced) of every shortcut that gets more than the aim on passages, by more than chance explains.

    Args:
        release: the facts and their passages; pages are not read.
        facts: how many of them to look at, the first ones.
        aim: the most that a shortcut should get.
    """
    reader, solved = Reader(release, facts=facts), []
    for arm in ARMS.values():
        if arm.single or any(modality != "text" for modality, _ in arm.pieces):
            continue
        judged = list(reader.judged(arm))
        for name, calls in UNTRAINED.items():
            balanced = balanced_of(arm, ((entry, calls(entry.seen)) for entry in judged))
            if balanced > aim + 1 / math.sqrt(len(judged)):  # two standard errors of a share of one half
                solved.append((arm.name, name, balanced))
    return solved
