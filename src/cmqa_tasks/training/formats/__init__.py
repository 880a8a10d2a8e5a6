"""Rows of instruction data, whatever their form, as one instance record.

A module with a ``FORM`` is one form: the field that tells its rows, and a function that turns a row into turns. Adding a form is
adding a module. What all forms share is here: the fields that a row may have, where images come from, texts that stand for media
that nobody gave, and the order of roles.

``<image>`` in any text stands for the next image. An instance ends as content parts throughout, its images in the order of their
placeholders. Image parts that are numbered (``"index": 0``) stand for the image of that number.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cmqa_tasks.training.formats.fields import FieldError, Form, Turn, is_unicode, shown, unicode
from cmqa_tasks.training.formats.markers import PLACEHOLDER, marker_in, pieces
from cmqa_tasks.training.formats.pictures import picture_of
from cmqa_tasks.training.rows import Instance, Part, Picture

COMMON = frozenset({"images", "image", "id", "system"})
"""The fields that rows of every form may have."""
MEANINGFUL = frozenset(
    "videos video audios audio tools functions tool_calls history rejected chosen label "
    "instruction input output query response question answer".split()
)
"""Fields of other forms that the conversation is incomplete without: no message advises to pass over them."""


@cache
def forms() -> tuple[Form, ...]:
    """The forms that are read: those of all modules here that have one."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return tuple(module.FORM for module in modules if hasattr(module, "FORM"))


def instance_of(row: object, root: str, ignored: frozenset[str] = frozenset()) -> Instance:
    """Check a row and bring it into the one form.

    Args:
        row: as it was read.
        root: the directory that paths of images are relative to.
        ignored: fields to pass over.

    Raises:
        FieldError: a field is missing, unknown or wrong, roles do not alternate, a turn is empty, an image is missing, the
            placeholders are not as many as the images, or a text holds the marker of media that the row does not have.
    """
    if not isinstance(row, (dict, Mapping)):  # a dict is known at once
        raise FieldError("(row)", f"must be an object, not {shown(row)}")
    fields = {name: value for name, value in row.items() if value is not None and name not in ignored}
    form = _form_of(fields)
    given = {name: value for name, value in fields.items() if name == form.mark or not _is_empty(value)}
    _refuse_unknown(given, form)
    pictures = _column_of_pictures(given, root)
    turns = form.turns(given, root)
    if "system" in given:
        turns = [_system_column(given["system"], turns, form.mark), *turns]
    _check_roles(turns, form.mark)
    if pictures and form.places_images:
        _place_images(turns, len(pictures))
    contents = [_parts(turn) for turn in turns]
    pictures = _placed(turns, contents, pictures, root, form.mark)
    system = None
    if turns[0].role == "system":
        system = "".join(part["text"] for part in contents.pop(0))
        del turns[0]
    messages = [{"role": turn.role, "content": parts} for turn, parts in zip(turns, contents, strict=True)]
    return Instance(system, messages, pictures, unicode(str(given.get("id", "")), "id"))


def _is_empty(value: object) -> bool:
    """Whether a field says nothing: exports write ``""``, ``[]`` or nulls where a row has no image, system message or tools."""
    if isinstance(value, dict):
        return all(entry is None for entry in value.values())
    return not value and isinstance(value, Sequence)


def _form_of(fields: Mapping[str, Any]) -> Form:
    full = [form for form in forms() if form.mark in fields]
    if len(full) > 1:
        full = [form for form in full if not _is_empty(fields[form.mark])] or full
    if len(full) != 1:
        marks = [form.mark for form in forms()]
        present = " and ".join(form.mark for form in full) or f"none, but {', '.join(map(str, fields)) or 'no field at all'}"
        raise FieldError(full[0].mark if full else "(row)", f"a row has one of {', '.join(marks)}, and this one has {present}")
    return full[0]


def _refuse_unknown(fields: Mapping[str, Any], form: Form) -> None:
    known = _known(form)
    if fields.keys() <= known:
        return
    unknown = sorted(str(name) for name in fields.keys() - known)
    meaningful = [name for name in unknown if name in MEANINGFUL]
    if meaningful:
        raise FieldError(meaningful[0], f"not read, and the conversation is incomplete without: {shown(fields[meaningful[0]])}")
    allowed = ", ".join(sorted(known))
    noted = f"ignore={'+'.join(unknown)} passes over what is a note and nothing that a model should read"
    raise FieldError(unknown[0], f"unknown field; allowed: {allowed} ({noted})")


