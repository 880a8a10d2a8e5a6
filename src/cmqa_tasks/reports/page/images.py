"""Images of evidence as ``data:`` addresses: as they are in the release, unless no browser shows them or they are large.

address(release.image(fact.id, piece))          # "data:image/webp;base64,UklGR…"
"""

from __future__ import annotations

import base64
import io

from PIL import Image

_SHOWN_BY_BROWSERS = {"WEBP": "image/webp", "PNG": "image/png", "JPEG": "image/jpeg"}
"""By Pillow's names; anything else is encoded anew."""
_LARGE = 100_000
"""Bytes above which an image is encoded anew: a page of a release has 15,000, a photograph of a user's own has millions."""
_WIDTH, _QUALITY = 960, 80


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
