"""How values are written, per language. A new language is one more module here and its phrases beside the worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cmqa_tasks.records import CANONICAL_FORMS, Kind
from cmqa_tasks.worlds.languages import english

Forms = Mapping[str, str]
"""Named written forms of one value; the first is how it is shown by default."""

WRITERS: Mapping[str, Callable[[Kind, str], Forms]] = {"en": english.forms}
"""Per language (BCP 47), the function that writes a canonical value in all its forms."""


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


def write(kind: Kind, canonical: str, language: str) -> Written:
    """Write a canonical value in a language.

    Raises:
        ValueError: no writer for this language, or the value is not in the kind's canonical form.
    """
    if language not in WRITERS:
        raise ValueError(f"no written forms for language {language!r}; there are {', '.join(WRITERS)}")
    try:
        return Written(WRITERS[language](kind, canonical))
    except (ValueError, KeyError) as error:
        raise ValueError(f"{canonical!r} is no {kind} ({CANONICAL_FORMS[kind]}): {error}") from error
