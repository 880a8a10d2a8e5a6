"""How texts and data lie in the page: nothing in them is markup, and nothing in them misleads the eye.

Data are JSON, gzipped, in base64: letters and digits that no HTML parser trips over, decoded by the browser when they are wanted.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import unicodedata
from typing import Any

NAME = 160
"""Characters of a name that are shown."""
TEXT = 4000
"""Characters of a response or passage that are shown."""
_LEVEL = 9
_KEPT = "\n\t"
_CONTROL_PICTURES = 0x2400
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""A text without invisible tricks: control characters as their pictures, marks that turn the direction as their codes.

    >>> visible("a\x00b\u202ec")
    'a␀b⟨U+202E⟩c'
    """
    shown = _DIRECTIONS.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
    return "".join(one if one in _KEPT or unicodedata.category(one) not in ("Cc", "Cs") else _picture(one) for one in shown)


def _picture(character: str) -> str:
    code = ord(character)
    return chr(_CONTROL_PICTURES + code) if code < 0x20 else f"⟨U+{code:04X}⟩"


def name(text: str) -> str:
    """A name on one line, cut visibly where it is very long."""
    line = " ".join(visible(text).split())
    return line if len(line) <= NAME else f"{line[:NAME]}… ({len(line):,} characters)"


def cut(text: str, length: int = TEXT) -> str:
    """The beginning of a text, made visible; callers say how long it was."""
    return visible(text[:length])


def dumps(content: Any) -> str:
    """Compact JSON, the same for the same content.

    Raises:
        ValueError: it holds a number that JSON has no form for.
    """
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def packed(text: str) -> str:
    """A text as gzip in base64, the same bytes for the same text."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), _LEVEL, mtime=0)).decode("ascii")


def image(data: bytes, kind: str) -> str:
    """An image as the part of a ``data:`` address behind ``data:``."""
    return f"{kind};base64,{base64.b64encode(data).decode('ascii')}"
