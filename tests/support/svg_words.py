"""What is written in a picture."""

from __future__ import annotations

import re
from pathlib import Path


def words(svg: Path) -> str:
    """Everything that is written in an SVG, as text."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", svg.read_text(encoding="utf-8"), re.DOTALL)
    return "\n".join(re.sub(r"<[^>]*>", "", text).replace("&gt;", ">") for text in texts)
