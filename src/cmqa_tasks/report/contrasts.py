"""Which arms stand against which: two pieces of one kind against two pieces of different kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cmqa_tasks.records import ARMS, Arm


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
    """The preference that is asked for in ``across``: ``image`` or ``english``."""

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms with two pieces."""
        return self.same + self.across

    @property
    def singles(self) -> Mapping[str, tuple[str, str]]:
        """By arm, the single arms of its two pieces' kinds."""
        return {arm: _singles(ARMS[arm]) for arm in self.arms}


def _singles(arm: Arm) -> tuple[str, str]:
    """Of the same family where it has one (the texts of ``text`` and ``en`` are the same, their items are not)."""
    first, second = (
        min(
            (one for one in ARMS.values() if one.pieces == (kind,)),
            key=lambda one: one.family != arm.family,
        ).name
        for kind in arm.pieces
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
"""The contrasts of a leaderboard."""
