"""The languages that evidence is made in: one table.

A new language is one row of :data:`LANGUAGES`, one module beside this one that writes values in it, and its phrases
(``worlds/phrases/<code>/<world>.yaml``) for the worlds that shall speak it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cmqa_tasks.facts.canonical import check_canonical
from cmqa_tasks.facts.records import CANONICAL_FORMS, Kind
from cmqa_tasks.worlds.languages import chinese, english

__all__ = ["LANGUAGES", "Forms", "Language", "Written", "check_canonical", "language_named", "write"]

Forms = Mapping[str, str]
"""Named written forms of one value; the first is how it is shown by default."""


@dataclass(frozen=True, slots=True)
class Language:
    """How one language writes values, and where its phrases are."""

    name: str
    """Its English name."""
    forms: Mapping[Kind, Callable[[str], Forms]]
    """Per kind, what writes a canonical value in all its forms."""
    tidy: Callable[[str], str]
    """Takes away the white space that folded template lines leave in a passage."""
    phrases: Path
    """The directory of ``<world>.yaml`` files."""
    decimal_mark: str = "."
    """What stands between a number's whole part and its fraction."""
    both_layouts: bool = False
    """Whether pages show each value in both layouts, or both values in one, which then stands beside passages alone."""


_PHRASES = Path(__file__).parents[1] / "phrases"

LANGUAGES: dict[str, Language] = {
    "en": Language("English", english.FORMS, english.tidy, _PHRASES / "en", both_layouts=True),
    "zh": Language("Chinese", chinese.FORMS, chinese.tidy, _PHRASES / "zh"),
}
"""The languages by their BCP 47 tag; the first is the default."""


class Written(str):
    """A value as shown by default, with its other forms as attributes: ``{{ price }}``, ``{{ price.words }}``."""

    forms: Forms

    def __new__(cls, forms: Forms) -> Written:
        """A string that shows the first of the forms."""
        self = super().__new__(cls, next(iter(forms.values())))
        self.forms = forms
        return self

    def __getattr__(self, name: str) -> str:
        try:
            return self.__dict__["forms"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"{str(self)!r} has no form {name!r}; it has {', '.join(self.forms)}") from None


def language_named(code: str) -> Language:
    """Look up a language by its tag.

    Raises:
        ValueError: no such language; the message lists those that exist.
    """
    try:
        return LANGUAGES[code]
    except KeyError:
        raise ValueError(f"unknown language {code!r}; choose one of {', '.join(LANGUAGES)}") from None


def write(kind: Kind, canonical: str, language: str) -> Written:
    """Write a canonical value in a language.

    Raises:
        ValueError: no such language, it does not write this kind, or the value is not in the kind's canonical form.
    """
    spoken = language_named(language)
    if kind not in spoken.forms:
        raise ValueError(f"{kind} is not written in {spoken.name}; {', '.join(spoken.forms)} are")
    check_canonical(kind, canonical)
    try:
        return Written(spoken.forms[kind](canonical))
    except (ValueError, LookupError, ArithmeticError) as error:
        raise ValueError(f"{canonical!r} is no {kind} ({CANONICAL_FORMS[kind]}): {error}") from error
