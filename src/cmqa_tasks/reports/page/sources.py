"""Where an item's passages and pages come from: the release that its results name, if it is at hand and unaltered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cmqa_tasks.asking.items import items
from cmqa_tasks.asking.prompts import PromptError
from cmqa_tasks.asking.protocols import KNOWN
from cmqa_tasks.asking.question import Question, ask
from cmqa_tasks.facts.records import ARMS, SIDES, Fact, Item
from cmqa_tasks.facts.release import Release, load, shipped
from cmqa_tasks.results import Setting
from cmqa_tasks.worlds.own import read_jsonl


class Sources:
    """Releases by their SHA-256: those that ship with the package, and those that are named.

    Args:
        named: directories of releases, or ``.jsonl`` files of a user's own facts.

    Raises:
        cmqa_tasks.facts.release.ReleaseError: a named release is missing or altered.
        cmqa_tasks.worlds.own.OwnDataError: a line of a named file cannot be used.
    """

    def __init__(self, named: Sequence[str]) -> None:
        opened = [read_jsonl(one) if Path(one).suffix == ".jsonl" else load(one) for one in named]
        self._releases: dict[str, Release] = {one.fingerprint: one for one in opened}
        self._items: dict[tuple[str, str], dict[str, Item]] = {}

    def release(self, setting: Setting) -> Release | None:
        """The release of a setting; None where it is not at hand, or another one bears its name."""
        found = self._releases.get(setting.release_sha256)
        if found is None and setting.release in shipped():
            known = load(setting.release)
            self._releases[known.fingerprint] = known
            found = self._releases.get(setting.release_sha256)
        return found

    def item(self, setting: Setting, arm: str, identity: str) -> tuple[Release, Item, Fact] | None:
        """An item with its release and fact; None where the release is not at hand or has no such item."""
        release = self.release(setting)
        if release is None or arm not in ARMS:
            return None
        known = self._items.get((setting.release_sha256, arm))
        if known is None:
            known = {one.id: one for one in items(ARMS[arm], release.facts.values(), release.name)}
            self._items[setting.release_sha256, arm] = known
        found = known.get(identity)
        return None if found is None else (release, found, release.facts[found.fact_id])


def question(release: Release, item: Item, setting: Setting) -> Question | None:
    """What a model was asked under a setting; None where this version knows no such protocol or language.

    Raises:
        cmqa_tasks.facts.release.ReleaseError: the release lacks the item's evidence.
    """
    if setting.protocol not in KNOWN:
        return None
    try:
        return ask(item, release, setting.protocol, setting.language)
    except PromptError:
        return None


def form(asked: Question) -> str:
    """In which of the two ways of :mod:`cmqa_tasks.reports.page.reasons` the answers to a question are explained."""
    return "yes_no" if asked.form == "yes_no" else "words"


def evidence(asked: Question) -> list[dict[str, Any]]:
    """The pieces of a question for people: kind, language, and the value that each shows."""
    values = {side: asked.fact.value(side).canonical for side in SIDES}
    return [{"kind": piece.modality, "language": piece.language, "value": values[piece.side]} for piece in asked.pieces]
