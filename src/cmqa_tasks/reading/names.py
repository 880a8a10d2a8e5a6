"""Reader of names: an open class, so expected names are looked for as such and others recognised by their shape."""

from __future__ import annotations

import re

from cmqa_tasks.reading.mention import BARE, TYPED, Mention
from cmqa_tasks.reading.words_en import listed

_TYPES: tuple[tuple[str, ...], ...] = (
    ("street", "st", "str"),
    ("road", "rd"),
    ("avenue", "ave", "av"),
    ("lane", "ln"),
    ("drive", "dr"),
    ("boulevard", "blvd"),
    ("square", "sq"),
    ("place", "pl"),
    ("court", "ct"),
    ("station", "stn", "sta"),
    ("highway", "hwy"),
    ("parkway", "pkwy"),
    ("terrace", "ter", "terr"),
    ("crescent", "cres"),
    ("park", "pk"),
    ("saint", "st"),
    ("mount", "mt"),
    ("center", "centre", "ctr"),
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
    ("and", "&"),
)
_FULL_TYPES = listed(
    "street road avenue lane drive boulevard square station highway parkway terrace crescent park bridge gate close "
    "row way hill market hall quay pier harbour harbor circle alley plaza stop terminal mill green walk court place"
)
"""What a place name may end in. Used both to recognise other names and to tell a name's own word from its type."""
_ABBREVIATED = ("st", "rd", "ave", "ln", "blvd", "sq", "hwy", "pkwy", "stn", "dr")
_SHAPE = re.compile(
    r"(?:(?:St\.?|Mt\.?|[A-Z][\w']{0,30}|[0-9]{1,4}(?:st|nd|rd|th)|de|la|of)[ -]){1,4}(?:"
    + "|".join([*(word.capitalize() for word in _FULL_TYPES), *(word.capitalize() for word in _ABBREVIATED)])
    + r")(?![\w'])"
)
_LOWER_SHAPE = re.compile(r"[a-z'-]+ (?:street|road|avenue|lane|drive|boulevard|square|station)(?![\w'])")
_CAPITALISED = re.compile(r"(?:[A-Z][\w']{1,30}(?: (?:of|de|la|the|and))?[ -]){1,3}[A-Z][\w']{1,30}")
_LEADING = ("The ", "On ", "At ", "In ", "It ", "To ", "From ", "Near ", "Answer ", "Take ", "Along ", "Via ")
_SPACES = re.compile(r"[\s\-]+")


def _variants(token: str) -> str:
    spellings = {word for group in _TYPES if token in group for word in group}
    if spellings:
        return "(?:" + "|".join(re.escape(word) for word in sorted(spellings, key=len, reverse=True)) + r")\.?"
    return re.escape(token).replace("'", "'?") + r"\.?" * (len(token) <= 2)


def tolerant(name: str) -> re.Pattern[str]:
    """A pattern, over folded lower-case text, for a name in its usual spellings: *Saint Mary's Rd* for *St. Mary's Road*.

    It does not look behind, so that the engine can skip to its first letters: see :func:`cmqa_tasks.reading.plan.find`.
    """
    tokens = [token.rstrip(".") for token in _SPACES.split(name.lower().replace(",", " , ").strip()) if token.rstrip(".")]
    return re.compile(r"[\s\-]*".join(map(_variants, tokens)).replace(r"[\s\-]*,\.?[\s\-]*", r",?\s*") + r"(?!\w)")


def must_hold(name: str) -> str:
    """The longest stretch of letters that every spelling of a name holds, or nothing."""
    kinds = {word for group in _TYPES for word in group}
    return max((part for part in re.findall(r"[a-z0-9]{3,}", name.lower()) if part not in kinds), key=len, default="")


def own_part(name: str) -> str:
    """The words of a name without its type: *elm* of *Elm Street*; empty when nothing would be left or the type is odd."""
    tokens = name.lower().replace("-", " ").split()
    if len(tokens) < 2 or tokens[-1].rstrip(".") not in {*_FULL_TYPES, *_ABBREVIATED}:
        return ""
    return " ".join(token for token in tokens[:-1] if token != "the")


def name(text: str) -> list[Mention]:
    """Place-like names by their shape; the case of the text is kept."""
    found: list[Mention] = []
    for match in _SHAPE.finditer(text):
        start, written = match.start(), match[0]
        for lead in _LEADING:
            if written.startswith(lead):
                start, written = start + len(lead), written[len(lead) :]
                break
        if " " in written or "-" in written:
            found.append(Mention(start, match.end(), (written,), TYPED))
    taken = [(one.start, one.end) for one in found]
    for match in _CAPITALISED.finditer(text):
        start, written = match.start(), match[0]
        for lead in _LEADING:
            if written.startswith(lead):
                start, written = start + len(lead), written[len(lead) :]
                break
        clear = all(match.end() <= begin or end <= start for begin, end in taken)
        if clear and " " in written and not written.isupper():
            found.append(Mention(start, match.end(), (written,), BARE))
    found.sort()
    if not found and len(text) < 60:
        for match in _LOWER_SHAPE.finditer(text):
            if match[0].split()[0] not in ("the", "a", "this", "that", "which", "what", "of", "same"):
                found.append(Mention(match.start(), match.end(), (match[0],), BARE))
    return found
