r"""A row of instruction data, checked and brought into one form.

Two forms are read, ``messages`` as TRL has it and ``conversations`` as LLaVA has it::

    {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]},
                  {"role": "assistant", "content": "A tram."}], "images": ["tram.png"]}
    {"id": "7", "image": "tram.png", "conversations": [{"from": "human", "value": "<image>\nWhat is it?"},
                                                      {"from": "gpt", "value": "A tram."}]}

``<image>`` in any text stands for the next image. An instance ends as content parts throughout, its images in the order of their
placeholders. Image parts that are numbered (``"index": 0``) stand for the image of that number.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PLACEHOLDER = "<image>"
ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
"""Roles as rows write them → as TRL reads them."""
FIELDS = frozenset({"messages", "conversations", "images", "image", "id"})
"""The fields that a row may have."""

Part = dict[str, Any]
Message = dict[str, Any]


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


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: a file, or bytes that came with the row."""

    path: str | None
    """Absolute path of the file; for bytes, the name that they came under, if any."""
    data: bytes | None
    """The encoded image; None where ``path`` is a file."""
    size: int
    """Bytes of the file or of ``data``."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One row's conversation: the unit that is mixed and never split."""

    system: str | None
    """Its system message."""
    messages: list[Message]
    """User and assistant in turn, user first and assistant last; ``content`` is a list of parts, ``{"type": "image"}`` or
    ``{"type": "text", "text": …}``."""
    pictures: list[Picture]
    """In the order of their placeholders."""
    id: str
    """As the row names itself; empty if it does not."""


def instance_of(row: object, root: str, ignored: frozenset[str] = frozenset()) -> Instance:
    """Check a row and bring it into the one form.

    Args:
        row: as it was read.
        root: the directory that paths of images are relative to.
        ignored: fields to pass over.

    Raises:
        FieldError: a field is missing, unknown or wrong, roles do not alternate, a turn is empty, an image is missing, or the
            placeholders are not as many as the images.
    """
    if not isinstance(row, Mapping):
        raise FieldError("(row)", f"must be an object, not {_shown(row)}")
    fields = {name: value for name, value in row.items() if value is not None and name not in ignored}
    unknown = fields.keys() - FIELDS
    if unknown:
        raise FieldError(
            min(unknown), f"unknown field; allowed: {', '.join(sorted(FIELDS))} (or ignore={'+'.join(sorted(unknown))})"
        )
    pictures = _pictures(fields, root)
    name = _one_of(fields, "messages", "conversations")
    read = _message if name == "messages" else _llava_message
    turns = [read(turn, f"{name}.{place}") for place, turn in enumerate(_list(fields[name], name))]
    _check_roles(turns, name)
    if name == "messages" and pictures:
        _place_images(turns, len(pictures))
    contents = [_parts(content, f"{name}.{place}") for place, (_, content) in enumerate(turns)]
    _check_images(turns, contents, len(pictures), name)
    pictures = _by_index(contents, pictures, name)
    system = None
    if turns[0][0] == "system":
        system = "".join(part["text"] for part in contents.pop(0))
        del turns[0]
    messages = [{"role": role, "content": parts} for (role, _), parts in zip(turns, contents, strict=True)]
    return Instance(system, messages, pictures, _unicode(str(fields.get("id", "")), "id"))


def _one_of(fields: Mapping[str, Any], *names: str) -> str:
    found = [name for name in names if name in fields]
    if len(found) != 1:
        raise FieldError(names[0], f"a row has either {' or '.join(names)}, and this one has {'both' if found else 'neither'}")
    return found[0]


