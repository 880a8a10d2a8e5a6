"""What readers of rows say of a field: its checks, and the errors that name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cmqa_tasks.training.rows import Part

LONGEST = 60
"""Characters of a value that a message shows."""
LONGEST_PATH = 240


class FieldError(ValueError):
    """A field of a row cannot be used.

    Attributes:
        field: where in the row, such as ``messages.1.content``.
        problem: what is wrong, and what is allowed.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field, self.problem = _writable(field), _writable(problem)
        super().__init__(f"{self.field}: {self.problem}")


def _writable(text: str) -> str:
    """A text with half surrogate pairs, which no file of UTF-8 can hold, spelled out."""
    return text.encode(errors="backslashreplace").decode()


class Turn(NamedTuple):
    """One turn of a row, not yet checked against the others."""

    role: str
    """``system``, ``user`` or ``assistant``."""
    content: str | list[Part]
    """A text in which ``<image>`` stands for the next image, or parts. An image part may hold its ``image`` as the row gives it,
    or the ``index`` of one."""
    field: str
    """Where in the row it stands."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form of rows."""

    mark: str
    """The field that tells its rows, and holds the conversation or begins it."""
    turns: Callable[[Mapping[str, Any], str], list[Turn]]
    """Turns a row, given its fields and the directory of its images, into at least one turn; raises :class:`FieldError`."""
    fields: frozenset[str] = frozenset()
    """Its further fields, beside those of every form."""
    places_images: bool = False
    """Whether images without a placeholder stand before the first user text; otherwise each needs one."""


def full_list(value: object, field: str) -> Sequence[Any]:
    """The value, a list that is not empty."""
    if isinstance(value, str | bytes) or not isinstance(value, (list, Sequence)) or not value:
        raise FieldError(field, f"must be a list with something in it, not {shown(value)}")
    return value


def fields_of(value: object, field: str, allowed: Sequence[str], needed: Sequence[str] = ()) -> dict[str, Any]:
    """The value without its empty fields: columnar formats write a null for every field that some other row has."""
    if not isinstance(value, (dict, Mapping)):  # a dict is known at once
        raise FieldError(field, f"must be an object, not {shown(value)}")
    fields = {name: entry for name, entry in value.items() if entry is not None}
    for name in fields:
        if name not in allowed:
            raise FieldError(f"{field}.{name}", f"unknown field; allowed: {', '.join(allowed)}")
    for name in needed:
        if name not in fields:
            raise FieldError(f"{field}.{name}", "missing")
    return fields


def text_of(value: object, field: str) -> str:
    """The value, a string."""
    if not isinstance(value, str):
        raise FieldError(field, f"must be a string, not {shown(value)}")
    return value


def is_unicode(text: str) -> bool:
    """Whether a file of UTF-8 can hold a text."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def unicode(text: str, field: str) -> str:
    """The text, which a file of UTF-8 can hold."""
    if not is_unicode(text):
        raise FieldError(field, f"{shown(text)} holds half a surrogate pair, which no file of UTF-8 can hold")
    return text


def shown(value: object, longest: int = LONGEST) -> str:
    """A value as messages show it: long ones only as far as they help."""
    text = repr(value[: 2 * longest] if isinstance(value, str | bytes) else value)
    return text if len(text) <= longest else f"{text[:longest]}…"


def shown_path(path: str) -> str:
    """A path as messages show it: of a very long one, its beginning and its end."""
    half = LONGEST_PATH // 2
    return path if len(path) <= LONGEST_PATH else f"{path[:half]}…{path[-half:]}"
