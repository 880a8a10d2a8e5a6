"""The sample browser's data: what was asked and answered, item by item, in groups that are packed one by one.

samples = Samples(entries, choose(entries, limit=5000), Sources([]), logs)
first = next(samples.groups())
first.items["0"].answers["0"].text
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmqa_tasks.asking.question import Question
from cmqa_tasks.facts.records import OUTCOMES, Piece, evidence_id
from cmqa_tasks.facts.release import Release, ReleaseError
from cmqa_tasks.reports.page import pack, segments, sources
from cmqa_tasks.reports.page.choice import Choice, ChosenItem
from cmqa_tasks.reports.page.segments import SegmentShares
from cmqa_tasks.reports.page.sources import Sources
from cmqa_tasks.results import Run
from cmqa_tasks.results.texts import Exchange, exchanges

_NOT_ASKED = "."
_NOTHING = Exchange("", "", "")


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """A piece of evidence: its text, or the number of its image in the group."""

    kind: str
    language: str
    value: str
    text: str | None = None
    image: int | None = None


@dataclass(frozen=True, slots=True)
class ShownPrompt:
    """An item as one protocol puts it."""

    parts: list[str | int]
    """Texts, and numbers where a piece stands."""
    target: str
    form: str
    """How :mod:`cmqa_tasks.reports.page.reasons` explains the answers."""
    logged: bool
    """Whether the harness's log is all that is known of it."""
    entries: list[int]
    """Who was asked so."""


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """A response, as far as it is shown."""

    text: str
    cut: tuple[int, int] | None
    """Where it is cut: characters shown and characters in all."""
    read: str | None
    attention: SegmentShares | None


@dataclass(frozen=True, slots=True)
class ShownItem:
    """All that is shown of an item."""

    pieces: list[ShownPiece]
    prompts: list[ShownPrompt]
    answers: dict[str, ShownAnswer]
    """By the number of the entry."""


@dataclass(frozen=True, slots=True)
class Group:
    """The items of a few facts, by their number on the page, and their images."""

    items: dict[str, ShownItem]
    images: list[str]