def _list(value: object, field: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise FieldError(field, f"must be a list with something in it, not {_shown(value)}")
    return value


def _object(value: object, field: str, allowed: tuple[str, ...], needed: tuple[str, ...]) -> Mapping[str, Any]:
    """The value without its empty fields: columnar formats write a null for every field that some other row has."""
    if not isinstance(value, Mapping):
        raise FieldError(field, f"must be an object, not {_shown(value)}")
    fields = {name: one for name, one in value.items() if one is not None}
    for name in fields:
        if name not in allowed:
            raise FieldError(f"{field}.{name}", f"unknown field; allowed: {', '.join(allowed)}")
    for name in needed:
        if name not in fields:
            raise FieldError(f"{field}.{name}", "missing")
    return fields


def _role(value: object, field: str, allowed: Mapping[str, str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise FieldError(field, f"must be one of {', '.join(allowed)}, not {_shown(value)}")
    return allowed[value]


_TRL_ROLES = {role: role for role in ("user", "assistant", "system")}


def _message(value: object, field: str) -> tuple[str, str | list[Part]]:
    fields = _object(value, field, ("role", "content"), ("role", "content"))
    role, content = _role(fields["role"], f"{field}.role", _TRL_ROLES), fields["content"]
    if isinstance(content, str):
        return role, content
    parts = _list(content, f"{field}.content")
    return role, [_part(part, f"{field}.content.{place}") for place, part in enumerate(parts)]


def _llava_message(value: object, field: str) -> tuple[str, str]:
    fields = _object(value, field, ("from", "value"), ("from", "value"))
    if not isinstance(fields["value"], str):
        raise FieldError(f"{field}.value", f"must be a string, not {_shown(fields['value'])}")
    return _role(fields["from"], f"{field}.from", ROLES), fields["value"]


def _part(value: object, field: str) -> Part:
    """A content part. An image keeps its ``index``, as some datasets have it, for :func:`_by_index`."""
    fields = _object(value, field, ("type", "text", "index"), ("type",))
    if fields["type"] == "image" and not fields.get("text"):
        index = fields.get("index")
        if index is not None and type(index) is not int:
            raise FieldError(f"{field}.index", f"must be a whole number, not {_shown(index)}")
        return {"type": "image"} if index is None else {"type": "image", "index": index}
    if fields["type"] != "text":
        raise FieldError(f"{field}.type", f"must be 'text', or 'image' without a text, not {_shown(fields['type'])}")
    if not isinstance(fields.get("text"), str):
        raise FieldError(f"{field}.text", f"must be a string, not {_shown(fields.get('text'))}")
    return {"type": "text", "text": fields["text"]}


def _check_roles(turns: Sequence[tuple[str, Any]], name: str) -> None:
    first = 1 if turns[0][0] == "system" else 0
    for place, (role, _) in enumerate(turns[first:], start=first):
        expected = "assistant" if (place - first) % 2 else "user"
        if role != expected:
            raise FieldError(f"{name}.{place}", f"wrong order of roles: {role} where {expected} was due")
    if turns[-1][0] != "assistant":
        raise FieldError(f"{name}.{len(turns) - 1}", f"the last turn must be the assistant's, not the {turns[-1][0]}'s")


def _place_images(turns: list[tuple[str, Any]], count: int) -> None:
    """TRL's rule: images of a conversation of plain strings without placeholders stand before its first user text."""
    if any(not isinstance(content, str) or PLACEHOLDER in content for _, content in turns):
        return
    first = next(place for place, (role, _) in enumerate(turns) if role == "user")
    turns[first] = ("user", PLACEHOLDER * count + turns[first][1])


def _parts(content: str | list[Part], field: str) -> list[Part]:
    """Content as parts. Blank space around a placeholder goes: chat templates write their own."""
    parts: list[Part] = []
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        if part["type"] == "image" or PLACEHOLDER not in part["text"]:
            parts.append(part)
            continue
        pieces = part["text"].split(PLACEHOLDER)
        for place, piece in enumerate(pieces):
            text = piece.lstrip() if place else piece
            text = text.rstrip() if place < len(pieces) - 1 else text
            parts += [{"type": "image"}] if place else []
            parts += [{"type": "text", "text": text}] if text else []
    if not any(part["type"] == "image" or part["text"].strip() for part in parts):
        raise FieldError(field, "empty turn")
    if any(not _is_unicode(part.get("text", "")) for part in parts):
        raise FieldError(field, "half a surrogate pair, which no file of UTF-8 can hold")
    return parts


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _unicode(text: str, field: str) -> str:
    if not _is_unicode(text):
        raise FieldError(field, f"{_shown(text)} holds half a surrogate pair, which no file of UTF-8 can hold")
    return text


def _check_images(turns: Sequence[tuple[str, Any]], contents: Sequence[list[Part]], count: int, name: str) -> None:
    placeholders = 0
    for place, ((role, _), parts) in enumerate(zip(turns, contents, strict=True)):
        here = sum(part["type"] == "image" for part in parts)
        if here and role != "user":
            raise FieldError(f"{name}.{place}", f"an image in a turn of the {role}; only users show images")
        placeholders += here
    if placeholders != count:
        raise FieldError(name, f"{placeholders} image placeholders and {count} images")


def _by_index(contents: Sequence[list[Part]], pictures: list[Picture], name: str) -> list[Picture]:
    """The images in the order of their placeholders, whose numbers, if they have any, go."""
    found = [part.pop("index", None) for parts in contents for part in parts if part["type"] == "image"]
    if all(index is None for index in found):
        return pictures
    if set(found) != set(range(len(pictures))):
        shown = ", ".join("none" if index is None else str(index) for index in found)
        raise FieldError(name, f"images numbered {shown}; must be 0 to {len(pictures) - 1}, each once")
    return [pictures[index] for index in found]


def _pictures(fields: Mapping[str, Any], root: str) -> list[Picture]:
    given = [name for name in ("images", "image") if name in fields]
    if not given:
        return []
    if len(given) > 1:
        raise FieldError("image", "a row has either image or images, and this one has both")
    (name,) = given
    value = fields[name]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_picture(one, root, f"{name}.{place}") for place, one in enumerate(value)]
    return [_picture(value, root, name)]


def _picture(value: object, root: str, field: str) -> Picture:
    path, data = value, None
    if isinstance(value, Mapping):
        fields = _object(value, field, ("bytes", "path"), ())
        path, data = fields.get("path"), fields.get("bytes")
    if isinstance(data, bytes) and data:
        return Picture(_unicode(path, field) if isinstance(path, str) else None, data, len(data))
    if data or not isinstance(path, str) or not path:
        raise FieldError(field, f"must be a path, or an object with bytes or path, not {_shown(value)}")
    if "\0" in _unicode(path, field):
        raise FieldError(field, f"{_shown(path)} holds a null byte, which no path can hold")
    if "://" in path:
        raise FieldError(field, f"{path} is an address; images must be files or bytes")
    path = os.path.abspath(os.path.join(root, path))
    try:
        found = os.stat(path)
    except OSError as error:
        raise FieldError(field, f"there is no image {path} ({error.strerror})") from None
    if not stat.S_ISREG(found.st_mode):
        raise FieldError(field, f"{path} is no file")
    return Picture(path, None, found.st_size)


def _shown(value: object, longest: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}…"
