"""The sample browser's data: what was asked and answered, item by item, in groups that are packed one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cmqa_tasks.facts.records import OUTCOMES, Outcome
from cmqa_tasks.facts.release import ReleaseError
from cmqa_tasks.reports.page import pack, segments, sources
from cmqa_tasks.reports.page.album import Album
from cmqa_tasks.reports.page.choice import Asked, Choice
from cmqa_tasks.reports.page.sources import Sources
from cmqa_tasks.results import Entry
from cmqa_tasks.results.texts import Exchange, exchanges

_NOT_ASKED = "."


class Samples:
    """Everything that the browser of items shows.

    Args:
        entries: whose answers.
        choice: which items.
        data: where their evidence comes from.
        logs: attention, by the place of the entry.

    Raises:
        cmqa_tasks.results.ResultsError: a line of a samples file is damaged.
        cmqa_tasks.attention.store.StoreError: an attention log is.
    """

    def __init__(self, entries: Sequence[Entry], choice: Choice, data: Sources, logs: Mapping[int, Path]) -> None:
        self.entries, self.choice, self.data = entries, choice, data
        self.album = Album()
        self.strangers: set[str] = set()
        """Releases that are not at hand, so that the evidence of their items is not shown."""
        self.unknown: set[str] = set()
        """Ways of asking that this version does not know, so that a prompt is not made again."""
        self._exchanges = [self._said(place) for place in range(len(entries))]
        self._attention = [self._logged(place, logs) for place in range(len(entries))]

    def _wanted(self, place: int) -> dict[str, list[str]]:
        """By arm, the chosen items that an entry answered."""
        found: dict[str, list[str]] = {}
        for asked in self._all():
            if place in asked.answers:
                found.setdefault(asked.arm, []).append(asked.identity)
        return found

    def _all(self) -> Iterator[Asked]:
        return (asked for group in self.choice.groups for asked in group)

    def _said(self, place: int) -> dict[str, Exchange]:
        parts, found = self.entries[place].parts, dict[str, Exchange]()
        for arm, wanted in self._wanted(place).items():
            found |= exchanges(parts[arm], set(wanted))
        return found

    def _logged(self, place: int, logs: Mapping[int, Path]) -> dict[str, dict[str, Any]]:
        if place not in logs:
            return {}
        wanted = [identity for items in self._wanted(place).values() for identity in items]
        return segments.read(logs[place], {part.stamp.task for part in self.entries[place].parts.values()}, wanted)

    def groups(self) -> list[tuple[dict[str, Any], int]]:
        """The groups in order, each with how many images there are up to its end."""
        made, number = [], 0
        for group in self.choice.groups:
            first = len(self.album)
            items = {str(number + place): self._item(asked) for place, asked in enumerate(group)}
            number += len(group)
            made.append(({"first_image": first, "items": items}, len(self.album)))
        return made

    def index(self, groups: int) -> dict[str, Any]:
        """What the browser filters by, of the first groups."""
        facts: dict[tuple[str, str], int] = {}
        rows, about = [], []
        for number, group in enumerate(self.choice.groups[:groups]):
            for asked in group:
                key = asked.release_sha256, asked.fact
                if key not in facts:
                    facts[key] = len(facts)
                    about.append([self._question(asked), pack.name(asked.world), pack.name(asked.type), pack.name(asked.fact)])
                outcomes = "".join(self._code(asked, place) for place in range(len(self.entries)))
                rows.append([pack.name(asked.identity), pack.name(asked.arm), asked.relation, facts[key], number, outcomes])
        return {"outcomes": list(OUTCOMES), "facts": about, "items": rows}

    def _code(self, asked: Asked, place: int) -> str:
        """An outcome as a digit."""
        answer = asked.answers.get(place)
        return _NOT_ASKED if answer is None else str(OUTCOMES.index(_outcome(answer.outcome)))

    def _question(self, asked: Asked) -> str:
        for place in asked.answers:
            found = self.data.item(self.entries[place].setting, asked.arm, asked.identity)
            if found is not None:
                question = found[2].question
                return pack.cut(question.get("en") or next(iter(question.values())))
        return ""

    def _item(self, asked: Asked) -> dict[str, Any]:
        prompts: dict[tuple[str, str, str], dict[str, Any]] = {}
        pieces: list[dict[str, Any]] = []
        for place in asked.answers:
            setting = self.entries[place].setting
            key = setting.protocol, setting.language, setting.by
            if key not in prompts:
                prompts[key], pieces = self._prompt(asked, place, pieces)
            prompts[key]["entries"].append(place)
        answers = {str(place): self._answer(asked, place) for place in asked.answers}
        return {"pieces": pieces, "prompts": list(prompts.values()), "answers": answers}

    def _prompt(self, asked: Asked, place: int, pieces: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """An item as one setting puts it: from the release, else as far as the harness kept it."""
        setting = self.entries[place].setting
        found = self.data.item(setting, asked.arm, asked.identity)
        question = None
        try:
            if found is not None and (question := sources.question(found[0], found[1], setting)) is None:
                self.unknown.add(pack.name(f"protocol {setting.protocol} in {setting.language}"))
        except ReleaseError:
            found = None
        if found is None:
            self.strangers.add(pack.name(f"{setting.release} ({setting.release_sha256[:8]})"))
        if found is None or question is None:
            exchange = self._exchanges[place].get(asked.identity, Exchange("", "", ""))
            parts: list[str | int] = [pack.cut(exchange.prompt)]
            return {"parts": parts, "target": pack.name(exchange.target), "form": "words", "logged": True, "entries": []}, pieces
        release, item, fact = found
        parts = [part.evidence if part.evidence is not None else pack.cut(part.text or "") for part in question.prompt]
        pieces = [pack_piece(one) for one in sources.evidence(question)]
        for piece, shown in zip(item.pieces, pieces, strict=True):
            if piece.modality == "image":
                shown["image"] = self.album.add(release, fact.id, piece)
            else:
                shown["text"] = pack.cut(release.text(fact.id, piece))
        made = {"parts": parts, "target": pack.name(question.target), "form": sources.form(question), "entries": []}
        return made, pieces

    def _answer(self, asked: Asked, place: int) -> dict[str, Any]:
        answer, exchange = asked.answers[place], self._exchanges[place].get(asked.identity, Exchange("", "", ""))
        shown: dict[str, Any] = {"text": pack.cut(exchange.response)}
        if len(exchange.response) > pack.TEXT:
            shown["cut"] = [pack.TEXT, len(exchange.response)]
        if answer.parsed is not None:
            shown["read"] = pack.name(answer.parsed)
        if asked.identity in self._attention[place]:
            shown["attention"] = self._attention[place][asked.identity]
        return shown


def pack_piece(piece: dict[str, Any]) -> dict[str, Any]:
    """A piece whose value is safe to show."""
    return piece | {"value": pack.name(piece["value"])}


def _outcome(text: str) -> Outcome:
    return next(outcome for outcome in OUTCOMES if outcome == text)
