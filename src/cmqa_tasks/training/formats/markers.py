"""Texts that stand for images and other media: those that are read, and those of other dialects, which are not taken for text."""

from __future__ import annotations

import re

from cmqa_tasks.training.rows import Part

PLACEHOLDER = "<image>"
"""Stands for the next image."""
_QWEN_VL = re.compile(r"<img>([^<>\n]+)</img>")
"""An image of Qwen-VL's, its path within the text."""
_MEDIUM = r"(?:image|img|video|vid|audio|vision|picture|speech|sound|media)s?"
_OF_A_TOKEN = (
    "pad|start|end|begin|bos|eos|eol|token|soft_token|placeholder|here|patch|context|content|break|newline|sep|feature|embed"
)
_MARKER = re.compile(
    rf"<(?:\|)?/?_*{_MEDIUM}_*[ _-]?\d*/?(?:\|)?>"  # <img>, </video>, <image1>, <|image_1|>, <|audio|>, <__media__>
    rf"|<\|?{_MEDIUM}[ _-]?(?:{_OF_A_TOKEN})s?[ _-]?\d*\|?>"  # <|image_pad|>, <IMG_CONTEXT>, <ImageHere>, <image_soft_token>
    rf"|<\|?/?(?:start|end|begin|fake_token|bo|eo)[ _-]?(?:of|around)?[ _-]?{_MEDIUM}\|?>"  # <start_of_image>, <|endofimage|>
    r"|<im_(?:patch|start|end)>"
    rf"|\[/?(?:BEGIN_|END_)?(?:IMG|IMAGE|AUDIO|VIDEO)(?:_BREAK|_END|_\d+)?\](?!\()",  # [IMG], [BEGIN_AUDIO]
    re.IGNORECASE,
)


def marker_in(text: str) -> str | None:
    """The first marker of an image, a video or a sound in a text, of whatever dialect; None if there is none.

    Tags with attributes (``<img src="…">``) are HTML and no markers.
    """
    if "<" not in text and "[" not in text:
        return None
    match = _MARKER.search(text)
    return None if match is None else match.group()


def pieces(text: str) -> list[Part]:
    """A text as parts, cut at its placeholders, and at images whose paths are within it (``<img>tram.png</img>``)."""
    if PLACEHOLDER not in text and "<img>" not in text:
        return [{"type": "text", "text": text}]
    between: list[str] = []
    images: list[Part] = []
    for place, piece in enumerate(_QWEN_VL.split(text) if "<img>" in text else [text]):
        if place % 2:
            images.append({"type": "image", "image": piece})
            continue
        parts = piece.split(PLACEHOLDER)
        between += parts
        images += [{"type": "image"} for _ in parts[1:]]
    cut: list[Part] = []
    for place, piece in enumerate(between):
        stripped = piece.lstrip() if place else piece
        stripped = stripped.rstrip() if place < len(between) - 1 else stripped
        cut += [images[place - 1]] if place else []
        cut += [{"type": "text", "text": stripped}] if stripped else []
    return cut
