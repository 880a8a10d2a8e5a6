"""Images that a user's file names: read once, before any model is loaded, and refused where they would not be what they show.

    image = read_image(Path("receipts"), "1a.png")      # PNG, JPEG, WebP, BMP, TIFF or PPM; one picture; upright

A file that needs nothing is kept byte for byte. One that is turned by its EXIF, transparent or of 16 bits is decoded and kept as
PNG, as people see it: upright, on white, in 8 bits.
"""

from __future__ import annotations

import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from cmqa_tasks.facts.whole_images import whole_images

MAX_PIXELS = 50_000_000
"""Largest number of pixels of an image."""
MAX_BYTES = 100_000_000
"""Largest size of a file."""
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM", "GIF")
"""What is decoded; no format that starts another program (EPS), and none that describes a document."""
_ORIENTATION = 0x0112
_PLAIN = frozenset({"RGB", "L", "CMYK", "YCbCr", "1", "P"})


class OwnImageError(ValueError):
    """An image cannot be used; the message says which file, why, and what is allowed."""


@dataclass(frozen=True, slots=True)
class OwnImage:
    """An image as models get it."""

    data: bytes
    """Encoded."""
    width: int
    height: int


def read_image(root: Path, name: str, *, outside: bool = False) -> OwnImage:
    """Read and check an image.

    Args:
        root: the directory of the file that names it.
        name: its path from there.
        outside: whether it may stand elsewhere than below that directory.

    Raises:
        OwnImageError: it is missing or no regular file; stands elsewhere (links are followed); is of no format of
            :data:`FORMATS`, damaged, moving, of several pages, or larger than :data:`MAX_PIXELS` or :data:`MAX_BYTES`.
    """
    path = root / name
    try:
        _check_file(root, path, outside)
        data = path.read_bytes()
        with warnings.catch_warnings(), whole_images():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _decoded(data, path)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombWarning) as error:
        if isinstance(error, OwnImageError):
            raise
        said = f"no image of {', '.join(FORMATS)}, or damaged" if isinstance(error, UnidentifiedImageError) else str(error)
        raise OwnImageError(f"{path}: {said}") from error
    except Image.DecompressionBombError as error:
        raise OwnImageError(f"{path}: {error}") from error


def _check_file(root: Path, path: Path, outside: bool) -> None:
    if not outside and not path.resolve().is_relative_to(root.resolve()):
        raise OwnImageError(f"{path}: stands outside {root}; only files below the directory of the facts are read")
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OwnImageError(f"{path}: is no regular file")
    if about.st_size > MAX_BYTES:
        raise OwnImageError(f"{path}: has {about.st_size:,} bytes; at most {MAX_BYTES:,} are read")


def _decoded(data: bytes, path: Path) -> OwnImage:
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise OwnImageError(f"{path}: is {width}×{height}; at most {MAX_PIXELS:,} pixels are read")
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":  # a telephone's JPEG with a small picture behind the large one
            raise OwnImageError(f"{path}: holds {frames} pictures (an animation, or several pages); one is allowed")
        image.load()
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        if image.mode in _PLAIN and "transparency" not in image.info and not turned and image.format != "MPO":
            return OwnImage(data, width, height)
        return _as_png(_eight_bits(ImageOps.exif_transpose(image), path))


def _eight_bits(image: Image.Image, path: Path) -> Image.Image:
    """What the image shows, on white, in 8 bits a channel."""
    if image.mode == "F":
        raise OwnImageError(f"{path}: its pixels are floating-point numbers, of which black and white are not known")
    if image.mode.startswith("I"):
        low, high = image.getextrema()
        if not 0 <= low <= high <= 65_535:  # type: ignore[operator]
            raise OwnImageError(f"{path}: its pixels go from {low} to {high}; 0 to 65,535 is allowed")
        return image.convert("I").point(lambda value: value / 257).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        shown = image.convert("RGBA")
        ground = Image.new("RGBA", shown.size, "white")
        return Image.alpha_composite(ground, shown).convert("RGB")
    return image.convert("RGB")


def _as_png(image: Image.Image) -> OwnImage:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return OwnImage(buffer.getvalue(), *image.size)
