"""Images are decoded whole or not at all, whatever a harness has told Pillow.

with whole_images(), Image.open(path) as image:
image.load()                    # OSError: image file is truncated
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ImageFile


@contextmanager
def whole_images() -> Iterator[None]:
    """Let Pillow refuse cut images: lmms-eval tells it, for the whole process, to fill what is missing with grey."""
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