class _Images:
    """The images of a group; one that several items show is kept once."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def add(self, release: Release, fact: str, piece: Piece) -> int:
        key = release.fingerprint, evidence_id(fact, piece.side, piece.modality, piece.language, piece.variant)
        if key not in self._numbers:
            try:
                self.addresses.append(pack.address(release.image(fact, piece)))
            except OSError as error:
                raise ReleaseError(f"an image of fact {fact} in release {release.name!r} cannot be decoded: {error}") from error
            self._numbers[key] = len(self._numbers)
        return self._numbers[key]


class Samples:
    """Everything that the browser of items shows.

    Args:
        entries: whose answers.
        choice: which items.
        data: where their evidence comes from.
        logs: attention, by the number of the entry.

    Raises:
        cmqa_tasks.results.ResultsError: a line of a samples file is damaged.
        cmqa_tasks.attention.store.StoreError: an attention log is.
    """

    def __init__(self, entries: Sequence[Run], choice: Choice, data: Sources, logs: Mapping[int, Path]) -> None:
        self.entries, self.choice, self.data = entries, choice, data
        self.absent_releases: set[str] = set()
        """Releases that are not at hand, so that the evidence of their items is not shown."""
        self.unknown_protocols: set[str] = set()
        """Ways of asking that this version does not know, so that a prompt is not made again."""
        self._exchanges = [self._exchanges_of(number) for number in range(len(entries))]
        self._attention = [self._attention_of(number, logs) for number in range(len(entries))]

    def _wanted(self, number: int) -> dict[str, list[str]]:
        """By arm, the chosen items that an entry answered."""
        wanted: dict[str, list[str]] = {}
        for group in self.choice.groups:
            for item in group:
                if number in item.answers:
                    wanted.setdefault(item.arm, []).append(item.id)
        return wanted

    def _exchanges_of(self, number: int) -> dict[str, Exchange]:
        parts, texts = self.entries[number].parts, dict[str, Exchange]()
        for arm, wanted in self._wanted(number).items():
            texts |= exchanges(parts[arm], set(wanted))
        return texts

    def _attention_of(self, number: int, logs: Mapping[int, Path]) -> dict[str, SegmentShares]:
        if number not in logs:
            return {}
        wanted = [item for items in self._wanted(number).values() for item in items]
        return segments.read(logs[number], {part.stamp.task for part in self.entries[number].parts.values()}, wanted)

    def groups(self) -> Iterator[Group]:
        """The groups in order, each made when it is wanted.

        Raises:
            ReleaseError: an image cannot be decoded.
        """
        number = 0
        for group in self.choice.groups:
            addresses = _Images()
            items = {str(number + offset): self._item(item, addresses) for offset, item in enumerate(group)}
            number += len(group)
            yield Group(items, addresses.addresses)

    def index_of(self, groups: Iterable[int]) -> dict[str, Any]:
        """What the browser filters by, of some groups."""
        facts: dict[tuple[str, str], int] = {}
        rows, about = [], []
        for number in groups:
            for item in self.choice.groups[number]:
                key = item.release_sha256, item.fact
                if key not in facts:
                    facts[key] = len(facts)
                    about.append([self._question(item), pack.name(item.world), pack.name(item.type), pack.name(item.fact)])
                outcomes = "".join(_code(item, entry) for entry in range(len(self.entries)))
                rows.append([pack.name(item.id), pack.name(item.arm), item.relation, facts[key], number, outcomes])
        return {"outcomes": list(OUTCOMES), "facts": about, "items": rows}

    def _question(self, item: ChosenItem) -> str:
        for number in item.answers:
            known = self.data.item(self.entries[number].setting, item.arm, item.id)
            if known is not None:
                release, record = known
                question = release.facts[record.fact_id].question
                return pack.cut(question.get("en") or next(iter(question.values())))
        return ""

    def _item(self, item: ChosenItem, addresses: _Images) -> ShownItem:
        prompts: dict[tuple[str, str, str], ShownPrompt] = {}
        pieces: list[ShownPiece] = []
        for number in item.answers:
            setting = self.entries[number].setting
            key = setting.protocol, setting.language, setting.by
            if key not in prompts:
                prompts[key], shown = self._prompt(item, number, addresses)
                pieces = shown or pieces
            prompts[key].entries.append(number)
        return ShownItem(pieces, list(prompts.values()), {str(number): self._answer(item, number) for number in item.answers})

    def _prompt(self, item: ChosenItem, number: int, addresses: _Images) -> tuple[ShownPrompt, list[ShownPiece]]:
        """An item as one setting puts it: from the release, else as far as the harness kept it."""
        setting = self.entries[number].setting
        known = self.data.item(setting, item.arm, item.id)
        question = None
        try:
            if known is not None and (question := sources.question(*known, setting)) is None:
                self.unknown_protocols.add(pack.name(f"protocol {setting.protocol} in {setting.language}"))
        except ReleaseError:
            known = None
        if known is None:
            self.absent_releases.add(pack.name(f"{setting.release} ({setting.release_sha256[:8]})"))
        if known is None or question is None:
            exchange = self._exchanges[number].get(item.id, _NOTHING)
            return ShownPrompt([pack.cut(exchange.prompt)], pack.name(exchange.target), "words", True, []), []
        parts = [part.evidence if part.evidence is not None else pack.cut(part.text or "") for part in question.prompt]
        form = "yes_no" if question.form == "yes_no" else "words"
        return ShownPrompt(parts, pack.name(question.target), form, False, []), _pieces(question, known[0], addresses)

    def _answer(self, item: ChosenItem, number: int) -> ShownAnswer:
        response = self._exchanges[number].get(item.id, _NOTHING).response
        cut = (pack.TEXT, len(response)) if len(response) > pack.TEXT else None
        parsed = item.answers[number].parsed
        read = None if parsed is None else pack.name(parsed)
        return ShownAnswer(pack.cut(response), cut, read, self._attention[number].get(item.id))


def _pieces(question: Question, release: Release, addresses: _Images) -> list[ShownPiece]:
    shown = []
    for piece, passage in zip(question.pieces, question.passages, strict=True):
        value = pack.name(question.fact.value(piece.side).canonical)
        image = addresses.add(release, question.fact.id, piece) if passage is None else None
        text = None if passage is None else pack.cut(passage)
        shown.append(ShownPiece(piece.modality, piece.language, value, text, image))
    return shown


def _code(item: ChosenItem, number: int) -> str:
    """The outcome of an entry's answer as a digit."""
    answer = item.answers.get(number)
    return _NOT_ASKED if answer is None else str([*OUTCOMES].index(answer.outcome))  # type: ignore[arg-type]
