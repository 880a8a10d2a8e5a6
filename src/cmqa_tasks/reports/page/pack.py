"""How texts, images and data lie in the page: nothing in them is markup, and nothing in them misleads the eye.

Data are JSON, gzipped, in base64: letters and digits that no HTML parser trips over, decoded by the browser when they are wanted.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
from typing import Any

from PIL import Image

from cmqa_tasks.writing.text import visible

NAME = 160
"""Characters of a name that are shown."""
TEXT = 4000
"""Characters of a response or passage that are shown."""
_LEVEL = 9
_SHOWN_BY_BROWSERS = {"WEBP": "image/webp", "PNG": "image/png", "JPEG": "image/jpeg"}
"""By Pillow's names; anything else is encoded anew."""
_LARGE = 100_000
"""Bytes above which an image is encoded anew: a page of a release has 15,000, a photograph of a user's own has millions."""
_WIDTH, _QUALITY = 960, 80


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


def address(data: bytes) -> str:
    """The address under which a browser shows an image.

    Raises:
        OSError: the image cannot be decoded.
    """
    with Image.open(io.BytesIO(data)) as image:
        kind = _SHOWN_BY_BROWSERS.get(str(image.format))
        if kind is None or len(data) > _LARGE:
            kind, data = "image/webp", _encoded(image)
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _encoded(image: Image.Image) -> bytes:
    """At most 960 pixels wide, as WebP with some loss."""
    shown = image.convert("RGB")
    if shown.width > _WIDTH:
        shown = shown.resize((_WIDTH, max(1, round(shown.height * _WIDTH / shown.width))), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "WEBP", quality=_QUALITY)
    return buffer.getvalue()
