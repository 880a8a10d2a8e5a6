"""Groups of English words that the cue tables share."""

from __future__ import annotations

SOURCE = (
    r"(?:images?|pictures?|photos?|photographs?|texts?|passages?|pages?|articles?|sources?|pieces?|evidence|documents?|"
    r"charts?|records?|reviews?|listings?|maps?|screenshots?|snippets?|graphics?|visuals?|descriptions?|captions?|notes?|"
    r"websites?|reports?|panels?|figures?|statements?|labels?|tags?|paragraphs?|excerpts?|posts?|letters?|emails?|"
    r"messages?|summary|referral|timetable|notice|posters?|sign|guide|newsletters?|advert|flyer|brochure|leaflet|scoreboard|ticket|letter|wristband|icon|diagram|dashboard|monitor|display)"
)
"""What a value may be ascribed to."""


def words(text: str) -> frozenset[str]:
    """A set of words."""
    return frozenset(text.split())


def listed(text: str) -> tuple[str, ...]:
    """Words in their order."""
    return tuple(text.split())


def pairs(*texts: str) -> frozenset[tuple[str, str]]:
    """A set of pairs of words."""
    return frozenset((first, second) for first, second in (text.split() for text in texts))


IDLE_NEGATIONS = pairs(
    "no doubt", "without doubt", "no question", "without question", "not only", "not just", "not merely", "without a",
    "no longer", "not surprisingly", "not simply",
)  # fmt: skip
"""Negator and next word that together negate nothing that follows."""
