"""Which arms stand against which: two pieces of one kind against two pieces of different kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cmqa_tasks.facts.records import ARMS

Kinds = tuple[tuple[str, str], ...]
_LANGUAGES = {"english": "en"}


@dataclass(frozen=True, slots=True)
class Contrast:
    """A comparison of groups of arms within one model."""

    name: str
    title: str
    same_name: str
    """What the arms of one kind are called: ``unimodal``."""
    across_name: str
    same: tuple[str, ...]
    """Arms whose two pieces are of one kind; the gap is their ``balanced`` minus that of ``across``."""
    across: tuple[str, ...]
    preference: str
    """The preference that is asked for in ``across``: ``image``, ``english`` or another language's tag; empty for none."""
    own: Mapping[str, Kinds] = field(default_factory=dict)
    """The pieces of arms that do not come with the package, single ones included."""

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms with two pieces."""
        return self.same + self.across

    @property
    def singles(self) -> Mapping[str, tuple[str, str]]:
        """By arm, the single arms of its two pieces' kinds; an empty name where there is none."""
        return {arm: self._singles(arm) for arm in self.arms}

    def pieces(self, arm: str) -> Kinds:
        """(modality, language) of each piece of an arm, in order."""
        return self.own[arm] if arm in self.own else ARMS[arm].pieces

    def prefers(self, kind: tuple[str, str]) -> bool:
        """Whether a piece is of the kind that is asked for."""
        return (_LANGUAGES.get(self.preference, self.preference)) in kind

    def _singles(self, arm: str) -> tuple[str, str]:
        """Of the same family where it has one (the texts of ``text`` and ``en`` are the same, their items are not)."""
        family = ARMS[arm].family if arm in ARMS else ""
        known: dict[str, tuple[Kinds, str]] = {name: (shipped.pieces, shipped.family) for name, shipped in ARMS.items()}
        known |= {name: (pieces, "") for name, pieces in self.own.items()}
        first, second = (
            min(
                (name for name, (pieces, _) in known.items() if pieces == (kind,)),
                key=lambda name: known[name][1] != family,
                default="",
            )
            for kind in self.pieces(arm)
        )
        return first, second


CONTRASTS: tuple[Contrast, ...] = (
    Contrast(
        "cmqa",
        "Across modalities",
        "unimodal",
        "cross-modal",
        ("text_text", "image_image"),
        ("image_text", "text_image"),
        "image",
    ),
    Contrast("clqa", "Across languages", "monolingual", "cross-lingual", ("en_en", "zh_zh"), ("en_zh", "zh_en"), "english"),
    Contrast(
        "cmqa_bilingual",
        "Across modalities and languages",
        "cross-modal in English",
        "cross-modal in two languages",
        ("image_text", "text_image"),
        ("zhimage_text", "text_zhimage", "image_zhtext", "zhtext_image"),
        "image",
    ),
)
"""The contrasts of the arms that come with the package; :mod:`cmqa_tasks.reports.board.own_arms` makes those of others."""