@cache
def _known(form: Form) -> frozenset[str]:
    return COMMON | form.fields | {form.mark}


def _system_column(value: object, turns: Sequence[Turn], mark: str) -> Turn:
    if not isinstance(value, str):
        raise FieldError("system", f"must be a string, not {shown(value)}")
    if turns[0].role == "system":
        raise FieldError("system", f"a row has one system message, and this one has another in {mark}.0")
    return Turn("system", value, "system")


def _check_roles(turns: Sequence[Turn], mark: str) -> None:
    first = 1 if turns[0].role == "system" else 0
    for place, turn in enumerate(turns[first:]):
        expected = "assistant" if place % 2 else "user"
        if turn.role != expected:
            raise FieldError(turn.field, f"wrong order of roles: {turn.role} where {expected} was due")
    if turns[-1].role != "assistant":
        raise FieldError(turns[-1].field, f"the last turn must be the assistant's, not the {turns[-1].role}'s")


def _place_images(turns: list[Turn], count: int) -> None:
    """TRL's rule: images of a conversation of plain strings without placeholders stand before its first user text."""
    if any(not isinstance(turn.content, str) or PLACEHOLDER in turn.content for turn in turns):
        return
    first = next(place for place, turn in enumerate(turns) if turn.role == "user")
    turns[first] = turns[first]._replace(content=PLACEHOLDER * count + str(turns[first].content))


def _parts(turn: Turn) -> list[Part]:
    """Content as parts. Blank space around a placeholder goes: chat templates write their own."""
    parts: list[Part] = []
    for part in [{"type": "text", "text": turn.content}] if isinstance(turn.content, str) else turn.content:
        parts += [part] if part["type"] == "image" else pieces(part["text"])
    says = False
    for part in parts:
        text = part.get("text")
        if text is None:
            says = True
            continue
        says = says or bool(text.strip())
        if not is_unicode(text):
            raise FieldError(turn.field, "half a surrogate pair, which no file of UTF-8 can hold")
        marker = marker_in(text)
        if marker is not None:
            raise FieldError(turn.field, f"the text holds {marker}, the marker of media that this row does not have")
    if not says:
        raise FieldError(turn.field, "empty turn")
    return parts


def _placed(turns: Sequence[Turn], contents: Sequence[list[Part]], column: list[Picture], root: str, mark: str) -> list[Picture]:
    """The images in the order of their placeholders, each from its part or else from the row's column."""
    shown_parts: list[Part] = []
    for turn, parts in zip(turns, contents, strict=True):
        if len(parts) == 1 and parts[0]["type"] == "text":
            continue
        here = [part for part in parts if part["type"] == "image"]
        if here and turn.role != "user":
            raise FieldError(turn.field, f"an image in a turn of the {turn.role}; only users show images")
        shown_parts += here
    inside = [part.pop("image", None) for part in shown_parts]
    if inside.count(None) < len(inside):
        if column or None in inside:
            raise FieldError(mark, "images within the parts and images beside them; a row has either")
        return [value if isinstance(value, Picture) else picture_of(value, root, mark) for value in inside]
    if len(shown_parts) != len(column):
        raise FieldError(mark, f"{len(shown_parts)} image placeholders and {len(column)} images")
    return _by_index(shown_parts, column, mark)


def _by_index(shown_parts: Sequence[Part], column: list[Picture], mark: str) -> list[Picture]:
    """The images in the order of their placeholders, whose numbers, if they have any, go."""
    numbers = [part.pop("index", None) for part in shown_parts]
    if numbers.count(None) == len(numbers):
        return column
    if set(numbers) != set(range(len(column))):
        listed = ", ".join("none" if number is None else str(number) for number in numbers)
        raise FieldError(mark, f"images numbered {listed}; must be 0 to {len(column) - 1}, each once")
    return [column[number] for number in numbers]


def _column_of_pictures(fields: Mapping[str, Any], root: str) -> list[Picture]:
    given = [name for name in ("images", "image") if name in fields]
    if not given:
        return []
    if len(given) > 1:
        raise FieldError("image", "a row has either image or images, and this one has both")
    (name,) = given
    value = fields[name]
    if not isinstance(value, str | bytes) and isinstance(value, Sequence):
        return (
            []
            if all(entry == "" for entry in value)
            else [picture_of(entry, root, f"{name}.{place}") for place, entry in enumerate(value)]
        )
    return [picture_of(value, root, name)]
