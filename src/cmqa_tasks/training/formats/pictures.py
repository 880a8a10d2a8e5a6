"""An image as a row gives it: a path, an address, an object with bytes or path, a data URI or base64."""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
from collections.abc import Mapping
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from cmqa_tasks.training.formats.fields import FieldError, fields_of, shown, shown_path, unicode
from cmqa_tasks.training.rows import Picture

_BASE64 = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR", "Qk0", "SUkq", "TU0A")
"""How PNG, JPEG, GIF, WebP, BMP and TIFF begin in base64."""
_SHORTEST_BASE64 = 64
_DATA_URI = re.compile(r"data:(?P<type>[^,;]*)(?P<options>[^,]*),", re.IGNORECASE)
_NEEDED = "must be a path, a data URI, base64, or an object with bytes or path"


def picture_of(value: object, root: str, field: str) -> Picture:
    """Read what a row gives for an image.

    Args:
        value: of the row.
        root: the directory that paths are relative to.
        field: where it stands in the row.

    Raises:
        FieldError: it is none of these, or there is no such file.
    """
    path, data = value, None
    if isinstance(value, Picture):
        return value
    if isinstance(value, str):
        pass  # by far the most frequent
    elif isinstance(value, Mapping):
        fields = fields_of(value, field, ("bytes", "path"))
        path, data = fields.get("path"), fields.get("bytes")
    elif isinstance(value, bytes):
        path, data = None, value
    if isinstance(data, bytes) and data:
        return Picture(unicode(path, field) if isinstance(path, str) else None, data, len(data))
    if data or not isinstance(path, str) or not path:
        raise FieldError(field, f"{_NEEDED}, not {shown(value)}")
    encoded = _decoded(path, field)
    if encoded is not None:
        return Picture(None, encoded, len(encoded))
    return _file(path, root, field)


def _decoded(text: str, field: str) -> bytes | None:
    """The bytes that a text itself holds; None where it is a path."""
    uri = _DATA_URI.match(text) if text[:5].lower() == "data:" else None
    if uri is None:
        return _from_base64(text) if text.startswith(_BASE64) and len(text) >= _SHORTEST_BASE64 else None
    rest = text[uri.end() :]
    data = _from_base64(rest) if "base64" in uri["options"].lower() else unquote_to_bytes(rest)
    if not data:
        raise FieldError(field, f"{shown(text)} is a data URI without readable data")
    return data


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _file(path: str, root: str, field: str) -> Picture:
    if "\0" in unicode(path, field):
        raise FieldError(field, f"{shown(path)} holds a null byte, which no path can hold")
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    if "://" in path:
        raise FieldError(field, f"{shown_path(path)} is an address; images must be files or bytes")
    path = os.path.abspath(os.path.join(root, path))
    try:
        status = os.stat(path)
    except OSError as error:
        raise FieldError(field, f"there is no image {shown_path(path)} ({error.strerror})") from None
    if not stat.S_ISREG(status.st_mode):
        raise FieldError(field, f"{shown_path(path)} is no file")
    return Picture(path, None, status.st_size)
