"""``messages`` with roles and content, as TRL, OpenAI, Qwen and ms-swift write them.

A content is a text or a list of parts; an image part stands for the next image of the row, or holds its own::

    {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]},
                  {"role": "assistant", "content": "A tram."}], "images": ["tram.png"]}
    {"type": "image", "image": "tram.png"}      {"type": "image_url", "image_url": {"url": "data:image/png;base64,…"}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmqa_tasks.training.formats.fields import FieldError, Form, Turn, fields_of, full_list, shown, text_of
from cmqa_tasks.training.rows import Part

ROLES = {role: role for role in ("user", "assistant", "system")}
_KINDS = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "image": "image",
    "image_url": "image",
    "input_image": "image",
}
"""Types of parts → what they are."""
_IMAGES = ("image", "image_url", "url", "path", "base64", "bytes", "source")
"""The fields that a part can hold its image in."""
_FIELDS = ("type", "text", "index", *_IMAGES, "detail")
"""Of a part. ``detail`` is a wish to a server about its own resolution."""


def turns_of(value: object, name: str) -> list[Turn]:
    """Turns from a list of messages, the field ``name`` of a row."""
    return [turn_of(message, f"{name}.{place}") for place, message in enumerate(full_list(value, name))]


def turn_of(value: object, field: str) -> Turn:
    """One message."""
    fields = fields_of(value, field, ("role", "content"), ("role", "content"))
    role, content = role_of(fields["role"], f"{field}.role", ROLES), fields["content"]
    if isinstance(content, str):
        return Turn(role, content, field)
    parts = full_list(content, f"{field}.content")
    return Turn(role, [_part(part, f"{field}.content.{place}") for place, part in enumerate(parts)], field)


def role_of(value: object, field: str, allowed: Mapping[str, str]) -> str:
    """A role as the trainer calls it."""
    if not isinstance(value, str) or value not in allowed:
        raise FieldError(field, f"must be one of {', '.join(allowed)}, not {shown(value)}")
    return allowed[value]


def _part(value: object, field: str) -> Part:
    fields = fields_of(value, field, _FIELDS)
    kind = fields.get("type", "text" if "text" in fields else "image" if "image" in fields else None)
    if kind not in _KINDS or (_KINDS[kind] == "image" and fields.get("text")):
        allowed = "'text', or 'image' or 'image_url' without a text"
        raise FieldError(f"{field}.type", f"must be {allowed}, not {shown(kind)}" if kind else "missing")
    if _KINDS[kind] == "image":
        return _image_part(fields, field)
    for name in fields.keys() - {"type", "text"}:
        if fields[name] != "":
            raise FieldError(f"{field}.{name}", f"a part of text has no {name}")
    return {"type": "text", "text": text_of(fields.get("text"), f"{field}.text")}


def _image_part(fields: Mapping[str, Any], field: str) -> Part:
    """An image part, with the image that it holds or the index of one."""
    index = fields.get("index")
    if index is not None and type(index) is not int:
        raise FieldError(f"{field}.index", f"must be a whole number, not {shown(index)}")
    held = [name for name in _IMAGES if name in fields and fields[name] != ""]
    if len(held) > 1 or (held and index is not None):
        raise FieldError(f"{field}.{held[-1]}", f"a part has one image, and this one has {', '.join(held)} and index {index}")
    part: Part = {"type": "image"} if index is None else {"type": "image", "index": index}
    if held:
        part["image"] = _address(fields[held[0]], f"{field}.{held[0]}")
    return part


def _address(value: object, field: str) -> object:
    """What a part holds, without the objects that APIs put around it."""
    if isinstance(value, Mapping) and "url" in value:
        return fields_of(value, field, ("url", "detail"), ("url",))["url"]
    if isinstance(value, Mapping) and "data" in value:
        return fields_of(value, field, ("type", "media_type", "data"), ("data",))["data"]
    return value


def _turns(fields: Mapping[str, Any], root: str) -> list[Turn]:
    return turns_of(fields["messages"], "messages")


FORM = Form("messages", _turns, places_images=True)
