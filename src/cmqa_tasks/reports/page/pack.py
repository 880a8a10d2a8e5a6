"""How texts and data lie in the page: nothing in them is markup, and nothing in them misleads the eye.

Data are JSON, gzipped, in base64: letters and digits that no HTML parser trips over, decoded by the browser when they are wanted.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from cmqa_tasks.writing.text import visible

NAME = 160
"""Characters of a name that are shown."""
TEXT = 4000
"""Characters of a response or passage that are shown."""
_LEVEL = 9


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
