"""Where an item's passages and pages come from: the release that its results name, if it is at hand and unaltered."""

from __future__ import annotations

from collections.abc import Sequence

from cmqa_tasks.asking.items import items_of
from cmqa_tasks.asking.prompts import PromptError
from cmqa_tasks.asking.protocols import KNOWN
from cmqa_tasks.asking.question import Question, ask
from cmqa_tasks.facts.records import ARMS, Item
from cmqa_tasks.facts.release import Release, load, shipped
from cmqa_tasks.results import Setting
from cmqa_tasks.worlds.own import is_own, read_jsonl


class Sources:
    """Releases by their SHA-256: those that ship with the package, and those that are named.

    Raises:
        cmqa_tasks.facts.release.ReleaseError: a named release is missing or altered.
        cmqa_tasks.worlds.own.OwnDataError: a line of a named file cannot be used.
    """

    def __init__(self, named: Sequence[str]) -> None:
        opened = [read_jsonl(path) if is_own(path) else load(path) for path in named]
        self._releases: dict[str, Release] = {release.fingerprint: release for release in opened}
        self._items: dict[tuple[str, str], dict[str, Item]] = {}

    def release(self, setting: Setting) -> Release | None:
        """The release of a setting; None where it is not at hand, or another one bears its name."""
        if setting.release_sha256 not in self._releases and setting.release in shipped():
            release = load(setting.release)
            self._releases[release.fingerprint] = release
        return self._releases.get(setting.release_sha256)

    def item(self, setting: Setting, arm: str, item_id: str) -> tuple[Release, Item] | None:
        """An item with its release; None where the release is not at hand or has no such item."""
        release = self.release(setting)
        if release is None or arm not in ARMS:
            return None
        key = setting.release_sha256, arm
        if key not in self._items:
            self._items[key] = {item.id: item for item in items_of(ARMS[arm], release)}
        item = self._items[key].get(item_id)
        return None if item is None else (release, item)


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
